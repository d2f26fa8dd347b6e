"""Several agents, one behind the other: where one cannot be made or fails, the next plays on.

Knows the `Agent` protocol only. For places where nobody watches, such as a competition's machine:
elsewhere a failing agent should be seen to fail.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from arcworld.play.agent import Agent, Decision
from arcworld.play.observation import Observation

logger = logging.getLogger(__name__)


class FallbackAgent:
    """The first agent that can be made plays; when it raises, the next one takes over the game.

    `name` is that of the agent that plays. What the last one raises is raised.

    >>> from arcworld.play.agents.random import RandomAgent
    >>> def broken():
    ...     raise OSError("no weights")
    >>> FallbackAgent(broken, RandomAgent).name
    'random'

    Args:
        makers: called in order, each at most once, each only when it is needed.
    """

    def __init__(self, *makers: Callable[[], Agent]) -> None:
        self._makers = list(makers)
        self.agent = self._next()
        self.name = self.agent.name

    def begin(self, observation: Observation) -> None:
        """A game has been opened."""
        try:
            self.agent.begin(observation)
        except Exception as error:
            self._replace(error)
            self.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """The decision of the agent that plays."""
        try:
            return self.agent.choose_action(observation)
        except Exception as error:
            self._replace(error)
            self.begin(observation)
            return self.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """What a decision led to."""
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
        """The first of the agents left that can be made."""
        while True:
            maker = self._makers.pop(0)
            try:
                return maker()
            except Exception as error:
                if not self._makers:
                    raise
                logger.warning("no such agent here (%s: %s)", type(error).__name__, error)
