"""Predict the effect of a click where all pixels that it changed look as they did then.

If a switch was seen to turn one tile, it need not be tried in every state of the other tiles. The
effect may depend on pixels elsewhere. Therefore a wrong prediction removes the stored change, and
nothing is predicted until enough predictions were right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import ActionRow

DOUBT = 2
"""Number of wrong predictions assumed at the start."""
TRUSTED = 0.6
"""Minimum share of right predictions."""
LATELY = 32
"""At this number of predictions the counts are halved."""
LARGEST = 1024
"""Changes of more pixels (a quarter of the frame) are changes of the whole scene and not stored."""
CLICKS, CHANGES = 256, 8
"""Maximum number of clicks, and of changes for each; the newest are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Changed pixels (indices into the flat frame) and their colours before and after."""

    places: NDArray[np.intp]
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]


class ClickModel:
    """Observed changes by click."""

    def __init__(self) -> None:
        """Start empty."""
        self._changes: dict[ActionRow, list[Change]] = {}
        self._right, self._predictions = 0.0, 0.0

    def forget(self) -> None:
        """Start a level: drop the changes, keep the counts of right predictions."""
        self._changes.clear()

    @property
    def is_trusted(self) -> bool:
        """Whether enough predictions were right."""
        return self._right >= TRUSTED * (self._predictions + DOUBT)

    def observe(
        self, row: ActionRow, before_HW: NDArray[np.uint8], after_HW: NDArray[np.uint8]
    ) -> None:
        """Store what a click changed, or that it changed nothing."""
        changes = self._changes.pop(row, [])
        self._changes[row] = changes
        if len(self._changes) > CLICKS:
            del self._changes[next(iter(self._changes))]
        known = _fitting(changes, before_HW)
        places = np.flatnonzero(before_HW != after_HW)
        if known is not None:
            right = np.array_equal(_apply(known, before_HW), after_HW)
            self._count(right)
            if right:
                return
            changes.remove(known)
        if 0 < len(places) <= LARGEST:
            changes.append(Change(places, before_HW.ravel()[places], after_HW.ravel()[places]))
            del changes[:-CHANGES]

    def predict(self, row: ActionRow, frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Frame after a click; None if it is unknown or the model is not trusted."""
        known = _fitting(self._changes.get(row, ()), frame_HW) if self.is_trusted else None
        return None if known is None else _apply(known, frame_HW)

    def displaced(self, frame_HW: NDArray[np.uint8], home_HW: NDArray[np.uint8]) -> list[ActionRow]:
        """Clicks whose changed pixels differ from another frame, sorted by the number of such
        pixels."""
        differs_N = frame_HW.ravel() != home_HW.ravel()
        far = {
            row: max((int(differs_N[one.places].sum()) for one in changes), default=0)
            for row, changes in self._changes.items()
        }
        return sorted((row for row in far if far[row]), key=lambda row: -far[row])

    def _count(self, right: bool) -> None:
        self._right, self._predictions = self._right + right, self._predictions + 1
        if self._predictions >= LATELY:
            self._right, self._predictions = self._right / 2, self._predictions / 2


def _fitting(changes: list[Change] | tuple[()], frame_HW: NDArray[np.uint8]) -> Change | None:
    """The newest change whose pixels all have their colours from before."""
    flat = frame_HW.ravel()
    fitting = (one for one in reversed(changes) if np.array_equal(flat[one.places], one.before))
    return next(fitting, None)


def _apply(change: Change, frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    after = frame_HW.ravel().copy()
    after[change.places] = change.after
    return after.reshape(frame_HW.shape)
