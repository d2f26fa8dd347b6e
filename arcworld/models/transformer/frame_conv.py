"""A small convolution over the previous frame, as a feature of the cell to predict.

The backbone reads left to right: the hidden state of a cell depends only on the cells before it.
This convolution sees all neighbours of a cell in the previous frame, the place of the click and
the type of the action.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.frames.tokenizer import CELLS, GRID
from arcworld.models.transformer.position_context import NO_ACTION
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.vocabulary import Vocabulary


class FrameConv(nn.Module):
    """From the vectors of a frame's cells [N, 64, D] and an action to features [N, 64, D]."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.types = nn.Embedding(NO_ACTION + 1, width)
        self.click = nn.Parameter(torch.randn(width) * 0.5)
        self.places = nn.Parameter(torch.randn(CELLS, width) * 0.1)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(blocks + 1))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(blocks))
        self.out = nn.Linear(width, width, bias=False)
        nn.init.normal_(self.types.weight, std=0.5)
        nn.init.normal_(self.out.weight, std=0.02 * width**-0.5)

    def forward(self, cells_NCD: Tensor, types_N: Tensor, clicked_N: Tensor) -> Tensor:
        """Return features [N, 64, D].

        Args:
            cells_NCD: vectors of the cells.
            types_N: action ids, `NO_ACTION` where there is none.
            clicked_N: cell of the click, 64 where there is none.
        """
        at = F.one_hot(clicked_N, NO_CELL + 1)[:, :CELLS, None].to(cells_NCD.dtype)
        x = F.normalize(cells_NCD, dim=-1) * cells_NCD.shape[-1] ** 0.5
        x = x + self.places + self.types(types_N)[:, None] + at * self.click
        for norm, convs in zip(self.norms, self.convs, strict=False):
            grid = F.gelu(norm(x)).transpose(1, 2).unflatten(2, (GRID, GRID))
            x = x + convs(grid).flatten(2).transpose(1, 2)
        return self.out(F.gelu(self.norms[-1](x)))


def actions_after(
    vocabulary: Vocabulary, input_ids_BL: Tensor, rows_N: Tensor, starts_N: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the type and the clicked cell of the action that follows each frame, int64 [N] each.

    They are `NO_ACTION` and 64 where the action is masked or missing.

    Args:
        vocabulary: of the ids.
        input_ids_BL: the sequences.
        rows_N: the row of each frame in the batch.
        starts_N: the position of its `<FRAME>` in that row.
    """
    last = input_ids_BL.shape[1] - 1

    def peek(offset: int) -> Tensor:
        at = starts_N + offset
        return torch.where(at <= last, input_ids_BL[rows_N, at.clamp(max=last)], vocabulary.mask)

    types = peek(CELLS + 2) - vocabulary.codebook_size
    types = torch.where((types >= 0) & (types < vocabulary.actions), types, NO_ACTION)
    if not vocabulary.has_locations:
        return types, torch.full_like(types, NO_CELL)
    cells = peek(CELLS + 3) - vocabulary.location_id(0)
    placed = (types != NO_ACTION) & (cells >= 0) & (cells < NO_CELL)
    return types, torch.where(placed, cells, NO_CELL)
