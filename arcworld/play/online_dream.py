"""Play in the imagination of a world model that learns from the true game while it is played.

The counterpart of `arcworld.play.dream` for the online model: nothing is trained before the game.
`step` predicts in a `WorldModelEnv`; `follow` lets the model learn from a true step. A prediction
that is to be compared with the game must therefore be made before `follow`.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.online.claims import Claim
from arcworld.online.model import OnlineWorldModel
from arcworld.online.scene import OnlineState
from arcworld.play.imagined_environment import WorldModelEnv
from arcworld.play.observation import IllegalActionError, Observation, legal_actions
from arcworld.play.strategies.strategy import Learned
from arcworld.recordings.episode import RESET, Action, Outcome, Step

LONGEST = 1_000_000
"""Imagined steps; the viewer has a limit of its own."""


class OnlineDream:
    """An imagined game: `step` predicts, `follow` learns from a true step, `fork` copies.

    Forks share the model, so all of them predict with what any of them learned.

    Attributes:
        model: learns from every true step.
        observation: the current observation, in the form of a game's answer.
        outcomes_O: float32, probability of each `Outcome` at the last predicted step; None if there
            is none.
        confidence: of the last predicted frame, 0-1; None if the frame is true.
        claims: behind the last predicted frame.
        right: whether the last true step was predicted right, status bars left out; None for
            actions that reset, won a level or lost the game.
        depth: predicted steps since the last true frame.
    """

    def __init__(self, model: OnlineWorldModel, observation: Observation) -> None:
        """Start at a true frame; what the model learned before is kept."""
        self.model = model
        self._env = WorldModelEnv(model, max_actions=LONGEST)
        self._level_start = Learned.opened(model, observation).state
        self.right: bool | None = None
        self._open(observation, self._level_start)

    @property
    def state(self) -> OnlineState:
        """The state of the model."""
        return self._env.state

    def step(self, action: Action) -> Observation:
        """Predict the result of one action; nothing is learned.

        Raises:
            IllegalActionError: the action is not legal there.
        """
        if action.id not in self.observation.legal_actions:
            legal = ", ".join(str(k) for k in self.observation.legal_actions)
            raise IllegalActionError(
                f"found {action.name}, which is not legal in the imagined state"
                f" {self.observation.state}; expected action {legal or 'none: the game is won'};"
                " take one of these or resync"
            )
        predicted = action.id != RESET
        self.claims = tuple(self.model.explain(self.state, action)) if predicted else ()
        info = self._env.step(np.array(action.as_row(), np.int64))[-1]
        self.observation = self._env.observation
        self.confidence = info["confidence"] if predicted else None
        self.outcomes_O = np.array(info["outcomes"], np.float32) if predicted else None
        self.depth += 1
        return self.observation

    def follow(self, action: Action, observation: Observation) -> None:
        """Learn from a true step; the dream continues from its frame, with depth 0."""
        before = self.observation
        outcome = observation.outcome_after(before.levels_completed)
        step = Step(before.frame_HW, action, outcome, observation.frame_HW)
        learned = Learned(self.model, self.state)
        learned.observe(step, observation)
        if action.id == RESET or observation.full_reset or outcome == Outcome.LEVEL_WON:
            self._level_start = learned.state
        scored = action.id != RESET and outcome == Outcome.NOTHING
        self.right = not self.model.surprised if scored else None
        self._open(observation, learned.state)

    def fork(self) -> OnlineDream:
        """Return a copy in the same state; later steps of one do not change the other's state."""
        other = copy.copy(self)
        other._env = self._env.fork()
        return other

    def _open(self, observation: Observation, state: OnlineState) -> None:
        """Continue from a true observation."""
        options: dict[str, Any] = {
            "state": state,
            "level_start": self._level_start,
            "available_actions": observation.available_actions,
            "levels_completed": observation.levels_completed,
            "win_levels": observation.win_levels,
            "game_id": observation.game_id,
        }
        self._env.reset(options=options)
        legal = legal_actions(observation.state, observation.available_actions, reset_is_safe=True)
        self.observation = replace(observation, legal_actions=legal)
        self.outcomes_O: NDArray[np.float32] | None = None
        self.confidence: float | None = None
        self.claims: tuple[Claim, ...] = ()
        self.depth = 0
