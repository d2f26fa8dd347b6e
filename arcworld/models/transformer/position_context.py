"""Features of the next token at each position, computed from the sequence itself.

They depend only on the ids up to a position, so nothing of the future leaks. In the sequence that
the policy reads, actions are masked, so nothing of an action leaks either.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS, GRID
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.vocabulary import Vocabulary

_SPAN = 2 * GRID - 1
OFFSETS = _SPAN * _SPAN + 1
"""Number of positions of a cell relative to a click (15x15), plus one for no click."""
NO_ACTION = 8
"""The action type where the action is masked or missing."""


@dataclass(frozen=True)
class PositionContext:
    """What is known about the next token at every position.

    Attributes:
        slots_BL: index within the step: 0 at `<FRAME>`; `step_tokens` + 1 before any frame.
        previous_BL: id of the same cell in the previous frame, or -1.
        types_BL: type of the action between the two frames, or `NO_ACTION`.
        offsets_BL: position of the cell relative to the click, or `OFFSETS` - 1 without a click.
        before_BL: position of the previous frame's `<FRAME>`, or -1.
    """

    slots_BL: Tensor
    previous_BL: Tensor
    types_BL: Tensor
    offsets_BL: Tensor
    before_BL: Tensor

    def last(self, count: int) -> PositionContext:
        """Return the context of the last `count` positions."""
        return PositionContext(
            *(getattr(self, name)[:, -count:] for name in self.__dataclass_fields__)
        )


def read_context(vocabulary: Vocabulary, input_ids_BL: Tensor) -> PositionContext:
    """Return the context of every position of a batch of sequences, int64 [B, L]."""
    ids = input_ids_BL
    at = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
    start = torch.where(ids == vocabulary.frame, at, -1).cummax(1).values
    slots = torch.where(start >= 0, at - start, vocabulary.step_tokens + 1)
    slots = slots.clamp(max=vocabulary.step_tokens + 1)
    before = torch.where(start > 0, start.gather(1, (start - 1).clamp(min=0)), -1)
    awaits = (before >= 0) & (start - before > CELLS) & (slots < CELLS)

    def peek(offset: Tensor | int) -> Tensor:
        place = (before + offset).clamp(0, ids.shape[1] - 1)
        return ids.gather(1, place)

    previous = torch.where(awaits, peek(1 + slots), -1)
    types = peek(CELLS + 2) - vocabulary.codebook_size
    seen = awaits & (types >= 0) & (types < vocabulary.actions)
    offsets = torch.full_like(ids, OFFSETS - 1)
    if vocabulary.has_locations:
        clicked = peek(CELLS + 3) - vocabulary.location_id(0)
        placed = seen & (clicked >= 0) & (clicked < NO_CELL)
        offsets = torch.where(placed, _offset(slots, clicked), offsets)
    return PositionContext(slots, previous, torch.where(seen, types, NO_ACTION), offsets, before)


def _offset(cell: Tensor, clicked: Tensor) -> Tensor:
    right = cell % GRID - clicked % GRID + GRID - 1
    down = cell // GRID - clicked // GRID + GRID - 1
    return down * _SPAN + right
