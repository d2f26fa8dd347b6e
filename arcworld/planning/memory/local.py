"""What a simple action does near the avatar, whatever stands elsewhere: a table of what was seen.

Knows what lies in the avatar's way, and what came of the action there before. A corridor that was
walked once need not be tried again in every other state of the game; what never lay in the way
before, or did not always do the same, is worth a try.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import Avatar, Box, Place
from arcworld.recordings.episode import SIDE

OUTSIDE = 255
"""Stands for pixels beyond the frame."""
UNKNOWN = 255
"""Stands for ground that was never seen."""
REACH = 3
"""Changes farther from the avatar than so many steps are none of its effects."""
TRUSTED = 0.5
"""The share of foretold effects that must come true, of late, for the table to be asked."""
type Context = bytes
"""An action and the pixels in its way."""


@dataclass(slots=True)
class Effect:
    """What an action did in a context.

    Attributes:
        rows, columns: of the pixels that changed, but for those that the avatar left, and of those
            where it stands after; from the avatar's place; both empty for nothing.
        colours: their colours after. step: how far the avatar went; None where it was gone.
        tried, failed: how often it was seen, and how often another effect had been seen before.
    """

    rows: NDArray[np.int16]
    columns: NDArray[np.int16]
    colours: NDArray[np.uint8]
    step: Place | None
    tried: int = 1
    failed: int = 0

    @property
    def doubt(self) -> float:
        """The chance that it will be another the next time; falls fast as long as it is not."""
        return max(self.failed / (self.tried + 1), (self.tried + 1) ** -2)

    @property
    def moves(self) -> bool:
        """Whether it leads to another state in which the avatar stands somewhere."""
        return len(self.rows) > 0 and self.step is not None

    def same(self, other: Effect) -> bool:
        """Whether both do the same."""
        return (
            self.step == other.step
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self.columns, other.columns)
            and np.array_equal(self.colours, other.colours)
        )

    def apply(
        self, frame_HW: NDArray[np.uint8], ground_HW: NDArray[np.uint8], box: Box, place: Place
    ) -> NDArray[np.uint8] | None:
        """The frame after; None where the effect would reach out of it.

        Args:
            frame_HW: before.
            ground_HW: what the avatar hides. box: where it is drawn, from its place.
            place: of the avatar before.
        """
        rows, columns = self.rows + place[1], self.columns + place[0]
        if len(rows) and (
            min(rows.min(), columns.min()) < 0 or max(rows.max(), columns.max()) >= SIDE
        ):
            return None
        after_HW = frame_HW.copy()
        left = _area(box, place)
        after_HW[left] = ground_HW[left]
        after_HW[rows, columns] = self.colours
        return after_HW


class LocalModel:
    """Effects by context.

    Attributes:
        ground_HW: each pixel as it was last when the avatar did not hide it; 255 where not known.
        trust: the share of foretold effects that came true of late.
    """

    def __init__(self, most: int = 8192) -> None:
        self.avatar = Avatar()
        self.ground_HW = np.full((SIDE, SIDE), UNKNOWN, dtype=np.uint8)
        self.trust = 1.0
        self._effects: dict[Context, Effect] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._effects)

    def clear(self) -> None:
        """The avatar is another: contexts mean nothing any more."""
        self._effects.clear()
        self.new_ground()

    def context(self, frame_HW: NDArray[np.uint8], place: Place, action: int) -> Context:
        """The action, and the avatar's box with two more in the action's way (else all around)."""
        left, top, width, height = self.avatar.box
        x, y = place[0] + left, place[1] + top
        step = self.avatar.steps.get(action)
        if step is None:
            return bytes([action]) + _cut(frame_HW, x - width, y - height, 3 * width, 3 * height)
        dx, dy = step
        x, y = x + min(2 * dx, 0), y + min(2 * dy, 0)
        return bytes([action]) + _cut(frame_HW, x, y, width + 2 * abs(dx), height + 2 * abs(dy))

    def observe(
        self,
        context: Context,
        before_HW: NDArray[np.uint8],
        after_HW: NDArray[np.uint8],
        place: Place,
        to: Place | None,
    ) -> None:
        """Write down what came of an action at a place."""
        effect = self._effect(before_HW, after_HW, place, to)
        known = self._effects.get(context)
        if known is None:
            self._keep(context, effect)
            return
        right = known.same(effect)
        self.trust += 0.05 * (right - self.trust)
        known.tried += 1
        known.failed += not right
        if 2 * known.failed > known.tried:  # what it did once does not stand against what it does
            effect.tried, effect.failed = known.tried, known.failed
            self._effects[context] = effect

    def _effect(
        self,
        before_HW: NDArray[np.uint8],
        after_HW: NDArray[np.uint8],
        place: Place,
        to: Place | None,
    ) -> Effect:
        step = None if to is None else (to[0] - place[0], to[1] - place[1])
        told_HW = before_HW != after_HW
        if told_HW.any():
            told_HW[_area(self.avatar.box, place)] = False
            if to is not None:
                told_HW[_area(self.avatar.box, to)] = True
        rows, columns = np.nonzero(told_HW)
        far = REACH * max((abs(d) for step in self.avatar.steps.values() for d in step), default=1)
        rows, columns = rows - place[1], columns - place[0]
        near = (np.abs(rows) <= far) & (np.abs(columns) <= far)
        rows, columns = rows[near], columns[near]
        colours = after_HW[rows + place[1], columns + place[0]]
        return Effect(rows.astype(np.int16), columns.astype(np.int16), colours, step)

    def see(self, frame_HW: NDArray[np.uint8], place: Place | None) -> None:
        """Keep what lies in a frame where the avatar is not: the ground it may hide later."""
        hidden = _area(self.avatar.box, place) if place is not None else (slice(0), slice(0))
        below = self.ground_HW[hidden].copy()
        self.ground_HW[:] = frame_HW
        if below.size and (below != UNKNOWN).all():
            self.ground_HW[hidden] = below
        elif below.size:
            self.ground_HW[hidden] = np.bincount(frame_HW.ravel()).argmax()

    def new_ground(self) -> None:
        """Another level: what lies where is not known."""
        self.ground_HW.fill(UNKNOWN)

    def effect(self, context: Context) -> Effect | None:
        """What the action did last in a context; None where it was never seen, or all is noise."""
        return self._effects.get(context) if self.trust >= TRUSTED else None

    def lost(self, context: Context) -> None:
        """The action ended the game."""
        none = np.zeros(0, dtype=np.int16)
        known = self._effects.get(context)
        tried = 1 if known is None else known.tried + 1
        self._keep(context, Effect(none, none, none.astype(np.uint8), None, tried))

    def _keep(self, context: Context, effect: Effect) -> None:
        if context not in self._effects and len(self._effects) >= self._most:
            del self._effects[next(iter(self._effects))]
        self._effects[context] = effect


def _area(box: Box, place: Place) -> tuple[slice, slice]:
    """The pixels of a box that may reach out of the frame."""
    top, left = place[1] + box[1], place[0] + box[0]
    return slice(max(top, 0), max(top + box[3], 0)), slice(max(left, 0), max(left + box[2], 0))


def _cut(frame_HW: NDArray[np.uint8], x: int, y: int, width: int, height: int) -> bytes:
    """A box of a frame with its size, the part beyond the frame filled up."""
    left, top = max(x, 0), max(y, 0)
    inside = frame_HW[top : max(y + height, 0), left : max(x + width, 0)]
    if inside.shape != (height, width):
        box = np.full((height, width), OUTSIDE, dtype=np.uint8)
        box[top - y : top - y + inside.shape[0], left - x : left - x + inside.shape[1]] = inside
        inside = box
    return bytes([width & 255, height & 255]) + inside.tobytes()
