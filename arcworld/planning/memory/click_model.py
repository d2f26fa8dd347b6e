"""What a click changed, predicted wherever all that it changed looks as it did then.

Knows frames and clicks; knows no objects and no graph. A switch that was seen to turn one tile does
not have to be tried in every state of the other tiles to know which state that leads to. What a
click does may hang on something else that is not where the change is: predicted wrongly, it is
unlearned, and nothing is predicted before enough came true.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import ActionRow

DOUBT = 2
"""So many predicted wrongly are assumed before the first."""
TRUSTED = 0.6
"""The share that must have come true."""
LATELY = 32
"""At so many predicted, half of what was counted is forgotten."""
LARGEST = 1024
"""Changes of more pixels than a quarter of the frame's are of the whole scene, and not kept."""
CLICKS, CHANGES = 256, 8
"""At most so many clicks are known, and so many changes of each; the newest are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Pixels, by their number in the frame, and their colours before and after."""

    places: NDArray[np.intp]
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]


class ClickModel:
    """Changes by click."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._changes: dict[ActionRow, list[Change]] = {}
        self._right, self._predictions = 0.0, 0.0

    def forget(self) -> None:
        """Another level: what lies where is not known. How far it is trusted stays."""
        self._changes.clear()

    @property
    def is_trusted(self) -> bool:
        """Whether enough came true of what was predicted."""
        return self._right >= TRUSTED * (self._predictions + DOUBT)

    def observe(
        self, row: ActionRow, before_HW: NDArray[np.uint8], after_HW: NDArray[np.uint8]
    ) -> None:
        """Take in what a click changed, or that it changed nothing."""
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
        """The frame after a click; None where that is not known, or not trusted."""
        known = _fitting(self._changes.get(row, ()), frame_HW) if self.is_trusted else None
        return None if known is None else _apply(known, frame_HW)

    def displaced(self, frame_HW: NDArray[np.uint8], home_HW: NDArray[np.uint8]) -> list[ActionRow]:
        """Clicks that changed what is not as in another frame: most of such pixels first."""
        strayed_N = frame_HW.ravel() != home_HW.ravel()
        far = {
            row: max((int(strayed_N[one.places].sum()) for one in changes), default=0)
            for row, changes in self._changes.items()
        }
        return sorted((row for row in far if far[row]), key=lambda row: -far[row])

    def _count(self, right: bool) -> None:
        self._right, self._predictions = self._right + right, self._predictions + 1
        if self._predictions >= LATELY:
            self._right, self._predictions = self._right / 2, self._predictions / 2


def _fitting(changes: list[Change] | tuple[()], frame_HW: NDArray[np.uint8]) -> Change | None:
    """The newest change of which all pixels are as they were before."""
    flat = frame_HW.ravel()
    fitting = (one for one in reversed(changes) if np.array_equal(flat[one.places], one.before))
    return next(fitting, None)


def _apply(change: Change, frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    after = frame_HW.ravel().copy()
    after[change.places] = change.after
    return after.reshape(frame_HW.shape)
