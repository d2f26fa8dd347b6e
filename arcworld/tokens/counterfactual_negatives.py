"""Where a level was won, another action: it would not have won, and nothing in a recording says so.

Knows coded episodes; knows nothing of tokens or models. A player who knows a game takes the action
that wins wherever there is one, so a model learns from the frame alone that a level is about to be
won, and promises it to whatever action it is asked about. That another action does not win is
taken for granted here: it is one that the game was played with, and a click falls two cells off at
least, since a button may be larger than its cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.tokenizer import GRID
from arcworld.recordings.episode import CLICK, RESET, Outcome
from arcworld.tokens.sequence import CodedEpisode

NEAR = 1
"""Cells between a click that won and another that is taken for the same."""


class CounterfactualNegatives:
    """Windows of `frames` frames up to where a level was won, and an action that does not."""

    def __init__(
        self,
        episodes: Sequence[CodedEpisode],
        games: Sequence[str],
        frames: int,
        *,
        placed: bool = True,
    ) -> None:
        """`games[i]` is the game of `episodes[i]`; `placed`: tokens tell where a click fell."""
        self._episodes, self._frames, self._placed = episodes, frames, placed
        self._actions = {game: _actions(episodes, games, game) for game in set(games)}
        self._wins: dict[str, list[tuple[int, int]]] = {game: [] for game in set(games)}
        for i, (episode, game) in enumerate(zip(episodes, games, strict=True)):
            won = np.flatnonzero(episode.outcomes_A == Outcome.LEVEL_WON)
            self._wins[game] += [(i, int(t)) for t in won]
        self._games = sorted(game for game in self._wins if self._wins[game])

    def instead(self, window: CodedEpisode, share: float, rng: np.random.Generator) -> CodedEpisode:
        """The window as it is, or at the rate `share` one that ends in an action nobody took."""
        if not self._games or rng.random() >= share:
            return window
        game = self._games[rng.integers(len(self._games))]
        i, t = self._wins[game][rng.integers(len(self._wins[game]))]
        start = max(t + 1 - self._frames, 0)
        found = self._episodes[i].window(start, t + 1 - start, pending=True)
        taken = int(found.types_A[-1]), int(found.cells_A[-1])
        others_N2 = _others(self._actions[game], *taken, placed=self._placed)
        if not len(others_N2):
            return window
        action_id, cell = others_N2[rng.integers(len(others_N2))]
        return replace(
            found,
            types_A=np.append(found.types_A[:-1], action_id),
            cells_A=np.append(found.cells_A[:-1], cell),
            winning_A=np.append(found.winning_A[:-1], False),
        )


def _actions(
    episodes: Sequence[CodedEpisode], games: Sequence[str], game: str
) -> NDArray[np.int16]:
    """The actions (id, cell) that a game was played with, RESET aside: distinct, [N, 2]."""
    mine = [episode for episode, name in zip(episodes, games, strict=True) if name == game]
    taken = np.concatenate([np.stack([e.types_A, e.cells_A], axis=1) for e in mine])
    return np.unique(taken[taken[:, 0] != RESET], axis=0)


def _others(
    actions_N2: NDArray[np.int16], action_id: int, cell: int, *, placed: bool
) -> NDArray[np.int16]:
    """Those that are not the same as an action (id, cell)."""
    ids_N, cells_N = actions_N2.T
    if action_id != CLICK or not placed:
        return actions_N2[ids_N != action_id]
    rows_N, columns_N = np.divmod(cells_N, GRID)
    row, column = divmod(cell, GRID)
    far_N = np.maximum(abs(rows_N - row), abs(columns_N - column)) > NEAR
    return actions_N2[(ids_N != CLICK) | far_N]
