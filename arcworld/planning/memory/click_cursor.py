"""Click markers: a cross or a ring that some games draw where one clicked last.

Knows frames and clicks only. What a marker is shows at the next click elsewhere: pixels that the
first click changed are then as they were before it, wherever it was. Left in, a marker would make a
new state of every click that does nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import CLICK, SIDE, Action

REACH = 5
"""Markers lie within so many pixels of the click."""
type Dot = tuple[int, int, int]
"""A pixel of a marker: rows and columns from the click, and its colour."""


@dataclass(frozen=True, slots=True)
class _Click:
    """A click, and the frames around it."""

    x: int
    y: int
    before_HW: NDArray[np.uint8]
    after_HW: NDArray[np.uint8]

    def far_from(self, x: int, y: int) -> bool:
        """Whether the middle of one marker lies outside of the other."""
        return abs(self.x - x) > REACH or abs(self.y - y) > REACH

    def returned(self, now_HW: NDArray[np.uint8]) -> set[Dot]:
        """What the click changed nearby and what is now as it was."""
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
    """Learns the marker of a game, and takes it off frames.

    Attributes:
        dots: the marker; empty where the game has none, or it is not known yet.
    """

    def __init__(self, trials: int = 3, agree: float = 0.7) -> None:
        self.dots: frozenset[Dot] = frozenset()
        self._trials, self._agree = trials, agree
        self._votes: Counter[Dot] = Counter()
        self._places: list[tuple[int, int]] = []
        self._clicked: set[int] = set()
        self._last: _Click | None = None
        self._place: tuple[int, int] | None = None

    def restart(self) -> None:
        """Another frame stands there: what the last click changed cannot be told any more."""
        self._last = None

    def observe(
        self, before_HW: NDArray[np.uint8], action: Action, after_HW: NDArray[np.uint8]
    ) -> bool:
        """Learn from an action, frames as the game shows them; whether the marker is another."""
        if action.id != CLICK:
            return False
        assert action.x is not None and action.y is not None
        last, self._place = self._last, (action.x, action.y)
        self._last = None
        if last is None or last.far_from(action.x, action.y):
            self._last = _Click(action.x, action.y, before_HW, after_HW)
        if last is None or self._last is None or len(self._places) >= 4 * self._trials:
            return False
        self._places.append((last.x, last.y))
        self._votes.update(last.returned(after_HW))
        self._clicked.add(int(last.before_HW[last.y, last.x]))
        return self._adopt()

    def _adopt(self) -> bool:
        """Take for the marker what most clicks left, as far as it lies in the frame."""
        if len(self._places) % self._trials or len(self._clicked) < 2:
            return False
        dots = frozenset(dot for dot, votes in self._votes.items() if votes >= self._enough(dot))
        if not dots > self.dots:
            return False
        self.dots = dots
        return True

    def _enough(self, dot: Dot) -> float:
        shown = [0 <= y + dot[0] < SIDE and 0 <= x + dot[1] < SIDE for x, y in self._places]
        return self._agree * max(sum(shown), self._trials)

    def clean(
        self, frame_HW: NDArray[np.uint8], before_HW: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """A frame without the marker of the last click; the frame itself where there is none.

        Args:
            frame_HW: as the game shows it.
            before_HW: the frame before, cleaned: what stood under the marker.
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
    """Some pixels as they were before or, where their surroundings changed, as those are now."""
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
