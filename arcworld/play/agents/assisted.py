"""Play each level with an agent of its own; levels that an agent does not win are won for it.

This measures what an agent can do on late levels of a game that it would not reach. A level that
takes too many actions is reset and won as recordings show; such a level does not count as won.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.replay import ReplayAgent
from arcworld.play.observation import Observation
from arcworld.recordings.episode import RESET, Action


class AssistedAgent:
    """Agents for some levels each, and a helper that wins the levels they do not win.

    Every agent observes all actions from the opening on, those of the other agents and the helper
    included.

    Attributes:
        assisted: levels (0-based) that were won with help.
    """

    def __init__(
        self,
        players: Sequence[tuple[range, Agent]],
        helper: ReplayAgent,
        limits: Sequence[int],
    ) -> None:
        """Make an agent.

        Args:
            players: levels, and the agent that plays them.
            helper: replays recordings.
            limits: for each level, the number of actions before the helper plays.
        """
        self.players, self.helper, self.limits = players, helper, limits
        self.name = players[0][1].name
        self.assisted: set[int] = set()
        self._spent: Counter[int] = Counter()
        self._level, self._at_start = 0, True

    def begin(self, observation: Observation) -> None:
        """Begin the game with all agents."""
        self.assisted, self._spent = set(), Counter()
        self._level, self._at_start = observation.levels_completed, True
        for agent in self._all():
            agent.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """Return the agent's action; after its last one a RESET, then the helper's actions."""
        if self._spent[self._level] < self.limits[self._level]:
            player = next(agent for levels, agent in self.players if self._level in levels)
            return player.choose_action(observation)
        if self._level not in self.assisted:
            self.assisted.add(self._level)
            if not self._at_start and RESET in observation.legal_actions:
                return Decision(Action(RESET), "too many actions: the helper plays this level")
        return self.helper.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Count the action, and let all agents observe it."""
        if observation.levels_completed == self._level:
            self._spent[self._level] += 1
            self._at_start = decision.action.id == RESET
        else:
            self._level, self._at_start = observation.levels_completed, True
        for agent in self._all():
            agent.observe(decision, observation)

    def _all(self) -> list[Agent]:
        return [self.helper, *(agent for _, agent in self.players)]
