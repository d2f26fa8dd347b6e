"""What a policy learns from: the ways that won a level, without those that took far too long.

Knows episodes; knows nothing of models. A way of three times the actions won too, but whoever
imitates it spends them, and where it meets a better one it teaches the opposite.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import Episode, level_stretches

LONGEST = 2.0
"""A way is learnt from where it takes at most so many times the shortest one's actions."""


def skilful(episodes: Sequence[Episode]) -> list[NDArray[np.bool_]]:
    """For each episode, which actions stand on a winning stretch worth learning from, bool [A]."""
    shortest: dict[tuple[str, int], int] = {}
    for episode in episodes:
        for level, start, end in level_stretches(episode):
            key = episode.game_id, level
            shortest[key] = min(shortest.get(key, end - start), end - start)
    found: list[NDArray[np.bool_]] = []
    for episode in episodes:
        skill = np.zeros(len(episode), dtype=np.bool_)
        for level, start, end in level_stretches(episode):
            skill[start:end] = end - start <= LONGEST * shortest[episode.game_id, level]
        found.append(skill)
    return found
