"""A policy's own look at a frame, beside what the world model's body says of it.

Knows the vectors of a frame's cells; knows nothing of history or of actions. The body was taught to
foretell frames, and keeps little of what else a choice needs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from arcworld.models.context import NO_ACTION
from arcworld.models.surroundings import Surroundings
from arcworld.tokens.cells import NO_CELL


class Sight(nn.Module):
    """Cells' vectors [N, 64, D] to what is seen of each; of all, in place of the last."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.around = Surroundings(width, blocks)
        self.attend = nn.Linear(width, 1)
        nn.init.normal_(self.around.out.weight, std=width**-0.5)

    def forward(self, cells_NCD: Tensor) -> Tensor:
        """What is seen, [N, 64, D]: a frame's last code is read as the whole frame's."""
        none = torch.zeros(len(cells_NCD), dtype=torch.long, device=cells_NCD.device)
        seen = self.around(cells_NCD, none + NO_ACTION, none + NO_CELL)
        shares = self.attend(seen).softmax(1)
        return torch.cat([seen[:, :-1], (shares * seen).sum(1, keepdim=True)], dim=1)
