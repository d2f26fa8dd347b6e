"""What a simple action did near the avatar, and how sure it is that it does so again.

Knows pixels relative to the avatar's place; knows no frame but the one it is applied to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import Box, Place
from arcworld.planning.memory.local_context import Background, area
from arcworld.recordings.episode import SIDE

RULE, EXCEPTIONS = 3, 0.1
"""What came so often, with at most this share of others, is a rule."""
BACKGROUNDS = 64
"""So many scenes are told apart; what has been tried in as many needs no other."""


@dataclass(slots=True)
class Effect:
    """What an action did in a context.

    Attributes:
        rows, columns: of the pixels that changed, but for those that the avatar left, and of those
            where it stands after; from the avatar's place; both empty for nothing.
        colours: their colours after. step: how far the avatar went; None where it was gone.
        tried, failed: how often it was seen, and how often another effect had been seen before.
        backgrounds: in which it was tried.
        beyond: whether more changed, out of reach. discovery: how often, of late, what came was a
            scene never seen.
    """

    rows: NDArray[np.int16]
    columns: NDArray[np.int16]
    colours: NDArray[np.uint8]
    step: Place | None
    tried: int = 1
    failed: int = 0
    backgrounds: set[Background] = field(default_factory=set[Background])
    beyond: bool = False
    discovery: float = 0.0

    @property
    def doubt(self) -> float:
        """The chance that it will be another the next time; falls fast as long as it is not."""
        return max(self.failed / (self.tried + 1), (self.tried + 1) ** -2)

    @property
    def moves(self) -> bool:
        """Whether it leads to another state in which the avatar stands somewhere."""
        return len(self.rows) > 0 and self.step is not None

    @property
    def is_rule(self) -> bool:
        """Whether it came often, and hardly ever another."""
        return self.tried >= RULE and self.failed <= EXCEPTIONS * self.tried

    def same(self, other: Effect) -> bool:
        """Whether both do the same."""
        return (
            self.step == other.step
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self.columns, other.columns)
            and np.array_equal(self.colours, other.colours)
        )

    def common(self, other: Effect) -> Effect:
        """What both do."""
        both = np.isin(self._changes(), other._changes())
        return replace(
            self, rows=self.rows[both], columns=self.columns[both], colours=self.colours[both]
        )

    def again(
        self, other: Effect, background: Background, discovery: bool, *, newest: bool = False
    ) -> Effect:
        """What is believed after one more try, which did what `other` does: this, or where it
        mostly failed (with `newest`: failed now) the other.
        """
        right = self.same(other)
        self.count(background, right, discovery)
        mistaken = not right and (newest or 2 * self.failed > self.tried)
        return self.corrected(other) if mistaken else self

    def corrected(self, by: Effect) -> Effect:
        """As often tried as this, but it does what another does."""
        return replace(self, rows=by.rows, columns=by.columns, colours=by.colours, step=by.step)

    def is_fresh(self, background: Background) -> bool:
        """Whether it was not tried in a scene, and scenes matter."""
        return background not in self.backgrounds and len(self.backgrounds) < BACKGROUNDS

    def count(self, background: Background, right: bool, discovery: bool) -> None:
        """It was tried once more."""
        self.tried += 1
        self.failed += not right
        self.discovery += 0.3 * (discovery - self.discovery)
        if len(self.backgrounds) < BACKGROUNDS:
            self.backgrounds.add(background)

    def _changes(self) -> NDArray[np.int32]:
        return (self.rows.astype(np.int32) * 256 + self.columns) * 256 + self.colours

    def apply(
        self, frame_HW: NDArray[np.uint8], background_HW: NDArray[np.uint8], box: Box, place: Place
    ) -> NDArray[np.uint8] | None:
        """The frame after; None where the effect would reach out of it.

        Args:
            frame_HW: before.
            background_HW: what the avatar hides. box: where it is drawn, from its place.
            place: of the avatar before.
        """
        rows, columns = self.rows + place[1], self.columns + place[0]
        if len(rows) and (
            min(rows.min(), columns.min()) < 0 or max(rows.max(), columns.max()) >= SIDE
        ):
            return None
        after_HW = frame_HW.copy()
        left = area(box, place)
        after_HW[left] = background_HW[left]
        after_HW[rows, columns] = self.colours
        return after_HW
