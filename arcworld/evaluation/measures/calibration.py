"""Calibration of probabilities: predicted probability and observed frequency, over equal bins.

The calibration error is the expected calibration error of Naeini et al. 2015, with ten bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Mean predicted probability, observed frequency and number of the items of a bin."""

    probability: float
    frequency: float
    count: float


def bins_of(probability_N: NDArray[np.floating]) -> NDArray[np.intp]:
    """Index (0-9) of the equal-width bin of each probability."""
    return np.minimum((probability_N * BINS).astype(np.intp), BINS - 1)


def calibration_bins(
    probability_N: NDArray[np.floating], truth_N: NDArray[np.bool_]
) -> list[CalibrationBin]:
    """Return the bins that are not empty, lowest first.

    >>> bins = calibration_bins(np.array([0.95, 1.0, 0.1]), np.array([True, False, False]))
    >>> [(round(one.probability, 3), one.frequency, one.count) for one in bins]
    [(0.1, 0.0, 1.0), (0.975, 0.5, 2.0)]
    """
    bin_N = bins_of(probability_N)
    chosen = [bin_N == k for k in np.unique(bin_N)]
    return [
        CalibrationBin(float(probability_N[of].mean()), float(truth_N[of].mean()), float(of.sum()))
        for of in chosen
    ]


def calibration_error(
    probability_N: NDArray[np.floating], truth_N: NDArray[np.bool_]
) -> float | None:
    """Mean distance of probability and frequency, over bins weighted by count; None without items.

    >>> calibration_error(np.array([0.75, 0.75]), np.array([True, False]))
    0.25
    """
    if not len(truth_N):
        return None
    gaps = np.bincount(bins_of(probability_N), probability_N.astype(np.float64) - truth_N)
    return float(np.abs(gaps).sum() / len(truth_N))
