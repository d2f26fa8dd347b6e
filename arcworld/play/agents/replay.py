"""The agent that plays what it was shown: the baseline that memory alone reaches.

Knows the winning paths of recordings, by game and level; sees no pixel.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from arcworld.play.agent import Decision
from arcworld.play.agents.random import random_action
from arcworld.play.observation import Observation
from arcworld.recordings.episode import (
    RESET,
    Action,
    Episode,
    game_name,
    level_segments,
)

Path = tuple[Action, ...]
PathsByGame = dict[str, dict[int, Path]]


def shortest_paths(episodes: Iterable[Episode]) -> PathsByGame:
    """Game id -> level -> the actions of its shortest winning stretch, the first of equals."""
    paths: PathsByGame = {}
    for episode in episodes:
        levels = paths.setdefault(episode.game_id, {})
        for level, start, end in level_segments(episode):
            known = levels.get(level)
            if known is None or end - start < len(known):
                levels[level] = tuple(episode.action(t) for t in range(start, end))
    return paths


class ReplayAgent:
    """Plays each level's shortest known winning path, from whatever state it finds.

    Where a path did not win (the level was not fresh, say), the level is reset once and the path
    played again; after that, and on levels without a path, it plays as `RandomAgent`. Paths of
    another version of a game serve where its own has none.
    """

    name = "replay"

    def __init__(self, episodes: Iterable[Episode], seed: int = 0) -> None:
        self.paths = shortest_paths(episodes)
        self.seed = seed
        self._rng = np.random.default_rng(seed)
        self._level = 0
        self._played = 0
        self._resets = 0
        self._mine: Decision | None = None

    def begin(self, observation: Observation) -> None:
        """Start on the first level."""
        self._rng = np.random.default_rng(self.seed)
        self._enter(observation.levels_completed)

    def choose_action(self, observation: Observation) -> Decision:
        """The next action of the path, else a RESET once, else a random one."""
        self._mine = self._decide(observation)
        return self._mine

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Keep the place in the path; what others put in between does not move it."""
        if observation.levels_completed != self._level:
            self._enter(observation.levels_completed)
        elif decision.action.id == RESET:
            self._played = 0
            self._resets += 1
        elif decision is self._mine:
            self._played += 1

    def _decide(self, observation: Observation) -> Decision:
        legal = observation.legal_actions
        path = self._path(observation.game_id)
        if self._played < len(path):
            action = path[self._played]
            if action.id in legal:
                place = f"{self._played + 1} of {len(path)}"
                return Decision(action, f"step {place} of a known path, level {self._level}")
        elif path and not self._resets and RESET in legal:
            return Decision(Action(RESET), "the known path did not win")
        return Decision(random_action(legal, self._rng), "no known path: random")

    def _enter(self, level: int) -> None:
        self._level, self._played, self._resets = level, 0, 0

    def _path(self, game_id: str) -> Path:
        own = self.paths.get(game_id, {})
        if self._level in own:
            return own[self._level]
        name = game_name(game_id)
        others = [levels for known, levels in self.paths.items() if game_name(known) == name]
        return next((levels[self._level] for levels in others if self._level in levels), ())
