"""What to do where a goal is true and the level is not won: confirm it, hold it, or wait.

Some games want action 5 at the goal, once or several times in a row; others show a won level for a
while. Holding, on the one game for development that wants it (ex01, 1,000 actions): 5 levels in 145
actions, 2 without it; no other game's levels change (docs/LOG.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import CLICK, RESET, UNDO, Action, Step

ACT = 5
"""Action 5; many games use it to confirm."""
EXPECTED = 4
"""After this many answers in a row that the world model predicted, action 5 is not sent again: what
it does everywhere, such as the tick of a clock, is no sign of a goal that it works on."""


class Waiting:
    """Waiting in one game.

    Args:
        patience: maximum number of actions that one wait takes.

    Attributes:
        held: number of times that action 5 in a row won a level, at least 1; it is sent as often
            again, whether it seems to change anything or not.
    """

    def __init__(self, patience: int) -> None:
        self.patience, self.held = patience, 1
        self.restart()

    def restart(self) -> None:
        """Another plan begins."""
        self._waited = 0
        self._stirs = self._moves = False
        self._expected = 0
        self._bars_HW: NDArray[np.bool_] | None = None

    def action(self, available: Sequence[int], bars_HW: NDArray[np.bool_]) -> Action | None:
        """The next action of a wait; None if it is over.

        Args:
            available: ids of the actions that the game offers.
            bars_HW: pixels of the status bars found so far, bool [64, 64].
        """
        if self._bars_HW is None:
            self._bars_HW = bars_HW
        self._waited += 1
        if self._waited > max(self.held, self.patience):
            return None
        if ACT in available and (self._waited <= self.held or self._stirs):
            return Action(ACT)
        simple = [n for n in available if n not in (RESET, UNDO) and n < CLICK]
        return Action(simple[-1]) if simple and self._moves else None

    def observe(self, step: Step, *, moves: bool, surprises: bool) -> None:
        """The plan's last action was answered.

        Args:
            step: the transition.
            moves: whether it changed anything outside the rim.
            surprises: whether the world model predicted something else.
        """
        self._moves = moves
        if self._bars_HW is not None:
            changed_HW = step.frame_HW != step.next_frame_HW
            self._expected = 0 if surprises else self._expected + 1
            stirs = bool((changed_HW & ~self._bars_HW).any())
            self._stirs = stirs and self._expected < EXPECTED

    def won(self, action: Action) -> None:
        """The plan's action won the level."""
        if action.id == ACT:
            self.held = max(self.held, self._waited)
