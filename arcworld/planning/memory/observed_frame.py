"""The part of an observation that memory uses, so that planning does not depend on `play`."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class ObservedFrame(Protocol):
    """The result of an action or of opening a game, e.g. `play.observation.Observation`."""

    @property
    def frame_HW(self) -> NDArray[np.uint8]:
        """uint8 [64, 64], the settled state."""
        ...

    @property
    def state(self) -> str:
        """NOT_FINISHED, WIN or GAME_OVER."""
        ...

    @property
    def levels_completed(self) -> int:
        """Number of levels won, which is the index of the current level."""
        ...

    @property
    def available_actions(self) -> tuple[int, ...]:
        """Ids that the game offers, without RESET."""
        ...

    @property
    def legal_actions(self) -> tuple[int, ...]:
        """Ids that may be sent now."""
        ...

    @property
    def full_reset(self) -> bool:
        """Whether the whole game was reset."""
        ...
