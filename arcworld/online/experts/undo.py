"""Undo: ACTION7 brings back the frame before the last action that changed something.

Idea: the action has this meaning in the benchmark where a game offers it. The state keeps the last
frames of the scene; trust follows how often the undo was right in this game.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.online.claims import Claim
from arcworld.online.trust import HitRates
from arcworld.online.view import UNDO, Action

NAME = "undo"
PRIOR = 0.6
"""Trust before the first undo."""
DEPTH = 32
"""Frames kept by a state."""

type Past = tuple[NDArray[np.uint8], ...]
"""Flat frames that undo would bring back, the latest last."""


class Undo:
    """The expert."""

    def __init__(self) -> None:
        self._hits = HitRates(0.9)

    def propose(self, flat: NDArray[np.uint8], past: Past, action: Action) -> list[Claim]:
        """The latest frame of the past, as one claim."""
        if action.id != UNDO or not past:
            return []
        pixels = np.flatnonzero(flat != past[-1])
        trust, paint = self._hits.rate(UNDO, PRIOR), (pixels, past[-1][pixels])
        return [Claim(NAME, "last frame", "rewrite", trust, pixels, pixels, paint=paint)]

    def learn(self, after: NDArray[np.uint8], past: Past, action: Action) -> None:
        """Score the claim; a few pixels (a counter) may differ."""
        if action.id == UNDO and past:
            self._hits.add(UNDO, int((after != past[-1]).sum()) <= 16)


def next_past(
    past: Past, before: NDArray[np.uint8], after: NDArray[np.uint8], action: Action
) -> Past:
    """The past after a transition."""
    if action.id == UNDO:
        return past[:-1]
    return (*past, before)[-DEPTH:] if (before != after).any() else past
