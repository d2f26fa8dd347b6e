"""Pointer: a mark that some games draw where one clicks, until the next click.

Idea: layers. The mark is taken off a frame before anything else looks at it, and drawn again on
the prediction, so that the other experts see the same game with and without it. A mark is known
when the same pixels around the click get the same colours whatever was there, and lose them again
once one clicks elsewhere. It is measured from the pixel clicked or from the middle of its cell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.online.claims import Writing
from arcworld.online.view import CLICK, COLOURS, SIDE, Action

REACH = 3
"""Pixels around the click that a mark may have."""
SPAN = 2 * REACH + 1
FIT_AT = (3, 4, 5, 6, 8, 10, 14, 20, 30, 50)
"""Clicks after which the mark is looked for again."""
DRAWN, NEW, LEFT = 0.85, 0.4, 0.5
"""Least share of clicks with the colour, least share where it is new, most where it is left."""

type Lattice = tuple[int, int, int]
type Place = tuple[int, int]


def no_mark() -> Writing:
    """A mark without pixels."""
    return np.zeros(0, np.intp), np.zeros(0, np.uint8)


def _window(frame_HW: NDArray[np.uint8], y: int, x: int) -> NDArray[np.uint8]:
    padded = np.pad(frame_HW, REACH, constant_values=COLOURS)
    return padded[y : y + SPAN, x : x + SPAN]


class _Evidence:
    """Counts of what is drawn around one kind of anchor."""

    def __init__(self) -> None:
        self.offsets = np.zeros((0, 2), np.intp)
        self.colours = np.zeros(0, np.uint8)
        self._clicks = self._pairs = 0
        self._drawn = np.zeros((COLOURS + 1, SPAN, SPAN))
        self._left = np.zeros((COLOURS + 1, SPAN, SPAN))
        self._new = np.zeros((SPAN, SPAN))
        self._last: Place | None = None

    def count(self, before_HW: NDArray[np.uint8], at: Place, after_HW: NDArray[np.uint8]) -> None:
        """Count one click."""
        window, last = _window(after_HW, *at), self._last
        colours = np.arange(COLOURS + 1)[:, None, None]
        self._clicks += 1
        self._drawn += window == colours
        self._new += window != _window(before_HW, *at)
        if last is not None and max(abs(last[0] - at[0]), abs(last[1] - at[1])) > SPAN:
            self._pairs += 1
            self._left += _window(after_HW, *last) == colours
        self._last = at
        if self._clicks in FIT_AT:
            self._fit()

    def _fit(self) -> None:
        drawn = (self._drawn >= DRAWN * self._clicks) & (self._left <= LEFT * self._pairs)
        drawn &= self._new >= NEW * self._clicks
        found = drawn[:COLOURS].any(0) & (self._pairs >= 2)
        if found[[0, -1]].any() or found[:, [0, -1]].any():
            found[:] = False  # larger than the window: no mark
        places = np.argwhere(found)
        self.offsets = places - REACH
        self.colours = drawn[:, places[:, 0], places[:, 1]].argmax(0).astype(np.uint8)


class Pointer:
    """Learns the mark."""

    def __init__(self) -> None:
        self._by_pixel, self._by_cell = _Evidence(), _Evidence()
        self._lattice: Lattice | None = None
        self._stays = (1.0, 2.0)

    @property
    def found(self) -> bool:
        """Whether a mark is known."""
        return bool(len(self._by_pixel.offsets) or len(self._by_cell.offsets))

    def mark(self, action: Action) -> Writing:
        """Pixels and colours that a click draws; none for other actions."""
        if action.id != CLICK:
            return no_mark()
        at, found = (action.y or 0, action.x or 0), self._by_pixel
        if len(self._by_cell.offsets) > len(found.offsets):
            at, found = self._middle(at), self._by_cell
        rows, columns = found.offsets[:, 0] + at[0], found.offsets[:, 1] + at[1]
        inside = (rows >= 0) & (rows < SIDE) & (columns >= 0) & (columns < SIDE)
        return (rows * SIDE + columns)[inside], found.colours[inside]

    def _middle(self, at: Place) -> Place:
        assert self._lattice is not None
        period, top, left = self._lattice
        y = (at[0] - top) // period * period + top + period // 2
        x = (at[1] - left) // period * period + left + period // 2
        return min(max(y, 0), SIDE - 1), min(max(x, 0), SIDE - 1)

    def next_mark(self, mark: Writing, action: Action) -> Writing:
        """What is marked after an action, as predicted."""
        if action.id == CLICK:
            return self.mark(action)
        return mark if self._stays[0] > 0.5 * self._stays[1] else no_mark()

    def observe(
        self,
        before: NDArray[np.uint8],
        mark: Writing,
        action: Action,
        after_HW: NDArray[np.uint8],
        lattice: Lattice | None,
        count: bool = True,
    ) -> tuple[NDArray[np.uint8], Writing]:
        """Learn from a transition; returns the frame after without its mark, flat, and the mark.

        Args:
            before: the frame before without its mark, flat.
            mark: its mark.
            action: what was done.
            after_HW: the true next frame.
            lattice: cells of the game, where known.
            count: whether the transition is new; else only the mark is taken off.
        """
        after = after_HW.reshape(-1)
        if action.id == CLICK:
            if count:
                self._count(before.reshape(SIDE, SIDE), action, after_HW, lattice)
            mark = self.mark(action)
        elif not len(mark[0]):
            return after, mark
        still = float((after[mark[0]] == mark[1]).mean()) > 0.7 if len(mark[0]) else False
        if action.id != CLICK:
            self._stays = (self._stays[0] * 0.9 + still, self._stays[1] * 0.9 + 1)
        if not still:
            return after, no_mark()
        return _without(before, after, mark), mark

    def _count(
        self,
        before_HW: NDArray[np.uint8],
        action: Action,
        after_HW: NDArray[np.uint8],
        lattice: Lattice | None,
    ) -> None:
        at = (action.y or 0, action.x or 0)
        self._by_pixel.count(before_HW, at, after_HW)
        if lattice is not None and (lattice[0] < SPAN or lattice == self._lattice):
            pass
        elif lattice is not None:
            self._lattice, self._by_cell = lattice, _Evidence()
        if self._lattice is not None:
            self._by_cell.count(before_HW, self._middle(at), after_HW)


def draw(clean: NDArray[np.uint8], mark: Writing) -> NDArray[np.uint8]:
    """A flat frame with a mark."""
    if not len(mark[0]):
        return clean
    drawn = clean.copy()
    drawn[mark[0]] = mark[1]
    return drawn


def _without(
    before: NDArray[np.uint8], after: NDArray[np.uint8], mark: Writing
) -> NDArray[np.uint8]:
    """The frame after with what is likely below the mark: what its surroundings became."""
    pixels = mark[0]
    rows, columns = pixels >> 6, pixels & 63
    near = np.zeros((SIDE, SIDE), bool)
    top, left = max(int(rows.min()) - 2, 0), max(int(columns.min()) - 2, 0)
    near[top : int(rows.max()) + 3, left : int(columns.max()) + 3] = True
    around = near.reshape(-1)
    around[pixels] = False
    clean = after.copy()
    for colour in np.unique(before[pixels]).tolist():
        became = after[around & (before == colour)]
        below = int(np.bincount(became).argmax()) if len(became) else colour
        clean[pixels[before[pixels] == colour]] = below
    return clean
