"""A frame encoder of the policy, added to the hidden states of the world model.

The backbone is trained to predict frames, and its hidden states lack some of what the choice of an
action needs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.frames.tokenizer import CELLS
from arcworld.models.transformer.frame_conv import FrameConv
from arcworld.models.transformer.position_context import NO_ACTION
from arcworld.tokens.cells import NO_CELL

REDUCED = 32
"""Dimension of each cell where all cells of the frame are concatenated."""


class FrameEncoder(nn.Module):
    """Encodes the vectors of a frame's cells [N, 64, D].

    The whole frame is encoded as a concatenation of its cells and not as their mean, since a policy
    must know where the avatar and the other objects are.
    """

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.frame_conv = FrameConv(width, blocks)
        self.reduce = nn.Linear(width, REDUCED)
        self.whole_frame = nn.Linear(CELLS * REDUCED, width)
        nn.init.normal_(self.frame_conv.out.weight, std=width**-0.5)

    def forward(self, cells_NCD: Tensor) -> Tensor:
        """Return vectors [N, 64, D]; the last cell of each frame has that of the whole frame."""
        none = torch.zeros(len(cells_NCD), dtype=torch.long, device=cells_NCD.device)
        encoded = self.frame_conv(cells_NCD, none + NO_ACTION, none + NO_CELL)
        whole_frame = self.whole_frame(F.gelu(self.reduce(encoded)).flatten(1))
        return torch.cat([encoded[:, :-1], whole_frame[:, None]], dim=1)
