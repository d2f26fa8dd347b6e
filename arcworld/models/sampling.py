"""Which cell is taken where the model leaves a choice: the likeliest, or one drawn by sampling.

Knows logits; knows nothing of the order in which cells are decoded. A throw of the dice belongs to
its row and cell, so anyone who decodes, and in whatever order, draws the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.cell_context import CellContext
from arcworld.models.world_model import WorldModel


@dataclass(frozen=True, eq=False)
class SamplerNoise:
    """Throws for B frames. A new cell, once drawn, is spelled in the likeliest way.

    Attributes:
        uniforms_BC: one in [0, 1) for each cell, float64.
        temperature: what logits are divided by.
    """

    uniforms_BC: Tensor
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"a temperature is above 0; found {self.temperature}")

    @classmethod
    def draw(cls, count: int, seed: int, temperature: float = 1.0) -> SamplerNoise:
        """Dice for `count` frames."""
        generator = torch.Generator().manual_seed(seed)
        uniform = torch.rand(count, CELLS, generator=generator, dtype=torch.float64)
        return cls(uniform, temperature)

    def take(self, rows: Tensor) -> SamplerNoise:
        """Those of some rows, where the rows are."""
        return SamplerNoise(self.uniforms_BC.to(rows.device)[rows], self.temperature)


def sample_cells(
    model: WorldModel,
    hidden_BND: Tensor,
    cell_context: CellContext | None,
    noise: SamplerNoise | None,
    first: int,
) -> Tensor:
    """The cells from the `first` on at the N positions of each row that predict them, int64
    [B, N]; -1 for one yet to be spelled.
    """
    logits = model.cell_logits(hidden_BND.flatten(0, 1), cell_context)
    if noise is None:
        columns = logits.argmax(1)
    else:
        uniforms = noise.uniforms_BC[:, first : first + hidden_BND.shape[1]]
        columns = sample_columns(logits / noise.temperature, uniforms.flatten())
    return model.cells_in(columns, cell_context).unflatten(0, hidden_BND.shape[:2])


def sample_columns(logits_NK: Tensor, uniforms_N: Tensor) -> Tensor:
    """The column on which each throw falls, int64 [N].

    >>> logits = torch.tensor([[0.25, 0.0, 0.75]]).log().expand(3, -1)
    >>> sample_columns(logits, torch.tensor([0.1, 0.3, 0.9], dtype=torch.float64)).tolist()
    [0, 2, 2]
    """
    reached = logits_NK.double().softmax(1).cumsum(1)
    aim = uniforms_N[:, None] * reached[:, -1:]
    return torch.searchsorted(reached, aim, right=True)[:, 0].clamp(max=reached.shape[1] - 1)
