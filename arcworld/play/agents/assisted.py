"""Levels played one by one, each by a player of its own, who is helped over those it does not win.

Knows which player has which levels and how long a player may try; knows nothing of what the
players know. So an agent shows what it can do on a game's late levels, though it would not get
there: a level that took too long is reset, won as recordings show, and does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.replay import ReplayAgent
from arcworld.play.observation import Observation
from arcworld.recordings.episode import RESET, Action


class AssistedAgent:
    """Players of some levels each, and their helper.

    Every player is told of all that happens from the game's opening on, the others' actions and the
    helper's too: it comes to its levels as one who was there on those before. `assisted` holds the
    levels (0-based) that were won with help.
    """

    def __init__(
        self,
        players: Sequence[tuple[range, Agent]],
        helper: ReplayAgent,
        limits: Sequence[int],
    ) -> None:
        """`players`: each with its levels. `limits`: actions by level before help comes."""
        self.players, self.helper, self.limits = players, helper, limits
        self.name = players[0][1].name
        self.assisted: set[int] = set()
        self._spent: Counter[int] = Counter()
        self._level, self._at_start = 0, True

    def begin(self, observation: Observation) -> None:
        """Begin with all of them."""
        self.assisted, self._spent = set(), Counter()
        self._level, self._at_start = observation.levels_completed, True
        for agent in self._all():
            agent.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """The player's action, or once its actions are spent the helper's, from a RESET on."""
        if self._spent[self._level] < self.limits[self._level]:
            player = next(agent for levels, agent in self.players if self._level in levels)
            return player.choose_action(observation)
        if self._level not in self.assisted:
            self.assisted.add(self._level)
            if not self._at_start and RESET in observation.legal_actions:
                return Decision(Action(RESET), "too many actions: helped from here on")
        return self.helper.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Count the action, and tell all of them."""
        if observation.levels_completed == self._level:
            self._spent[self._level] += 1
            self._at_start = decision.action.id == RESET
        else:
            self._level, self._at_start = observation.levels_completed, True
        for agent in self._all():
            agent.observe(decision, observation)

    def _all(self) -> list[Agent]:
        return [self.helper, *(agent for _, agent in self.players)]
