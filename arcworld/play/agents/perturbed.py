"""Any agent, from perturbed starts: some random actions come first wherever a level begins.

Knows when a level begins; knows nothing of the agent it holds back. What an agent has by heart
from a level's first frame does not carry over to where such a start leaves it.
"""

from __future__ import annotations

import numpy as np

from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.random import random_action
from arcworld.play.observation import GAME_OVER, Observation
from arcworld.recordings.episode import RESET


class PerturbedAgent:
    """`count` random legal actions, RESET never among them, then the agent takes over.

    A level begins at the game's opening, where the level before was won, and after every RESET:
    otherwise one RESET would undo the perturbation. Where the random actions lose, those left
    follow the RESET, so that the agent comes to play on any game.

    The random actions are played like all others: the scorecard counts them, and the agent is told
    of each by `observe`. `won` counts levels that they won by chance.
    """

    def __init__(self, agent: Agent, count: int, seed: int = 0) -> None:
        self.agent, self.count, self.seed = agent, count, seed
        self.name = agent.name
        self._rng = np.random.default_rng(seed)
        self._left = self._levels = self.won = 0
        self._lost = False

    def begin(self, observation: Observation) -> None:
        """Open the game for the agent, and hold it back."""
        self._rng = np.random.default_rng([self.seed, self.count])
        self._left, self._levels, self.won = self.count, observation.levels_completed, 0
        self._lost = False
        self.agent.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """A random action while some are left, else the agent's."""
        if self._left:
            return Decision(random_action(observation.legal_actions, self._rng), "perturbed start")
        return self.agent.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Count, and tell the agent."""
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
