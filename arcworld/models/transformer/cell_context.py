"""Map cells to columns of logits: codes, pointers at the previous frame, and `<ESCAPE>`.

The first columns are the tokens of the vocabulary. Then follows `<ESCAPE>`, after which a new cell
is spelled. The last 64 columns point at the cells of the previous frame. A pointer is open only
where the previous frame has a spelled cell, and only at its first place if it occurs more often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.transformer.position_context import read_context
from arcworld.tokens.vocabulary import Vocabulary


@dataclass(frozen=True)
class CellContext:
    """What is known about the next token at each of N positions.

    Attributes:
        is_cell_N: bool, whether the next token is a cell.
        previous_N: int64, id of the same cell in the previous frame, or -1.
        previous_frame_NC: int64, ids of the 64 cells of the previous frame, -1 if there is none.
    """

    is_cell_N: Tensor
    previous_N: Tensor
    previous_frame_NC: Tensor

    def pointers(self, vocabulary: Vocabulary) -> Tensor:
        """Return which pointers are open, bool [N, 64]: each spelled cell at its first place."""
        spelled = self.previous_frame_NC > vocabulary.mask
        rows = spelled.any(1).nonzero()[:, 0]
        seen = self.previous_frame_NC[rows]
        at = torch.arange(CELLS, device=seen.device)
        same = (seen[:, :, None] == seen[:, None, :]) & (at[None, :] < at[:, None])
        first = ~same.any(2)
        return spelled.index_put((rows,), spelled[rows] & first)

    def previous_column(self, vocabulary: Vocabulary) -> Tensor:
        """Return the column of `previous_N`, int64 [N]; 0 where there is no previous frame."""
        return self.columns(vocabulary, self.previous_N.clamp(min=0))

    def columns(self, vocabulary: Vocabulary, ids_N: Tensor) -> Tensor:
        """Return the column of each id, int64 [N]: its own, a pointer, or `<ESCAPE>`."""
        escape = len(vocabulary)
        matches = self.previous_frame_NC == ids_N[:, None]
        pointer = escape + 1 + matches.long().argmax(1)
        spelled = torch.where(matches.any(1), pointer, escape)
        return torch.where(ids_N > vocabulary.mask, spelled, ids_N)

    def ids(self, vocabulary: Vocabulary, columns_N: Tensor) -> Tensor:
        """Return the id of each column, int64 [N]; the inverse of `columns`; -1 for `<ESCAPE>`."""
        escape = len(vocabulary)
        place = (columns_N - escape - 1).clamp(min=0)
        pointed = self.previous_frame_NC.gather(1, place[:, None])[:, 0]
        pointed = torch.where(columns_N == escape, -1, pointed)
        return torch.where(columns_N < escape, columns_N, pointed)


def read_cell_context(vocabulary: Vocabulary, input_ids_BL: Tensor, at: Any) -> CellContext:
    """Return the context of some positions; `at` is any index of [B, L], flattened to N."""
    context = read_context(vocabulary, input_ids_BL)
    is_cell = context.slots_BL[at].flatten() < CELLS
    own, before = context.previous_BL[at].flatten(), context.before_BL[at].flatten()
    rows = torch.arange(len(input_ids_BL), device=own.device)[:, None]
    rows = rows.expand_as(input_ids_BL)[at].flatten()
    places = before.clamp(min=0)[:, None] + torch.arange(1, CELLS + 1, device=own.device)
    seen = input_ids_BL[rows[:, None], places.clamp(max=input_ids_BL.shape[1] - 1)]
    return CellContext(is_cell, own, torch.where(own[:, None] >= 0, seen, -1))
