"""Record play for a film: each true frame with the world model's prediction of it.

The prediction is open loop: on each level the world model gets the first frame and then only the
actions, so an early error stays visible. The true frame is given again when a level begins, after a
RESET, and when the game takes an action that the imagined state does not allow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.models.run import Run
from arcworld.play.agent import Agent, Decision
from arcworld.play.dream import Dream
from arcworld.play.observation import IllegalActionError, Observation
from arcworld.recordings.episode import CLICK, RESET, Action

NAMES = ("reset", "up", "down", "left", "right", "use", "click", "undo")


@dataclass(frozen=True, eq=False)
class Shot:
    """One moment of a film.

    Attributes:
        true_HW: the game's frame, uint8 [64, 64].
        predicted_HW: the world model's frame for the same moment, uint8 [64, 64].
        action: what led here; None for a first frame.
        level: the level that the action was taken on, from 1.
        steps: predicted steps since the true frame was last given.
        won: whether the action won the level.
        note: how the frame was predicted, and why the action was taken; "" says how many steps were
            predicted.
    """

    true_HW: NDArray[np.uint8]
    predicted_HW: NDArray[np.uint8]
    action: Action | None
    level: int
    steps: int
    won: bool = False
    note: str = ""

    @property
    def wrong(self) -> int:
        """Pixels that differ, of 4,096."""
        return int((self.true_HW != self.predicted_HW).sum())

    @property
    def label(self) -> str:
        """The action in words, as `click 12, 40`."""
        if self.action is None:
            return "start"
        name = NAMES[self.action.id]
        return f"{name} {self.action.x}, {self.action.y}" if self.action.id == CLICK else name


class FilmedAgent:
    """Plays as the agent within it, and keeps a shot of every moment.

    Attributes:
        shots: in the order of play, with a first one for the opening frame.
        win_levels: how many levels the game has.
    """

    def __init__(self, agent: Agent, run: Run) -> None:
        self.name = agent.name
        self.shots: list[Shot] = []
        self.win_levels = 0
        self._agent, self._run = agent, run

    def begin(self, observation: Observation) -> None:
        """Start a film; one of another game is dropped."""
        self._agent.begin(observation)
        self._levels = observation.levels_completed
        self.win_levels = observation.win_levels
        self._true = Dream(self._run, observation)
        self._imagined = self._true.fork()
        frame_HW = observation.frame_HW
        self.shots = [Shot(frame_HW, frame_HW, None, self._levels + 1, 0)]

    def choose_action(self, observation: Observation) -> Decision:
        """The agent's own choice."""
        return self._agent.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Keep a shot of what the action led to, predicted before it is shown to the model."""
        self._agent.observe(decision, observation)
        imagined = self._predict(decision.action)
        won = observation.levels_completed > self._levels
        self.shots.append(
            Shot(
                observation.frame_HW,
                observation.frame_HW if imagined is None else imagined.observation.frame_HW,
                decision.action,
                self._levels + 1,
                0 if imagined is None else imagined.depth,
                won,
            )
        )
        self._true.follow(decision.action, observation)
        if won or imagined is None:
            self._imagined = self._true.fork()
        self._levels = observation.levels_completed

    def _predict(self, action: Action) -> Dream | None:
        """The imagined game after an action; None after a RESET, which is not predicted."""
        if action.id == RESET:
            return None
        try:
            self._imagined.step(action)
        except IllegalActionError:
            return None
        return self._imagined
