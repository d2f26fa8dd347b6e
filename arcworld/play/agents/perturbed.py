"""Play any agent from perturbed starts: random actions come first at the start of each level.

An agent that only knows actions by heart from a level's first frame fails from such a start.
"""

from __future__ import annotations

import numpy as np

from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.random import random_action
from arcworld.play.observation import GAME_OVER, Observation
from arcworld.recordings.episode import RESET


class PerturbedAgent:
    """Takes `count` random legal actions (never RESET), then hands over to the agent.

    A level begins when the game is opened, when the level before was won, and after every RESET;
    otherwise one RESET would undo the perturbation. If the random actions lose, the remaining ones
    follow the RESET, so that the agent gets to play on any game.

    The random actions count on the scorecard like all others, and the agent observes each.

    Attributes:
        won: number of levels that random actions won by chance.
    """

    def __init__(self, agent: Agent, count: int, seed: int = 0) -> None:
        self.agent, self.count, self.seed = agent, count, seed
        self.name = agent.name
        self._rng = np.random.default_rng(seed)
        self._left = self._levels = self.won = 0
        self._lost = False

    def begin(self, observation: Observation) -> None:
        """Begin the game for the agent; the random actions come first."""
        self._rng = np.random.default_rng([self.seed, self.count])
        self._left, self._levels, self.won = self.count, observation.levels_completed, 0
        self._lost = False
        self.agent.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """Return a random action while some are left, else the agent's."""
        if self._left:
            return Decision(random_action(observation.legal_actions, self._rng), "perturbed start")
        return self.agent.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Count the action and pass it to the agent."""
        risen = max(observation.levels_completed - self._levels, 0)
        self._levels = observation.levels_completed
        if decision.action.id == RESET:
            self._left = self._left if self._lost else self.count
            self._lost = False
        elif self._left:
            self._left -= 1
            self._lost = observation.state == GAME_OVER
            self.won += risen
        if risen or observation.full_reset:
            self._left = self.count
        self.agent.observe(decision, observation)
