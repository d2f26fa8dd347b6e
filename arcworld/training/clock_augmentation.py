"""Clock augmentation: show the same play with status bars of other times.

A policy that imitates a few plays can learn to read the next action off the status bar, which
counts actions. It then fails as soon as it has spent a few actions on something else. With the
status bar of another time in each frame, it must look at the rest of the frame.
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
    """Return the episodes with the status bars and lives of a later frame in each frame.

    The shift in time is random, and the same in all frames of an episode. It wraps around at the
    end of the episode.

    Args:
        episodes: as they were played.
        timed: for each episode, bool [A], the frames that keep their own status bars.
        seed: seed of the shifts.
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
