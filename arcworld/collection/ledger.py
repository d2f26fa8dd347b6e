"""Which transitions of a game are recorded already, to tell novel play from repeated play.

Two transitions are the same here if the action and the frame are, where status bars do not count
(nearly every frame differs in them) and a click counts by its cell of 8x8 pixels. So fewer
transitions are novel than `arcworld evaluate` counts, which compares every pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import SIDE, Episode
from arcworld.recordings.novelty import pair_hashes
from arcworld.recordings.status_bars import counter_mask

MASKED_BY = 16
"""Status bars are looked for in the first recordings of a game, at most this many."""
CELL = 8


class Ledger:
    """The distinct transitions of one game.

    Attributes:
        recordings: number of recordings that were added.
    """

    def __init__(self) -> None:
        self.recordings = 0
        self._first: list[Sequence[Episode]] = []
        self._mask_HW = np.zeros((SIDE, SIDE), np.bool_)
        self._seen: set[int] = set()

    def __len__(self) -> int:
        """The number of distinct transitions."""
        return len(self._seen)

    def count_novel(self, episodes: Sequence[Episode]) -> int:
        """Return how many distinct transitions of a recording no recording has shown so far."""
        if not self.recordings:  # its own status bars are all that is known
            alone = Ledger()
            alone.add(episodes)
            return len(alone)
        return len(self._keys(episodes) - self._seen)

    def add(self, episodes: Sequence[Episode]) -> None:
        """Add a recording. Status bars are looked for again at 1, 2, 4, 8 and 16 recordings."""
        self.recordings += 1
        if self.recordings <= MASKED_BY:
            self._first.append(episodes)
        if self.recordings.bit_count() == 1 and self.recordings <= MASKED_BY:
            self._mask_HW = counter_mask([e for played in self._first for e in played])
            self._seen = set().union(*map(self._keys, self._first))
        else:
            self._seen |= self._keys(episodes)
        if self.recordings == MASKED_BY:
            self._first.clear()

    def _keys(self, episodes: Sequence[Episode]) -> set[int]:
        keys: set[int] = set()
        for episode in episodes:
            shown_AHW = np.where(self._mask_HW, np.uint8(0), episode.frames_THW[:-1])
            keys |= set(pair_hashes(shown_AHW, _by_cell(episode.actions_A3)).tolist())
        return keys


def _by_cell(actions_A3: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return actions (id, column, row) with the cell of a click; -1 stays -1."""
    return np.column_stack([actions_A3[:, 0], actions_A3[:, 1:] // CELL]).astype(np.int16)
