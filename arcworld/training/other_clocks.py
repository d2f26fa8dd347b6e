"""Play as it would look at another time: what clocks show is not what an action depends on.

Knows episodes and their clocks; knows nothing of models. A policy that imitates a few plays learns
how far the clock has gone at each of their actions, and is lost where a few actions were spent on
something else. Shown the same play beside clocks of other times, it has to look at the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import Episode
from arcworld.recordings.status import clocks_of


def clocks_by_game(episodes: Sequence[Episode]) -> dict[str, NDArray[np.bool_]]:
    """The pixels that tell the time in any episode of each game, bool [64, 64]."""
    found: dict[str, list[NDArray[np.bool_]]] = defaultdict(list)
    for episode in episodes:
        found[episode.game_id].append(clocks_of(episode))
    return {game: np.logical_or.reduce(masks) for game, masks in found.items()}


def at_other_times(episodes: Sequence[Episode], seed: int) -> list[Episode]:
    """The episodes, each frame with the clock of a later one, so many frames later in all of an
    episode; behind the last comes the first.
    """
    rng = np.random.default_rng(seed)
    clocks = clocks_by_game(episodes)
    return [_later(one, clocks[one.game_id], int(rng.integers(len(one) + 1))) for one in episodes]


def _later(episode: Episode, clock_HW: NDArray[np.bool_], by: int) -> Episode:
    later_THW = np.roll(episode.frames_THW, -by, axis=0)
    return replace(episode, frames_THW=np.where(clock_HW, later_THW, episode.frames_THW))
