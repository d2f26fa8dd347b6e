"""The agent that remembers: it goes to what it has not tried, by the shortest way it knows.

Knows memory only; no model, nothing learnt before the game.
"""

from __future__ import annotations

import numpy as np

from arcworld.planning.memory.memory import Memory, MemoryConfig
from arcworld.play.agent import Decision
from arcworld.play.agents.random import random_action
from arcworld.play.observation import Observation
from arcworld.recordings.episode import GameAction


class ExplorerAgent:
    """Tries what is untried, cheapest discovery first, over a graph of the states it saw."""

    name = "explorer"

    def __init__(self, seed: int = 0, config: MemoryConfig | None = None) -> None:
        self.seed = seed
        self.memory = Memory(config)
        self._rng = np.random.default_rng(seed)

    def begin(self, observation: Observation) -> None:
        """Forget the game before."""
        self._rng = np.random.default_rng(self.seed)
        self.memory.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """The next action of the best route."""
        route = self.memory.route()
        if route is None:
            return Decision(random_action(observation.legal_actions, self._rng), "all is tried")
        expected = {"promise": 1.0 / route.cost, "distance": float(len(route.choices))}
        if route.choices:
            action = GameAction.from_row(route.choices[0])
            return Decision(action, f"{len(route.choices)} actions to what is untried", expected)
        return Decision(GameAction.from_row(route.choice), "untried here", expected)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Remember what came of it."""
        self.memory.observe(decision.action, observation)
