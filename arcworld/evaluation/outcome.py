"""How well an outcome is foretold: ranking, probability, calibration, beside the base rate.

Knows probabilities and what came; knows nothing of models. Sources: average precision as in
Davis & Goadrich 2006 (ties share their rank); Brier 1950; calibration error in ten equal bins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.pooling import Table, pool_by
from arcworld.evaluation.transitions import Transitions
from arcworld.recordings.episode import Outcome

BINS = 10


def outcome_table(transitions: Transitions, outcomes_NO: NDArray[np.floating]) -> Table:
    """`average_precision`, `brier`, `calibration_error`, `base_rate`, `f1_memory` of level-ups.

    `f1_memory` is at probability one half, and is memory where the levels were seen in training.
    The same of game over, with `game_over_` before the name.
    """
    level = outcomes_NO[:, Outcome.LEVEL_WON].astype(np.float64)
    over = outcomes_NO[:, Outcome.GAME_OVER].astype(np.float64)
    is_over = transitions.outcomes_N == Outcome.GAME_OVER

    def measure(chosen: NDArray[np.bool_]) -> dict[str, float | None]:
        won = binary_measures(level[chosen], transitions.level_up_N[chosen])
        lost = binary_measures(over[chosen], is_over[chosen])
        return won | {f"game_over_{name}": value for name, value in lost.items()}

    subsets = transitions.subsets()
    kept = {name: subsets[name] for name in ("all", "novel")}
    return pool_by(measure, kept, transitions.games_N)


def binary_measures(
    probability_N: NDArray[np.float64], truth_N: NDArray[np.bool_]
) -> dict[str, float | None]:
    """The measures of one yes-or-no question; None where nothing can be said."""
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
    """Mean precision at each recall step; items of equal probability count as one step.

    >>> average_precision(np.array([0.9, 0.8, 0.1]), np.array([True, False, True]))
    0.8333333333333333
    >>> average_precision(np.full(4, 0.5), np.array([True, False, False, False]))
    0.25
    """
    if not truth_N.any():
        return None
    order = np.argsort(-probability_N, kind="stable")
    truth, ranked = truth_N[order], probability_N[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = truth.cumsum()[ends]
    precision = hits / (ends + 1)
    recall = hits / truth.sum()
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def calibration_error(probability_N: NDArray[np.float64], truth_N: NDArray[np.bool_]) -> float:
    """Mean distance of probability and frequency over ten equal bins, weighted by count.

    >>> calibration_error(np.array([0.75, 0.75]), np.array([True, False]))
    0.25
    """
    bins = np.minimum((probability_N * BINS).astype(int), BINS - 1)
    gaps = [abs(probability_N[bins == b].sum() - truth_N[bins == b].sum()) for b in np.unique(bins)]
    return float(sum(gaps) / len(truth_N))
