"""Candidate actions: every legal action type and, in v2, one click per cell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.tokenizer import CELLS, GRID
from arcworld.recordings.episode import CLICK, RESET, Action
from arcworld.tokens.cells import NO_CELL, cell_centre, pixel_of


@dataclass(frozen=True, eq=False)
class Candidates:
    """N actions as (type, cell); cell 64 means that the action is no click.

    >>> len(Candidates.legal([1, 2, 3, 4])), len(Candidates.legal([0, 5, 6]))
    (4, 65)
    """

    types_N: NDArray[np.int16]
    cells_N: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.types_N)

    @classmethod
    def legal(cls, ids: Collection[int]) -> Candidates:
        """Return all candidates for a set of legal action ids; RESET is never a candidate."""
        simple = [(i, NO_CELL) for i in sorted(set(ids)) if i not in (RESET, CLICK)]
        clicks = [(CLICK, cell) for cell in range(CELLS)] if CLICK in ids else []
        pairs = np.array(simple + clicks, dtype=np.int16).reshape(-1, 2)
        return cls(pairs[:, 0], pairs[:, 1])


def prior_over(
    candidates: Candidates, types_8: NDArray[np.floating], places_65: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Probability of each candidate, from logits of types [8] and locations [65]."""
    types = _softmax(types_8)[candidates.types_N]
    cells = _softmax(places_65[:CELLS])
    clicks = candidates.types_N == CLICK
    placed = np.where(clicks, cells[np.minimum(candidates.cells_N, CELLS - 1)], 1.0)
    weights = types * placed
    return weights / max(weights.sum(), 1e-12)


def _softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    return shifted / shifted.sum()


def click_pixel(
    frame_HW: NDArray[np.uint8], cell: int, offset: int | None = None
) -> tuple[int, int]:
    """Pixel (x, y) to click in a cell: the learned offset, else the salient pixel, else the centre.

    Salient is the colour of the cell that is rarest in the whole frame; of its pixels, the one
    nearest to their mean is taken.

    >>> frame = np.zeros((64, 64), np.uint8)
    >>> frame[9, 14] = 3
    >>> click_pixel(frame, 9), click_pixel(frame, 0), click_pixel(frame, 9, offset=63)
    ((14, 9), (4, 4), (15, 15))
    """
    if offset is not None:
        return pixel_of(cell, offset)
    top, left = cell // GRID * GRID, cell % GRID * GRID
    pixels = frame_HW[top : top + GRID, left : left + GRID]
    colours = np.unique(pixels)
    if len(colours) == 1:
        return cell_centre(cell)
    counts = np.bincount(frame_HW.ravel(), minlength=16)
    ys, xs = np.nonzero(pixels == colours[counts[colours].argmin()])
    nearest = int(((ys - ys.mean()) ** 2 + (xs - xs.mean()) ** 2).argmin())
    return left + int(xs[nearest]), top + int(ys[nearest])


def as_action(
    candidates: Candidates, index: int, frame_HW: NDArray[np.uint8], offset: int | None = None
) -> Action:
    """Convert a candidate to an action; a click goes to a pixel of its cell (see `click_pixel`)."""
    kind, cell = int(candidates.types_N[index]), int(candidates.cells_N[index])
    if kind != CLICK:
        return Action(kind)
    return Action(kind, *click_pixel(frame_HW, cell, offset))
