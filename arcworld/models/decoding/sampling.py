"""Choose cells from logits: the most likely one, or a random sample.

Each row and cell has its own random number, drawn in advance. So every decoder samples the same
cells, in whatever order it decodes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.transformer.cell_context import CellContext
from arcworld.models.transformer.world_model import WorldModel


@dataclass(frozen=True, eq=False)
class SamplerNoise:
    """Random numbers for sampling B frames. Spellings of new cells are greedy and not sampled.

    Attributes:
        uniforms_BC: float64 [B, 64], uniform in [0, 1), one for each cell.
        temperature: the divisor of logits.
    """

    uniforms_BC: Tensor
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"found temperature {self.temperature}; expected one above 0")

    @classmethod
    def draw(cls, count: int, seed: int, temperature: float = 1.0) -> SamplerNoise:
        """Draw random numbers for `count` frames."""
        generator = torch.Generator().manual_seed(seed)
        uniform = torch.rand(count, CELLS, generator=generator, dtype=torch.float64)
        return cls(uniform, temperature)

    def take(self, rows: Tensor) -> SamplerNoise:
        """Return the random numbers of some rows, on the device of `rows`."""
        return SamplerNoise(self.uniforms_BC.to(rows.device)[rows], self.temperature)


def sample_cells(
    model: WorldModel,
    hidden_BND: Tensor,
    cell_context: CellContext | None,
    noise: SamplerNoise | None,
    first: int,
) -> Tensor:
    """Choose the cells `first` to `first` + N - 1 of B frames: ids, int64 [B, N].

    An id is -1 where the model chose a new cell, which is yet to be spelled.

    Args:
        model: the world model.
        hidden_BND: hidden states at the positions that predict these cells.
        cell_context: of the same positions, flattened.
        noise: random numbers; None takes the most likely cell.
        first: index of the first of these cells in its frame.
    """
    logits = model.cell_logits(hidden_BND.flatten(0, 1), cell_context)
    if noise is None:
        columns = logits.argmax(1)
    else:
        uniforms = noise.uniforms_BC[:, first : first + hidden_BND.shape[1]]
        columns = sample_columns(logits / noise.temperature, uniforms.flatten())
    return model.cells_in(columns, cell_context).unflatten(0, hidden_BND.shape[:2])


def sample_columns(logits_NK: Tensor, uniforms_N: Tensor) -> Tensor:
    """Return the column that each uniform random number selects, int64 [N].

    >>> logits = torch.tensor([[0.25, 0.0, 0.75]]).log().expand(3, -1)
    >>> sample_columns(logits, torch.tensor([0.1, 0.3, 0.9], dtype=torch.float64)).tolist()
    [0, 2, 2]
    """
    reached = logits_NK.double().softmax(1).cumsum(1)
    aim = uniforms_N[:, None] * reached[:, -1:]
    return torch.searchsorted(reached, aim, right=True)[:, 0].clamp(max=reached.shape[1] - 1)
