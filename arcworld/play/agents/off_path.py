"""An agent that is pushed off its path now and then: its recordings show how to return.

Recordings of an agent that plays well show only the states of its own path. With random detours
they also show states beside it, and what the agent does there (as in DART, Laskey et al. 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.random import random_action
from arcworld.play.observation import Observation
from arcworld.recordings.episode import CLICK, Action


@dataclass(frozen=True, slots=True)
class DetourConfig:
    """When an agent is pushed off its path, and how far.

    Attributes:
        chance: chance that a detour begins with an action.
        longest: actions of a detour, at most; the number is uniform from 1.
        known_clicks: chance that a click of a detour repeats one that changed the frame before:
            most random pixels do nothing.
    """

    chance: float = 0.1
    longest: int = 4
    known_clicks: float = 0.7


class OffPathAgent:
    """Plays as another agent does, with random detours; the agent observes them, too."""

    def __init__(self, agent: Agent, seed: int = 0, config: DetourConfig | None = None) -> None:
        self.agent, self.seed, self.config = agent, seed, config or DetourConfig()
        self.name = f"{agent.name}-perturbed"

    def begin(self, observation: Observation) -> None:
        """Begin without a detour."""
        self._rng = np.random.default_rng([self.seed, 1])
        self._left = 0
        self._frame_HW = observation.frame_HW
        self._clicks: dict[Action, None] = {}
        self.agent.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """A random action on a detour, else the action of the agent."""
        if not self._left and self._rng.random() < self.config.chance:
            self._left = int(self._rng.integers(1, self.config.longest + 1))
        if not self._left:
            return self.agent.choose_action(observation)
        self._left -= 1
        return Decision(self._detour(observation), "detour")

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Remember clicks that changed the frame."""
        changed = not np.array_equal(self._frame_HW, observation.frame_HW)
        if changed and decision.action.id == CLICK:
            self._clicks[decision.action] = None
        self._frame_HW = observation.frame_HW
        self.agent.observe(decision, observation)

    def _detour(self, observation: Observation) -> Action:
        action = random_action(observation.legal_actions, self._rng)
        if action.id != CLICK or not self._clicks:
            return action
        if self._rng.random() >= self.config.known_clicks:
            return action
        return list(self._clicks)[self._rng.integers(len(self._clicks))]
