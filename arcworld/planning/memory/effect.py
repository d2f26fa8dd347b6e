"""Effect of a simple action near the avatar, with counts of how reliable it is.

All pixels are relative to the avatar's position.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import Box, Place
from arcworld.planning.memory.local_context import Background, area
from arcworld.recordings.episode import SIDE

RULE, EXCEPTIONS = 3, 0.1
"""An effect seen this often, with at most this share of other effects, is a rule."""
BACKGROUNDS = 64
"""Maximum number of backgrounds stored per effect; after that a new background adds nothing."""


@dataclass(slots=True)
class Effect:
    """Effect of an action in a context.

    Attributes:
        rows, columns: of the pixels that changed, relative to the avatar's position. Pixels that
            the avatar left are excluded, pixels where it stands afterwards are included. Empty if
            nothing changed.
        colours: colours of these pixels afterwards.
        step: how far the avatar moved; None if it disappeared.
        tried: how often the action was observed in the context.
        failed: how often its effect was another than this one.
        backgrounds: backgrounds in which it was tried.
        beyond: whether pixels out of reach changed too.
        discovery: moving average of how often it led to a background never seen.
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
        """Probability that the next effect differs; decreases quickly while effects agree."""
        return max(self.failed / (self.tried + 1), (self.tried + 1) ** -2)

    @property
    def moves(self) -> bool:
        """Whether it leads to another state in which the avatar is visible."""
        return len(self.rows) > 0 and self.step is not None

    @property
    def is_rule(self) -> bool:
        """Whether it was seen often, with few other effects."""
        return self.tried >= RULE and self.failed <= EXCEPTIONS * self.tried

    def same(self, other: Effect) -> bool:
        """Whether two effects are equal."""
        return (
            self.step == other.step
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self.columns, other.columns)
            and np.array_equal(self.colours, other.colours)
        )

    def common(self, other: Effect) -> Effect:
        """The part that two effects share."""
        both = np.isin(self._changes(), other._changes())
        return replace(
            self, rows=self.rows[both], columns=self.columns[both], colours=self.colours[both]
        )

    def again(
        self, other: Effect, background: Background, discovery: bool, *, newest: bool = False
    ) -> Effect:
        """Return the believed effect after one more try, in which `other` was observed.

        This is `self`, or `other` if `self` was wrong in most tries (with `newest`: in this one).
        """
        right = self.same(other)
        self.count(background, right, discovery)
        mistaken = not right and (newest or 2 * self.failed > self.tried)
        return self.corrected(other) if mistaken else self

    def corrected(self, by: Effect) -> Effect:
        """The effect of `by` with the counts of this one."""
        return replace(self, rows=by.rows, columns=by.columns, colours=by.colours, step=by.step)

    def is_fresh(self, background: Background) -> bool:
        """Whether it was not tried in this background, and fewer than `BACKGROUNDS` are stored."""
        return background not in self.backgrounds and len(self.backgrounds) < BACKGROUNDS

    def count(self, background: Background, right: bool, discovery: bool) -> None:
        """Count one more try."""
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
        """Return the frame afterwards; None if the effect would reach outside the frame.

        Args:
            frame_HW: the frame before.
            background_HW: the pixels that the avatar hides.
            box: where the avatar is drawn, relative to its position.
            place: position of the avatar before.
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
