"""Pool measures over items by subset and by game, with bootstrap intervals.

Most measures are a sum divided by a sum. `NAME_low` and `NAME_high` are the 95 % interval: the
middle of 1,000 bootstrap resamples of whole recordings (Efron 1979). Recordings are resampled
because the transitions of one recording are not independent. A single recording has no interval.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Values = dict[str, float | None]
"""Measure -> value; None where nothing could be counted."""
type Table = dict[str, dict[str, Values]]
"""subset -> game (or `all`) -> measure -> value."""

RESAMPLES = 1000
SEED = 0
BOUNDS = ("low", "high")


@functools.cache
def resamples(recordings: int) -> NDArray[np.float64]:
    """How often each of R recordings is drawn in each resample, [1000, R]; the seed is fixed.

    >>> resamples(3).shape, bool((resamples(3).sum(1) == 3).all())
    ((1000, 3), True)
    """
    even = np.full(recordings, 1 / recordings)
    rng = np.random.default_rng(SEED)
    return rng.multinomial(recordings, even, size=RESAMPLES).astype(np.float64)


def interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """The middle 95 % of resampled values, NaN left out; None if there are no others."""
    reported = values[~np.isnan(values)]
    if not len(reported):
        return None
    low, high = np.quantile(reported, (0.025, 0.975))
    return float(low), float(high)


def bounds(name: str, values: NDArray[np.float64]) -> Values:
    """The `interval` as `NAME_low` and `NAME_high`."""
    found = interval(values)
    names = (f"{name}_{bound}" for bound in BOUNDS)
    return {} if found is None else dict(zip(names, found, strict=True))


@dataclass(frozen=True, eq=False)
class Ratio:
    """A measure of N items: the sum of `top_N` divided by the sum of `bottom_N`.

    `then` is applied to the quotient, for example `exp` for a perplexity.
    """

    top_N: NDArray[Any]
    bottom_N: NDArray[Any]
    then: Callable[[float], float] | None = None

    def of(self, chosen_N: NDArray[np.bool_]) -> float | None:
        """Value over the chosen items; None where the bottom sum is 0."""
        bottom = float(self.bottom_N[chosen_N].sum())
        if bottom == 0:
            return None
        value = float(self.top_N[chosen_N].sum()) / bottom
        return value if self.then is None else self.then(value)

    def resampled(
        self, chosen_N: NDArray[np.bool_], recordings_N: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Value in each resample of the chosen items' recordings; NaN where undefined.

        Empty if fewer than two recordings count: all resamples of one recording are equal, and an
        interval of width zero would look certain.
        """
        _, back = np.unique(recordings_N[chosen_N], return_inverse=True)
        tops = np.bincount(back, self.top_N[chosen_N])
        bottoms = np.bincount(back, self.bottom_N[chosen_N])
        if np.count_nonzero(bottoms) < 2:
            return np.zeros(0)
        drawn = resamples(len(tops))
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.where(drawn @ bottoms > 0, drawn @ tops / (drawn @ bottoms), np.nan)
        return values if self.then is None else np.array([self.then(v) for v in values])


def share(true_N: NDArray[np.bool_], among_N: NDArray[np.bool_] | None = None) -> Ratio:
    """Share of true items, among all items or among those in `among_N`."""
    among = np.ones(len(true_N), dtype=np.bool_) if among_N is None else among_N
    return Ratio(true_N & among, among)


@dataclass(frozen=True, eq=False)
class Grouping:
    """How N items are grouped in a table.

    Attributes:
        subsets: name -> bool [N].
        games_N: name of the game of each item.
        recordings_N: number of the recording of each item.
    """

    subsets: Mapping[str, NDArray[np.bool_]]
    games_N: NDArray[np.str_]
    recordings_N: NDArray[np.intp]

    def table(self, measures: Mapping[str, Ratio]) -> Table:
        """Table of every measure with its interval and the `count` of items."""

        def measure(chosen_N: NDArray[np.bool_]) -> Values:
            values: Values = {}
            for name, ratio in measures.items():
                values[name] = ratio.of(chosen_N)
                if values[name] is not None:
                    values |= bounds(name, ratio.resampled(chosen_N, self.recordings_N))
            return values

        return self.table_by(measure)

    def table_by(self, measure: Callable[[NDArray[np.bool_]], Values]) -> Table:
        """Table of measures that are no ratio; `measure` is called with the chosen items, bool [N].

        The rows are each subset, over all games (`all`) and by game.
        """
        table: Table = {}
        for subset, game, chosen_N in self._groups():
            values = {**measure(chosen_N), "count": float(chosen_N.sum())}
            table.setdefault(subset, {})[game] = values
        return table

    def _groups(self) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
        for subset, chosen_N in self.subsets.items():
            yield subset, "all", chosen_N
            for game in np.unique(self.games_N):
                yield subset, str(game), chosen_N & (self.games_N == game)
