"""What memory needs of an observation, and nothing of where it comes from."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class ObservedFrame(Protocol):
    """An answered action, or a game's opening; `play.observation.Observation` is one."""

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
        """The level that is played, from 0."""
        ...

    @property
    def available_actions(self) -> tuple[int, ...]:
        """What the game offers, without RESET."""
        ...

    @property
    def legal_actions(self) -> tuple[int, ...]:
        """What may be sent now."""
        ...

    @property
    def full_reset(self) -> bool:
        """The game was opened anew."""
        ...
