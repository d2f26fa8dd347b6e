"""Which cell is taken where the model leaves a choice: the likeliest, or one drawn by dice.

Knows logits; knows nothing of the order in which cells are decoded. A throw of the dice belongs to
its row and cell, so whoever decodes, and in whatever order, draws the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.next_cell import NextCell
from arcworld.models.world_model import WorldModel


@dataclass(frozen=True, eq=False)
class Dice:
    """Throws for B frames. A new cell, once drawn, is spelled in the likeliest way.

    Attributes:
        uniform_BC: one in [0, 1) for each cell, float64.
        temperature: what logits are divided by.
    """

    uniform_BC: Tensor
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"a temperature is above 0; found {self.temperature}")

    @classmethod
    def throw(cls, count: int, seed: int, temperature: float = 1.0) -> Dice:
        """Dice for `count` frames."""
        generator = torch.Generator().manual_seed(seed)
        uniform = torch.rand(count, CELLS, generator=generator, dtype=torch.float64)
        return cls(uniform, temperature)

    def take(self, rows: Tensor) -> Dice:
        """Those of some rows, where the rows are."""
        return Dice(self.uniform_BC.to(rows.device)[rows], self.temperature)


def pick(
    model: WorldModel,
    hidden_BND: Tensor,
    facts: NextCell | None,
    dice: Dice | None,
    first: int,
) -> Tensor:
    """The cells from the `first` on at the N positions of each row that foretell them, int64
    [B, N]; -1 for one yet to be spelled.
    """
    logits = model.cell_logits(hidden_BND.flatten(0, 1), facts)
    if dice is None:
        columns = logits.argmax(1)
    else:
        throws = dice.uniform_BC[:, first : first + hidden_BND.shape[1]]
        columns = drawn(logits / dice.temperature, throws.flatten())
    return model.cells_in(columns, facts).unflatten(0, hidden_BND.shape[:2])


def drawn(logits_NK: Tensor, uniform_N: Tensor) -> Tensor:
    """The column on which each throw falls, int64 [N].

    >>> logits = torch.tensor([[0.25, 0.0, 0.75]]).log().expand(3, -1)
    >>> drawn(logits, torch.tensor([0.1, 0.3, 0.9], dtype=torch.float64)).tolist()
    [0, 2, 2]
    """
    reached = logits_NK.double().softmax(1).cumsum(1)
    aim = uniform_N[:, None] * reached[:, -1:]
    return torch.searchsorted(reached, aim, right=True)[:, 0].clamp(max=reached.shape[1] - 1)
