"""Measures as sums over sums, pooled over items by subset and by game.

Knows ratios; knows nothing of frames or models. A report nests part, subset, game, measure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Table = dict[str, dict[str, dict[str, float | None]]]
"""subset -> game (or `all`) -> measure -> value; None where nothing could be counted."""


@dataclass(frozen=True, eq=False)
class Ratio:
    """A measure of N items: the sum of `top_N` over the sum of `bottom_N`, then `then`."""

    top_N: NDArray[Any]
    bottom_N: NDArray[Any]
    then: Callable[[float], float] | None = None

    def of(self, chosen_N: NDArray[np.bool_]) -> float | None:
        """The measure over the chosen items."""
        bottom = float(self.bottom_N[chosen_N].sum())
        if bottom == 0:
            return None
        value = float(self.top_N[chosen_N].sum()) / bottom
        return value if self.then is None else self.then(value)


def share(true_N: NDArray[np.bool_], among_N: NDArray[np.bool_] | None = None) -> Ratio:
    """How many items are true, among all or some."""
    among = np.ones(len(true_N), dtype=np.bool_) if among_N is None else among_N
    return Ratio(true_N & among, among)


def pool(
    measures: Mapping[str, Ratio],
    subsets: Mapping[str, NDArray[np.bool_]],
    games_N: NDArray[np.str_],
) -> Table:
    """Every measure in every subset, over all games and by game, with `count` items."""
    return pool_by(
        lambda chosen: {name: ratio.of(chosen) for name, ratio in measures.items()},
        subsets,
        games_N,
    )


def pool_by(
    measure: Callable[[NDArray[np.bool_]], dict[str, float | None]],
    subsets: Mapping[str, NDArray[np.bool_]],
    games_N: NDArray[np.str_],
) -> Table:
    """`pool` for measures that are no ratio: `measure` takes the chosen items."""
    table: Table = {}
    for subset, chosen_N in subsets.items():
        groups = {"all": chosen_N}
        groups |= {str(game): chosen_N & (games_N == game) for game in np.unique(games_N)}
        table[subset] = {
            game: {**measure(group), "count": float(group.sum())} for game, group in groups.items()
        }
    return table
