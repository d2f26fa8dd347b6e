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


def at_other_times(episodes: Sequence[Episode], seed: int) -> list[Episode]:
    """The episodes, each frame with the clock of a later one, so many frames later in all of an
    episode; behind the last comes the first.
    """
    rng = np.random.default_rng(seed)
    games: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        games[episode.game_id].append(episode)
    clocks = {game: clocks_of(played) for game, played in games.items()}
    return [_later(one, clocks[one.game_id], int(rng.integers(len(one) + 1))) for one in episodes]


def _later(episode: Episode, clock_HW: NDArray[np.bool_], by: int) -> Episode:
    later_THW = np.roll(episode.frames_THW, -by, axis=0)
    return replace(episode, frames_THW=np.where(clock_HW, later_THW, episode.frames_THW))
