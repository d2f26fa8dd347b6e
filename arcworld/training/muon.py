"""Muon (Jordan et al. 2024): momentum whose step is made orthogonal, for hidden matrices.

Knows matrices and their gradients; knows nothing of models. `torch.optim.Muon` makes its steps in
bfloat16 whatever the machine; on a CPU without bfloat16 arithmetic that is twenty times slower than
all the rest of a training step. This one computes in the dtype it is told, and is equal else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the Newton-Schulz polynomial: steep at zero, and near enough to one in five turns."""
TURNS = 5


class Muon(torch.optim.Optimizer):
    """Orthogonal steps, scaled so that their size is that of AdamW's (Liu et al. 2025)."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        *,
        weight_decay: float = 0.0,
        momentum: float = 0.95,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """`params` are matrices, or kernels of convolutions, which are read as a matrix with a row
        for each output; `dtype` is what the steps are computed in.
        """
        matrices = list(params)
        if any(matrix.ndim < 2 for matrix in matrices):
            raise ValueError("Muon trains matrices; found a vector; give it to AdamW")
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self.dtype = dtype

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step, by the gradients that are there."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._step(matrix, group)
        return loss

    def _step(self, matrix: Tensor, group: dict[str, Any]) -> None:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        gradient = matrix.grad
        assert gradient is not None
        momentum = state["momentum_buffer"].lerp_(gradient, 1 - group["momentum"])
        nesterov = gradient.lerp(momentum, group["momentum"])
        flat = nesterov.flatten(1).to(self.dtype)
        size = 0.2 * max(flat.shape) ** 0.5
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(orthogonal(flat).view_as(matrix), alpha=-group["lr"] * size)


def orthogonal(matrix_MN: Tensor) -> Tensor:
    """The nearest (half) orthogonal matrix, roughly: singular values between 0.7 and 1.2."""
    a, b, c = COEFFICIENTS
    tall = matrix_MN.shape[0] > matrix_MN.shape[1]
    x = matrix_MN.T if tall else matrix_MN
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(TURNS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x
