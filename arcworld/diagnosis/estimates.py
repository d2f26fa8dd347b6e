"""Measured values with intervals, by game.

Items of one stretch of play (from a level's first frame or a RESET to the next) are not
independent. Therefore intervals resample whole stretches, by the bootstrap of
`evaluation.measures.pooling`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from arcworld.evaluation.measures.pooling import Ratio, interval

type Unit = Literal["share", "points", "number"]
"""How a value is printed: in per cent, as a difference of per cents, or unchanged."""


@dataclass(frozen=True)
class Estimate:
    """A value, its interval (None if there is only one stretch) and the number of items."""

    value: float
    low: float | None
    high: float | None
    count: int

    def above(self, limit: float) -> bool:
        """Whether the value and its whole interval are above a limit."""
        return self.value > limit and (self.low is None or self.low > limit)

    def below(self, limit: float) -> bool:
        """Whether the value and its whole interval are below a limit."""
        return self.value < limit and (self.high is None or self.high < limit)

    def as_dict(self) -> dict[str, float | int | None]:
        """Return plain JSON types."""
        return {"value": self.value, "low": self.low, "high": self.high, "count": self.count}


type ByGame = dict[str, Estimate | None]
"""Game (or `all`) -> estimate; None if nothing could be counted."""


@dataclass(frozen=True)
class Measure:
    """One measure, by game."""

    name: str
    unit: Unit
    by_game: ByGame
    is_baseline: bool = False

    @property
    def over_all(self) -> Estimate | None:
        """The value over all games."""
        return self.by_game.get("all")

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        games = {game: reported and reported.as_dict() for game, reported in self.by_game.items()}
        return {"unit": self.unit, "baseline": self.is_baseline, "games": games}


def ratio(
    top_N: NDArray[Any], bottom_N: NDArray[Any], groups_N: NDArray[np.intp]
) -> Estimate | None:
    """The sum of `top_N` over the sum of `bottom_N`, resampled by group.

    >>> ratio(np.ones(4), np.full(4, 2.0), np.arange(4))
    Estimate(value=0.5, low=0.5, high=0.5, count=4)
    >>> ratio(np.ones(2), np.ones(2), np.zeros(2, int))
    Estimate(value=1.0, low=None, high=None, count=2)
    """
    every_N, measured = np.ones(len(top_N), np.bool_), Ratio(top_N, bottom_N)
    value = measured.of(every_N)
    if value is None:
        return None
    low, high = interval(measured.resampled(every_N, groups_N)) or (None, None)
    return Estimate(value, low, high, int((bottom_N > 0).sum()))


def mean(values_N: NDArray[Any], groups_N: NDArray[np.intp]) -> Estimate | None:
    """Average of the values without NaN, resampled by group."""
    known = ~np.isnan(values_N.astype(np.float64))
    return ratio(np.where(known, values_N, 0.0), known, groups_N)


def by_game(
    measure: Callable[[NDArray[np.intp]], Estimate | None], games_N: NDArray[np.str_]
) -> ByGame:
    """A measure over all items, then by game; `measure` takes indices of items."""
    groups = {"all": np.arange(len(games_N))}
    groups |= {str(game): np.flatnonzero(games_N == game) for game in np.unique(games_N)}
    if len(groups) == 2:
        groups["all"] = next(reversed(groups.values()))
    return {game: measure(at) if len(at) else None for game, at in groups.items()}


def line(
    name: str,
    unit: Unit,
    top_N: NDArray[Any],
    bottom_N: NDArray[Any] | None,
    games_N: NDArray[np.str_],
    groups_N: NDArray[np.intp],
    *,
    is_baseline: bool = False,
) -> Measure:
    """`ratio` by game; without `bottom_N` the average without NaN."""

    def measure(at: NDArray[np.intp]) -> Estimate | None:
        if bottom_N is None:
            return mean(top_N[at], groups_N[at])
        return ratio(top_N[at], bottom_N[at], groups_N[at])

    return Measure(name, unit, by_game(measure, games_N), is_baseline)


def rank_correlation(
    a_N: NDArray[Any], b_N: NDArray[Any], given: Mapping[str, NDArray[Any]] | None = None
) -> float | None:
    """Spearman's correlation; partial if `given` has other values. None if one is constant.

    >>> rank_correlation(np.arange(5), np.arange(5) ** 3)
    1.0
    >>> rank_correlation(np.arange(5), np.ones(5)) is None
    True
    """
    others = [rankdata(values) for values in (given or {}).values()]
    base = np.stack([np.ones(len(a_N)), *others], axis=1)
    left, right = (_rest(rankdata(values), base) for values in (a_N, b_N))
    scale = float(np.sqrt((left @ left) * (right @ right)))
    return None if scale < 1e-9 else round(float(left @ right) / scale, 12)


def _rest(ranks_N: NDArray[np.float64], base_NK: NDArray[np.float64]) -> NDArray[np.float64]:
    """Residual of a least-squares fit on other ranks."""
    fitted, *_ = np.linalg.lstsq(base_NK, ranks_N, rcond=None)
    return ranks_N - base_NK @ fitted
