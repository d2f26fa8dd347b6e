"""Muon equals PyTorch's, and refuses vectors."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from arcworld.training.muon import Muon, orthogonal


def test_steps_are_those_of_pytorch_s_muon() -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(24, 40), [torch.randn(24, 40) for _ in range(3)]

    def trained(make: Callable[..., torch.optim.Optimizer], **settings: object) -> Tensor:
        matrix = nn.Parameter(start.clone())
        optimiser = make([matrix], lr=0.01, weight_decay=0.1, **settings)
        for gradient in gradients:
            matrix.grad = gradient.clone()
            optimiser.step()
        return matrix.detach()

    ours = trained(Muon, dtype=torch.bfloat16)
    theirs = trained(torch.optim.Muon, adjust_lr_fn="match_rms_adamw")
    assert torch.allclose(ours, theirs, atol=2e-3)
    assert not torch.allclose(ours, start, atol=2e-3)
    assert torch.allclose(trained(Muon), theirs, atol=2e-3)


def test_a_step_is_nearly_orthogonal_whatever_the_gradient_s_scale() -> None:
    torch.manual_seed(0)
    for scale in (1e-6, 1.0, 1e6):
        values = torch.linalg.svdvals(orthogonal(scale * torch.randn(2, 30, 12)))
        assert float(values.min()) > 0.5 and float(values.max()) < 1.3


def test_matrices_of_one_shape_are_stepped_each_by_itself() -> None:
    torch.manual_seed(0)
    starts = [torch.randn(6, 9), torch.randn(6, 9), torch.randn(9, 6)]
    gradients = [1e-3 * torch.randn(6, 9), torch.randn(6, 9), torch.randn(9, 6)]
    together, alone = ([nn.Parameter(start.clone()) for start in starts] for _ in range(2))
    for one, other, gradient in zip(together, alone, gradients, strict=True):
        one.grad, other.grad = gradient.clone(), gradient.clone()
    Muon(together, lr=0.1).step()
    for one in alone:
        Muon([one], lr=0.1).step()
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(together, alone, strict=True))


def test_a_kernel_is_stepped_as_a_matrix() -> None:
    torch.manual_seed(0)
    kernel, flat = nn.Parameter(torch.zeros(4, 3, 3, 3)), nn.Parameter(torch.zeros(4, 27))
    kernel.grad = torch.randn(4, 3, 3, 3)
    flat.grad = kernel.grad.flatten(1)
    for one in (kernel, flat):
        Muon([one], lr=0.1).step()
    assert torch.equal(kernel.flatten(1), flat)


def test_a_vector_is_refused() -> None:
    with pytest.raises(ValueError, match="AdamW"):
        Muon([nn.Parameter(torch.zeros(3))])
