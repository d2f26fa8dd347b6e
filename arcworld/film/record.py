"""Record play for a film: each true frame with the world model's prediction of it.

The prediction is open loop: on each level the world model gets the first frame and then only the
actions, so an early error stays visible. The true frame is given again when a level begins, after a
RESET, and when the game takes an action that the imagined state does not allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from arcworld.models.run import Run
from arcworld.play.agent import Agent, Decision
from arcworld.play.dream import Dream
from arcworld.play.observation import IllegalActionError, Observation
from arcworld.recordings.episode import ACTION_WORDS, CLICK, RESET, Action


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
        name = ACTION_WORDS[self.action.id]
        return f"{name} {self.action.x}, {self.action.y}" if self.action.id == CLICK else name


type Predicted = tuple[NDArray[np.uint8], int]
"""A predicted frame, and the number of steps since the true frame was given."""


class Predictor(Protocol):
    """Predicts the game that is filmed.

    Attributes:
        opening: the note of the first shot.
    """

    opening: str

    def begin(self, observation: Observation) -> None:
        """Start at the opening frame."""
        ...

    def predict(self, action: Action, *, won: bool) -> Predicted | None:
        """Return the frame after an action that is no RESET; None if it is not predicted.

        Args:
            action: what was taken.
            won: whether it won the level, so that the true frame is the next level's.
        """
        ...

    def follow(self, action: Action, observation: Observation, *, renew: bool) -> None:
        """Take the answer to an action.

        Args:
            action: what was taken.
            observation: the answer.
            renew: whether prediction begins again at the true frame.
        """
        ...

    def note(self, decision: Decision, number: int) -> str:
        """Return the note of the shot of an action with its number."""
        ...


class FilmedAgent:
    """Plays as the agent within it, and keeps a shot of every moment.

    Attributes:
        shots: in the order of play, with a first one for the opening frame.
        win_levels: how many levels the game has.
    """

    def __init__(self, agent: Agent, predictor: Predictor) -> None:
        self.name = agent.name
        self.shots: list[Shot] = []
        self.win_levels = 0
        self._agent, self._predictor = agent, predictor

    def begin(self, observation: Observation) -> None:
        """Start a film; one of another game is dropped."""
        self._agent.begin(observation)
        self._predictor.begin(observation)
        self._levels = observation.levels_completed
        self.win_levels = observation.win_levels
        frame_HW, note = observation.frame_HW, self._predictor.opening
        self.shots = [Shot(frame_HW, frame_HW, None, self._levels + 1, 0, note=note)]

    def choose_action(self, observation: Observation) -> Decision:
        """The agent's own choice."""
        return self._agent.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Keep a shot of what the action led to, predicted before the model sees it."""
        action, won = decision.action, observation.levels_completed > self._levels
        predicted = None if action.id == RESET else self._predictor.predict(action, won=won)
        self._agent.observe(decision, observation)
        frame_HW, steps = predicted or (observation.frame_HW, 0)
        note = self._predictor.note(decision, len(self.shots))
        level = self._levels + 1
        self.shots.append(Shot(observation.frame_HW, frame_HW, action, level, steps, won, note))
        self._predictor.follow(action, observation, renew=won or predicted is None)
        self._levels = observation.levels_completed


class OpenLoop:
    """Predicts each level from its first frame and the actions, with a run."""

    opening = ""

    def __init__(self, run: Run) -> None:
        self._run = run

    def begin(self, observation: Observation) -> None:
        """Start at the opening frame."""
        self._true = Dream(self._run, observation)
        self._imagined = self._true.fork()

    def predict(self, action: Action, *, won: bool) -> Predicted | None:
        """Return the imagined frame; None if the imagined game does not allow the action."""
        try:
            self._imagined.step(action)
        except IllegalActionError:
            return None
        return self._imagined.observation.frame_HW, self._imagined.depth

    def follow(self, action: Action, observation: Observation, *, renew: bool) -> None:
        """Take the true frame, from which a level, or what follows a RESET, is predicted."""
        self._true.follow(action, observation)
        if renew:
            self._imagined = self._true.fork()

    def note(self, decision: Decision, number: int) -> str:
        """Return "": the shot says how many steps were predicted."""
        return ""
