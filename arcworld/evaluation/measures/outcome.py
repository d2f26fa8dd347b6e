"""Quality of predicted outcomes: ranking, Brier score and calibration, with the base rate.

Sources: average precision as in Davis & Goadrich 2006 (ties share their rank); the Brier score is
from Brier 1950.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.measures.calibration import (
    BINS,
    bins_of,
    calibration_bins,
    calibration_error,
)
from arcworld.evaluation.measures.pooling import Table, Values, bounds, resamples
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.recordings.episode import Outcome


def outcome_table(
    transitions: Transitions,
    outcomes_NO: NDArray[np.floating],
    subsets: dict[str, NDArray[np.bool_]] | None = None,
) -> Table:
    """Table of `average_precision`, `brier`, `calibration_error`, `base_rate` and `f1_memory`.

    They are measured for level-ups, and for game over with the prefix `game_over_`. `f1_memory`
    is the F1 score at probability 0.5; it measures memory if the levels were in training.

    Args:
        transitions: what was predicted.
        outcomes_NO: probability of each `Outcome`, [N, 3].
        subsets: name -> bool [N]; None for `all` and `novel`.
    """
    level = BinaryForecast.of(transitions, outcomes_NO, Outcome.LEVEL_WON)
    over = BinaryForecast.of(transitions, outcomes_NO, Outcome.GAME_OVER)

    def measure(chosen: NDArray[np.bool_]) -> Values:
        lost = binary_measures(over.take(chosen))
        won = level.take(chosen)
        reported = {f"game_over_{name}": value for name, value in lost.items()}
        return binary_measures(won) | binary_intervals(won) | reported

    if subsets is None:
        known = transitions.subsets()
        subsets = {name: known[name] for name in ("all", "novel")}
    return transitions.grouping(subsets).table_by(measure)


@dataclass(frozen=True, eq=False)
class BinaryForecast:
    """N predictions of a binary event.

    Attributes:
        probability_N: predicted probability of the event.
        truth_N: whether the event occurred.
        recordings_N: number of the recording that each item is from, for the bootstrap.
    """

    probability_N: NDArray[np.float64]
    truth_N: NDArray[np.bool_]
    recordings_N: NDArray[np.intp]

    @classmethod
    def of(
        cls, transitions: Transitions, outcomes_NO: NDArray[np.floating], outcome: Outcome
    ) -> BinaryForecast:
        """The forecast of one `Outcome`."""
        truth = transitions.outcomes_N == outcome
        return cls(outcomes_NO[:, outcome].astype(np.float64), truth, transitions.recordings_N)

    def take(self, chosen_N: NDArray[np.bool_]) -> BinaryForecast:
        """The chosen items."""
        return BinaryForecast(
            self.probability_N[chosen_N], self.truth_N[chosen_N], self.recordings_N[chosen_N]
        )


def binary_measures(forecast: BinaryForecast) -> Values:
    """The measures of one binary forecast; None where a measure is undefined."""
    probability_N, truth_N = forecast.probability_N, forecast.truth_N
    if not len(truth_N):
        names = ("average_precision", "brier", "calibration_error", "base_rate", "f1_memory")
        return dict.fromkeys(names) | {"positives": 0.0}
    called = probability_N > 0.5
    hits = float((called & truth_N).sum())
    wrong = float((called ^ truth_N).sum())
    return {
        "average_precision": average_precision(probability_N, truth_N),
        "brier": float(((probability_N - truth_N) ** 2).mean()),
        "calibration_error": calibration_error(probability_N, truth_N),
        "base_rate": float(truth_N.mean()),
        "f1_memory": 2 * hits / (2 * hits + wrong) if hits + wrong else None,
        "positives": float(truth_N.sum()),
    }


def average_precision(
    probability_N: NDArray[np.float64], truth_N: NDArray[np.bool_]
) -> float | None:
    """Precision averaged over recall steps; items of equal probability form one step.

    None if the event never occurred.

    >>> average_precision(np.array([0.9, 0.8, 0.1]), np.array([True, False, True]))
    0.8333333333333333
    >>> average_precision(np.full(4, 0.5), np.array([True, False, False, False]))
    0.25
    """
    if not truth_N.any():
        return None
    return float(weighted_precision(probability_N, truth_N, np.ones((1, len(truth_N))))[0])


def weighted_precision(
    probability_N: NDArray[np.float64],
    truth_N: NDArray[np.bool_],
    weights_SN: NDArray[np.float64],
) -> NDArray[np.float64]:
    """`average_precision` with item n counted `weights_SN[s, n]` times, [S]; NaN without events."""
    order = np.argsort(-probability_N, kind="stable")
    ranked, weights_SN = probability_N[order], weights_SN[:, order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = (weights_SN * truth_N[order]).cumsum(1)[:, ends]
    called = weights_SN.cumsum(1)[:, ends]
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(called > 0, hits / called, 0.0)
        recall = hits / hits[:, -1:]
    return (np.diff(recall, axis=1, prepend=0.0) * precision).sum(1)


def binary_intervals(forecast: BinaryForecast) -> Values:
    """95 % bootstrap intervals of `average_precision`, `brier` and `calibration_error`.

    Whole recordings are resampled. Empty if there is only one recording.
    """
    if not forecast.truth_N.any():
        return {}
    _, back = np.unique(forecast.recordings_N, return_inverse=True)
    if not back.max():
        return {}
    drawn = resamples(int(back.max()) + 1)
    wrong = forecast.probability_N - forecast.truth_N
    counts = drawn @ np.bincount(back)
    gaps_RK = np.zeros((drawn.shape[1], BINS))
    np.add.at(gaps_RK, (back, bins_of(forecast.probability_N)), wrong)
    ranked = weighted_precision(forecast.probability_N, forecast.truth_N, drawn[:, back])
    return (
        bounds("average_precision", ranked)
        | bounds("brier", drawn @ np.bincount(back, wrong**2) / counts)
        | bounds("calibration_error", np.abs(drawn @ gaps_RK).sum(1) / counts)
    )


def reliability(forecast: BinaryForecast) -> list[dict[str, float]]:
    """Mean `probability`, observed `frequency` and `count` of each bin that is not empty."""
    return [asdict(one) for one in calibration_bins(forecast.probability_N, forecast.truth_N)]
