"""Intervals: resampling of whole recordings gives the right values, and the same every time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.evaluation.measures.calibration import calibration_error
from arcworld.evaluation.measures.outcome import (
    BinaryForecast,
    average_precision,
    binary_intervals,
    reliability,
)
from arcworld.evaluation.measures.pooling import RESAMPLES, Grouping, Ratio, resamples, share
from arcworld.evaluation.report.report_tables import interval

ROWS = st.lists(
    st.tuples(st.floats(0, 1), st.booleans(), st.integers(0, 4)), min_size=1, max_size=30
)


def grouping(recordings: list[int]) -> Grouping:
    every = np.ones(len(recordings), dtype=np.bool_)
    games = np.full(len(recordings), "dots")
    return Grouping({"all": every}, games, np.array(recordings))


def test_resamples_are_drawn_once_and_with_replacement() -> None:
    drawn = resamples(6)
    assert drawn is resamples(6) and drawn.shape == (RESAMPLES, 6)
    assert (drawn.sum(1) == 6).all() and drawn.max() > 1 and drawn.min() == 0


def test_an_interval_is_over_recordings_not_over_items() -> None:
    right = np.repeat([True, False], 50)
    apart = grouping([0] * 50 + [1] * 50).table({"acc": share(right)})["all"]["all"]
    assert (apart["acc"], apart["acc_low"], apart["acc_high"]) == (0.5, 0, 1)
    alone = grouping([7] * 100).table({"acc": share(right)})["all"]["all"]
    assert alone == {"acc": 0.5, "count": 100}
    counts = share(right, np.repeat([True, False], 50))
    assert "acc_low" not in grouping([0] * 50 + [1] * 50).table({"acc": counts})["all"]["all"]
    shown = interval({"p": {"all": {"all": alone}}}, "p", "all", "all", "acc")
    assert shown == "none (one recording)"


def test_nothing_to_count_has_no_interval() -> None:
    reported = grouping([0, 1]).table({"acc": share(np.ones(2, np.bool_), np.zeros(2, np.bool_))})
    assert reported["all"]["all"] == {"acc": None, "count": 2}


@given(ROWS)
@settings(max_examples=30)
def test_a_ratio_is_resampled_as_if_recordings_were_laid_end_to_end(
    rows: list[tuple[float, bool, int]],
) -> None:
    values, _, recordings = (np.array(column) for column in zip(*rows, strict=True))
    ratio = Ratio(values, np.ones(len(values)), math.exp)
    reported = ratio.resampled(np.ones(len(values), np.bool_), recordings)
    known = np.unique(recordings)
    for drawn, value in zip(resamples(len(known))[:5], reported, strict=False):
        chosen = [
            np.tile(values[recordings == one], int(times))
            for one, times in zip(known, drawn, strict=True)
        ]
        assert value == pytest.approx(math.exp(np.concatenate(chosen).mean()))


@given(ROWS.filter(lambda rows: any(truth for _, truth, _ in rows)))
@settings(max_examples=30)
def test_intervals_of_outcomes_hold_what_was_measured_or_nearly(
    rows: list[tuple[float, bool, int]],
) -> None:
    said, came, recordings = (np.array(column) for column in zip(*rows, strict=True))
    one = BinaryForecast(said, came, np.zeros(len(rows), int))
    assert binary_intervals(one) == {}
    if len(set(recordings.tolist())) < 2:
        return
    reported = binary_intervals(BinaryForecast(said, came, recordings))
    for name in ("average_precision", "brier", "calibration_error"):
        low, high = reported.get(f"{name}_low"), reported.get(f"{name}_high")
        assert low is not None and high is not None and 0 <= low <= high <= 1 + 1e-9


def test_bins_hold_every_action_once_and_make_the_calibration_error() -> None:
    rng = np.random.default_rng(0)
    forecast = BinaryForecast(rng.random(300), rng.random(300) < 0.3, np.zeros(300, int))
    bins = reliability(forecast)
    assert sum(row["count"] for row in bins) == 300 and len(bins) == 10
    gaps = [abs(row["probability"] - row["frequency"]) * row["count"] for row in bins]
    assert sum(gaps) / 300 == pytest.approx(
        calibration_error(forecast.probability_N, forecast.truth_N)
    )
    assert average_precision(forecast.probability_N, forecast.truth_N) is not None
