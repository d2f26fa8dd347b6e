"""Recall: the same action in the same frame does again what it did.

Idea: exact lookup (an episodic memory). It says nothing of new frames; in known ones it is right
where the game hides no state, and search spends no time on them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.online.claims import Claim, Writing
from arcworld.online.trust import HitRates, bounded
from arcworld.online.view import Action, hash_of

NAME = "recall"
PRIOR = 0.9
LEAST_TRUST = 0.8
"""Trust below which other experts are asked, too."""
MOST = 5_000
"""Transitions kept."""


class Recall:
    """The expert."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, Action], Writing] = {}
        self._hits = HitRates(0.95)

    def propose(self, flat: NDArray[np.uint8], action: Action) -> list[Claim]:
        """What followed the last time, as one claim."""
        found = self._known.get((hash_of(flat), action))
        trust = self._hits.rate(action.id, PRIOR)
        if found is None or trust < LEAST_TRUST:
            return []
        return [Claim(NAME, "seen", "rewrite", trust, found[0], found[0], paint=found)]

    def learn(self, before: NDArray[np.uint8], action: Action, after: NDArray[np.uint8]) -> None:
        """Score what was known, and keep the transition."""
        key = hash_of(before), action
        found = self._known.pop(key, None)
        pixels = np.flatnonzero(before != after)
        seen = pixels, after[pixels]
        if found is not None:
            same = np.array_equal(found[0], pixels) and np.array_equal(found[1], seen[1])
            self._hits.add(action.id, same)
        self._known[key] = seen
        bounded(self._known, MOST)
