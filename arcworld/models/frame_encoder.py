"""A policy's own look at a frame, beside what the world model's body says of it.

Knows the vectors of a frame's cells; knows nothing of history or of actions. The body was taught to
predict frames, and keeps little of what else a choice needs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.frames.tokenizer import CELLS
from arcworld.models.frame_conv import FrameConv
from arcworld.models.position_context import NO_ACTION
from arcworld.tokens.cells import NO_CELL

REDUCED = 32
"""Width to which each cell is cut where the whole frame is read at once."""


class FrameEncoder(nn.Module):
    """Cells' vectors [N, 64, D] to what is seen of each; of all, in place of the last.

    The whole frame is read cell by cell in place, not as a mean over cells: where the player
    stands, and what stands elsewhere, has to be told apart.
    """

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.frame_conv = FrameConv(width, blocks)
        self.reduce = nn.Linear(width, REDUCED)
        self.whole_frame = nn.Linear(CELLS * REDUCED, width)
        nn.init.normal_(self.frame_conv.out.weight, std=width**-0.5)

    def forward(self, cells_NCD: Tensor) -> Tensor:
        """What is seen, [N, 64, D]: a frame's last code is read as the whole frame's."""
        none = torch.zeros(len(cells_NCD), dtype=torch.long, device=cells_NCD.device)
        encoded = self.frame_conv(cells_NCD, none + NO_ACTION, none + NO_CELL)
        whole_frame = self.whole_frame(F.gelu(self.reduce(encoded)).flatten(1))
        return torch.cat([encoded[:, :-1], whole_frame[:, None]], dim=1)
