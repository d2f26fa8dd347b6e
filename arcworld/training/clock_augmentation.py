"""Play as it would look at another time: what clocks show is not what an action depends on.

Knows episodes and their counters; knows nothing of models. A policy that imitates a few plays
learns how far the clock has gone at each of their actions, and is lost where a few actions were
spent on something else. Shown the same play beside counters of other times, it has to look at the
rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import Episode
from arcworld.recordings.status_bars import counter_mask


def augment_clocks(
    episodes: Sequence[Episode], timed: Sequence[NDArray[np.bool_]], seed: int
) -> list[Episode]:
    """The episodes, each frame with the clock and the lives of a later one, so many frames later in
    all of an episode; behind the last comes the first.

    Args:
        episodes: as they were played.
        timed: of each, bool [A], the frames that keep their own.
        seed: of how much later.
    """
    rng = np.random.default_rng(seed)
    games: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        games[episode.game_id].append(episode)
    counters = {game: counter_mask(played) for game, played in games.items()}
    return [
        _later(one, counters[one.game_id], timed_A, int(rng.integers(len(one) + 1)))
        for one, timed_A in zip(episodes, timed, strict=True)
    ]


def _later(
    episode: Episode, counters_HW: NDArray[np.bool_], timed_A: NDArray[np.bool_], by: int
) -> Episode:
    changed_THW = counters_HW & ~np.append(timed_A, False)[:, None, None]
    later_THW = np.roll(episode.frames_THW, -by, axis=0)
    return replace(episode, frames_THW=np.where(changed_THW, later_THW, episode.frames_THW))
