"""Drafts of the next frame: cheap guesses that speculative decoding checks with the model.

A bad draft makes decoding slower but does not change its result. `last_frame` guesses that nothing
changes. `TransitionMemory` guesses the change that it saw before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.tokenizer import CELLS, GRID
from arcworld.tokens.sequence import CodedEpisode

type Draft = Callable[[Sequence[CodedEpisode]], NDArray[np.int32]]
"""From B histories, each with a pending action, to codes of the next frame, int32 [B, 64]."""
MOST = 1 << 20
"""Limit on the entries of a memory; when it is passed, the memory is cleared."""


def last_frame(histories: Sequence[CodedEpisode]) -> NDArray[np.int32]:
    """Return the last frame of each history."""
    return np.stack([history.indices_TC[-1] for history in histories])


class TransitionMemory:
    """Remembers what each cell became after an action.

    It looks up the whole frame and the action first, else the neighbouring cells and the action.
    Keys are 64-bit hashes; a collision only makes a draft worse.
    """

    def __init__(self) -> None:
        self._became: dict[int, int] = {}
        self._factors = np.random.default_rng(0).integers(1, 2**62, 2 * CELLS) | 1

    def __call__(self, histories: Sequence[CodedEpisode]) -> NDArray[np.int32]:
        """Return a draft for each history, int32 [B, 64]."""
        return np.stack([self._draft(history) for history in histories])

    def learn(self, histories: Sequence[CodedEpisode], indices_BC: NDArray[np.integer]) -> None:
        """Remember the frames that histories led to, observed or decoded: codes [B, 64]."""
        if len(self._became) > MOST:
            self._became.clear()
        for history, codes in zip(histories, indices_BC.tolist(), strict=True):
            keys = self._keys(history)
            self._became.update(zip(chain.from_iterable(keys), codes + codes, strict=True))

    def _draft(self, history: CodedEpisode) -> NDArray[np.int32]:
        found = self._became.get
        last = history.indices_TC[-1].tolist()
        codes = [
            found(whole, found(near, code))
            for whole, near, code in zip(*self._keys(history), last, strict=True)
        ]
        return np.array(codes, np.int32)

    def _keys(self, history: CodedEpisode) -> tuple[list[int], list[int]]:
        """Return two keys for each cell: by the whole frame, and by its neighbours."""
        codes = history.indices_TC[-1].astype(np.int64)
        kind, clicked = int(history.types_A[-1]), int(history.cells_A[-1])
        cells = np.arange(CELLS)
        places = cells * 1024 + kind * 128
        whole = _mixed((codes * self._factors[:CELLS]).sum() + places + clicked)
        grid = np.pad(codes.reshape(GRID, GRID) + 1, 1)
        around = np.lib.stride_tricks.sliding_window_view(grid, (3, 3)).reshape(CELLS, 9)
        near = (around * self._factors[CELLS : CELLS + 9]).sum(1)
        is_clicked = np.where(cells == clicked, 2, np.int64(clicked < CELLS))
        near = _mixed(near + (places + is_clicked) * self._factors[-1])
        return whole.tolist(), near.tolist()


def _mixed(keys_N: NDArray[np.int64]) -> NDArray[np.int64]:
    """Mix the bits of keys, so that similar inputs get very different keys."""
    keys = keys_N.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (keys ^ (keys >> np.uint64(29))).view(np.int64)
