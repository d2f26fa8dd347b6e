"""Counterfactual negatives: replace the action that won a level by one that would not have won.

Skilled players take the winning action wherever there is one. From their recordings a model
learns that a frame leads to a win, and then predicts the win for any action. These windows teach
it that the action matters. The other action is one that the game was played with. That it does
not win is an assumption. A click is moved by at least two cells, since a button may be larger
than a cell.
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
"""A click within this many cells of the winning one may win too, so it is no negative."""


class CounterfactualNegatives:
    """Makes windows of `frames` frames that end where a level was won, with another action."""

    def __init__(
        self,
        episodes: Sequence[CodedEpisode],
        games: Sequence[str],
        frames: int,
        *,
        placed: bool = True,
    ) -> None:
        """Collect the wins and the actions of each game.

        Args:
            episodes: the episodes of the data set.
            games: the game of each episode.
            frames: frames in a window, at most.
            placed: whether the tokens of a click contain its cell (v2).
        """
        self._episodes, self._frames, self._placed = episodes, frames, placed
        self._actions = {game: _actions(episodes, games, game) for game in set(games)}
        self._wins: dict[str, list[tuple[int, int]]] = {game: [] for game in set(games)}
        for i, (episode, game) in enumerate(zip(episodes, games, strict=True)):
            won = np.flatnonzero(episode.outcomes_A == Outcome.LEVEL_WON)
            self._wins[game] += [(i, int(t)) for t in won]
        self._games = sorted(game for game in self._wins if self._wins[game])

    def instead(self, window: CodedEpisode, share: float, rng: np.random.Generator) -> CodedEpisode:
        """Return the window, or with probability `share` one that ends in an action not taken."""
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
    """Return the distinct actions (id, cell) of a game without RESET, [N, 2]."""
    of_game = [episode for episode, name in zip(episodes, games, strict=True) if name == game]
    taken = np.concatenate([np.stack([e.types_A, e.cells_A], axis=1) for e in of_game])
    return np.unique(taken[taken[:, 0] != RESET], axis=0)


def _others(
    actions_N2: NDArray[np.int16], action_id: int, cell: int, *, placed: bool
) -> NDArray[np.int16]:
    """Return the actions that differ from (id, cell), [M, 2]; clicks near it do not count."""
    ids_N, cells_N = actions_N2.T
    if action_id != CLICK or not placed:
        return actions_N2[ids_N != action_id]
    rows_N, columns_N = np.divmod(cells_N, GRID)
    row, column = divmod(cell, GRID)
    far_N = np.maximum(abs(rows_N - row), abs(columns_N - column)) > NEAR
    return actions_N2[(ids_N != CLICK) | far_N]
