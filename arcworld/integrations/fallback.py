"""A list of agents: if one cannot be made or fails, the next one continues the game.

This is for unattended play, such as a competition. Elsewhere, use one agent, so that its failure is
seen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from arcworld.play.agent import Agent, Decision
from arcworld.play.observation import Observation

logger = logging.getLogger(__name__)


class FallbackAgent:
    """Plays with the first agent that can be made; when it raises, the next one continues the game.

    `name` is that of the current agent. Errors of the last agent are raised.

    >>> from arcworld.play.agents.random import RandomAgent
    >>> def broken():
    ...     raise OSError("no weights")
    >>> FallbackAgent(broken, RandomAgent).name
    'random'

    Args:
        makers: called in order, each at most once, and only when needed.
    """

    def __init__(self, *makers: Callable[[], Agent]) -> None:
        self._makers = list(makers)
        self.agent = self._next()
        self.name = self.agent.name

    def begin(self, observation: Observation) -> None:
        """Begin the game with the current agent."""
        try:
            self.agent.begin(observation)
        except Exception as error:
            self._replace(error)
            self.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """Return the decision of the current agent."""
        try:
            return self.agent.choose_action(observation)
        except Exception as error:
            self._replace(error)
            self.begin(observation)
            return self.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Pass the result of a decision to the current agent."""
        try:
            self.agent.observe(decision, observation)
        except Exception as error:
            self._replace(error)
            self.begin(observation)

    def _replace(self, error: Exception) -> None:
        if not self._makers:
            raise error
        logger.warning("agent %s failed (%s: %s)", self.name, type(error).__name__, error)
        self.agent = self._next()
        self.name = self.agent.name

    def _next(self) -> Agent:
        """Return the first remaining agent that can be made."""
        while True:
            maker = self._makers.pop(0)
            try:
                return maker()
            except Exception as error:
                if not self._makers:
                    raise
                logger.warning("no such agent here (%s: %s)", type(error).__name__, error)
