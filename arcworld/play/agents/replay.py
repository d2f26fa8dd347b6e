"""Agent `replay`: play the winning paths of recordings; the baseline of memory alone.

Paths are stored by game and level; the agent does not look at frames.
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
    """Return game id -> level -> actions of the shortest winning stretch (the first of equals)."""
    paths: PathsByGame = {}
    for episode in episodes:
        levels = paths.setdefault(episode.game_id, {})
        for level, start, end in level_segments(episode):
            known = levels.get(level)
            if known is None or end - start < len(known):
                levels[level] = tuple(episode.action(t) for t in range(start, end))
    return paths


class ReplayAgent:
    """Plays each level's shortest known winning path, whatever the level's current state.

    If a path did not win (e.g. the level was not at its start), the level is reset once and the
    path is played again. After that, and on levels without a path, it plays like `RandomAgent`. If
    a game version has no path, paths of another version are used.
    """

    name = "replay"

    def __init__(self, episodes: Iterable[Episode], seed: int = 0) -> None:
        self.paths = shortest_paths(episodes)
        self.seed = seed
        self._rng = np.random.default_rng(seed)
        self._level = 0
        self._played = 0
        self._resets = 0
        self._chosen: Decision | None = None

    def begin(self, observation: Observation) -> None:
        """Start on the first level."""
        self._rng = np.random.default_rng(self.seed)
        self._enter(observation.levels_completed)

    def choose_action(self, observation: Observation) -> Decision:
        """Return the next action of the path, else a RESET once, else a random action."""
        self._chosen = self._decide(observation)
        return self._chosen

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Keep the position in the path; actions of others do not move it."""
        if observation.levels_completed != self._level:
            self._enter(observation.levels_completed)
        elif decision.action.id == RESET:
            self._played = 0
            self._resets += 1
        elif decision is self._chosen:
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
