"""Remove click markers: a cross or ring that some games draw at the last click.

A marker is found at the next click elsewhere: pixels that the first click changed then return to
their colours before it. Without this, the marker would make a new state of every click that does
nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import CLICK, SIDE, Action

REACH = 5
"""Maximum distance in pixels of a marker's pixels from the click."""
TRIALS, AGREE = 3, 0.7
"""A marker is taken from this many clicks, if this share of them left its pixels."""
type Dot = tuple[int, int, int]
"""A pixel of a marker: row and column relative to the click, and its colour."""


@dataclass(frozen=True, slots=True)
class _Click:
    """A click, and the frames before and after it."""

    x: int
    y: int
    before_HW: NDArray[np.uint8]
    after_HW: NDArray[np.uint8]

    def far_from(self, x: int, y: int) -> bool:
        """Whether another click is outside the reach of this one."""
        return abs(self.x - x) > REACH or abs(self.y - y) > REACH

    def returned(self, now_HW: NDArray[np.uint8]) -> set[Dot]:
        """Pixels near the click that it changed and that now have their colours from before."""
        left, top = max(self.x - REACH, 0), max(self.y - REACH, 0)
        near = slice(top, self.y + REACH + 1), slice(left, self.x + REACH + 1)
        before, after = self.before_HW[near], self.after_HW[near]
        ys, xs = np.nonzero((after != before) & (now_HW[near] == before))
        colours = after[ys, xs]
        dots = zip(
            (ys + top - self.y).tolist(),
            (xs + left - self.x).tolist(),
            colours.tolist(),
            strict=True,
        )
        return set(dots)


class ClickCursor:
    """Learns the marker of a game, and removes it from frames.

    Attributes:
        dots: pixels of the marker; empty if the game has none or it is not known yet.
    """

    def __init__(self) -> None:
        self.dots: frozenset[Dot] = frozenset()
        self._votes: Counter[Dot] = Counter()
        self._places: list[tuple[int, int]] = []
        self._clicked: set[int] = set()
        self._last: _Click | None = None
        self._place: tuple[int, int] | None = None

    def restart(self) -> None:
        """Drop the last click, because the frame was replaced."""
        self._last = None

    def observe(
        self, before_HW: NDArray[np.uint8], action: Action, after_HW: NDArray[np.uint8]
    ) -> bool:
        """Learn from an action and unmodified frames; return whether the marker changed."""
        if action.id != CLICK:
            return False
        assert action.x is not None and action.y is not None
        last, self._place = self._last, (action.x, action.y)
        self._last = None
        if last is None or last.far_from(action.x, action.y):
            self._last = _Click(action.x, action.y, before_HW, after_HW)
        if last is None or self._last is None or len(self._places) >= 4 * TRIALS:
            return False
        self._places.append((last.x, last.y))
        self._votes.update(last.returned(after_HW))
        self._clicked.add(int(last.before_HW[last.y, last.x]))
        return self._adopt()

    def _adopt(self) -> bool:
        """Take as marker what most clicks left, as far as it lies inside the frame."""
        if len(self._places) % TRIALS or len(self._clicked) < 2:
            return False
        dots = frozenset(dot for dot, votes in self._votes.items() if votes >= self._enough(dot))
        if not dots > self.dots:
            return False
        self.dots = dots
        return True

    def _enough(self, dot: Dot) -> float:
        shown = [0 <= y + dot[0] < SIDE and 0 <= x + dot[1] < SIDE for x, y in self._places]
        return AGREE * max(sum(shown), TRIALS)

    def clean(
        self, frame_HW: NDArray[np.uint8], before_HW: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """Return the frame without the marker of the last click; the same array if there is none.

        Args:
            frame_HW: unmodified frame.
            before_HW: the cleaned frame before it, which shows the pixels under the marker.
        """
        if not self.dots or self._place is None:
            return frame_HW
        x, y = self._place
        inside = [d for d in self.dots if 0 <= y + d[0] < SIDE and 0 <= x + d[1] < SIDE]
        if not inside:
            return frame_HW
        rows = np.array([y + dot[0] for dot in inside], dtype=np.intp)
        columns = np.array([x + dot[1] for dot in inside], dtype=np.intp)
        if not np.array_equal(frame_HW[rows, columns], [dot[2] for dot in inside]):
            return frame_HW
        return _filled(frame_HW, rows, columns, before_HW)


def _filled(
    frame_HW: NDArray[np.uint8],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    before_HW: NDArray[np.uint8] | None,
) -> NDArray[np.uint8]:
    """Fill pixels with their colours from before or, if their surroundings changed, with the new
    colour there."""
    near = (
        slice(max(int(rows.min()) - 1, 0), int(rows.max()) + 2),
        slice(max(int(columns.min()) - 1, 0), int(columns.max()) + 2),
    )
    around_HW = np.zeros((SIDE, SIDE), dtype=np.bool_)
    around_HW[near] = True
    around_HW[rows, columns] = False
    cleaned_HW = frame_HW.copy()
    changed_HW = around_HW if before_HW is None else around_HW & (frame_HW != before_HW)
    if before_HW is not None and not changed_HW.any():
        cleaned_HW[rows, columns] = before_HW[rows, columns]
    else:
        cleaned_HW[rows, columns] = np.bincount(frame_HW[changed_HW]).argmax()
    return cleaned_HW
