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
from arcworld.recordings.episode import RESET, GameAction


class HelpedAgent:
    """Players of some levels each, and their helper.

    A player begins on the first of its levels and stays for those that follow, and is told of all
    that happens there, its helper's actions too. `helped` holds the levels (0-based) that were won
    with help.
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
        self.helped: set[int] = set()
        self._spent: Counter[int] = Counter()
        self._level, self._at_start = 0, True
        self._player: Agent | None = None

    def begin(self, observation: Observation) -> None:
        """Begin with the player of the first level."""
        self.helped, self._spent, self._player = set(), Counter(), None
        self.helper.begin(observation)
        self._enter(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """The player's action, or once its actions are spent the helper's, from a RESET on."""
        if self._spent[self._level] < self.limits[self._level]:
            assert self._player is not None
            return self._player.choose_action(observation)
        if self._level not in self.helped:
            self.helped.add(self._level)
            if not self._at_start and RESET in observation.legal_actions:
                return Decision(GameAction(RESET), "too many actions: helped from here on")
        return self.helper.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Tell the player and the helper; change players where the next one's level begins."""
        self.helper.observe(decision, observation)
        if observation.levels_completed != self._level:
            before = self._player
            self._enter(observation)
            if self._player is not before:
                return
        else:
            self._spent[self._level] += 1
            self._at_start = decision.action.id == RESET
        if self._player is not None:
            self._player.observe(decision, observation)

    def _enter(self, observation: Observation) -> None:
        self._level, self._at_start = observation.levels_completed, True
        mine = [agent for levels, agent in self.players if self._level in levels]
        if mine and mine[0] is not self._player:
            self._player = mine[0]
            self._player.begin(observation)
