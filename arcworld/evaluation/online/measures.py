"""The measures of online evaluation, by window of actions, subset of transitions and game.

Every measure is a function of pooled transitions. A game's value is the mean over its plays of the
play's pooled value; `mean` is the mean over games, with the middle 95 % of a bootstrap over games
(Efron 1979) as `NAME_low` and `NAME_high`; `pooled` pools all transitions of all plays.

Shares are 0-1, and None where nothing could be counted. Higher is better, except where marked (-).

| measure | meaning |
|---|---|
| `transitions` | scored transitions (pooled over plays, in every row) |
| `changed_pixel_acc` | pixels that changed and were predicted right |
| `false_change` (-) | pixels that stayed the same and were predicted to change |
| `exact_frame` | whole frames right, status bars included |
| `exact_masked` | whole frames right, status bars masked |
| `exact_changed` | the same, among frames that changed outside the status bars |
| `sure_share` | predictions with a confidence of 0.9 or more |
| `sure_right` | whole frames right (masked), among the sure ones that changed outside the bars |
| `ece` (-) | expected calibration error of the confidence, 10 equal bins (Naeini et al. 2015) |
| `open_loop_D_exact` | frame right (masked) after D actions imagined in a row; D is 1, 5, 10 |
| `open_loop_D_copy` | the same, if nothing had changed since the start |
| `open_loop_D_sure_share` | rollouts of which every step up to D is sure |
| `open_loop_D_sure_right` | `open_loop_D_exact` among those |
| `open_loop_starts` | rollouts (pooled) |
| `predict_ms`, `learn_ms`, `imagine_ms` (-) | mean time of a call; `..._p95` the 95th percentile |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.measures.calibration import calibration_error
from arcworld.evaluation.measures.pooling import Table, Values, bounds, resamples
from arcworld.evaluation.online.plays import DEPTHS, WINDOWS
from arcworld.evaluation.online.replay import COUNTS, Replay
from arcworld.models.interface import SURE

ALL_ACTIONS = "all"
"""An additional window: every action up to 400."""
SUBSETS = ("all", "novel")
MEAN, POOLED = "mean", "pooled"
NO_SHARE = ("transitions", "open_loop_starts")
"""Measures that are counts: summed over plays in every row, without an interval."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Transitions and rollouts to pool; shapes as in `Replay`."""

    counts_NK: NDArray[np.int64]
    confidence_N: NDArray[np.float32]
    predict_ms_N: NDArray[np.float64]
    learn_ms_N: NDArray[np.float64]
    loop_exact_SD: NDArray[np.bool_]
    loop_copy_SD: NDArray[np.bool_]
    loop_sure_SD: NDArray[np.float32]
    imagine_ms_S: NDArray[np.float64]


def rows_of(found: Replay, window: tuple[int, int], novel_only: bool) -> Rows:
    """Choose the transitions of a play that lie in a window; rollouts by their first one."""
    actions_N = found.play.actions_N
    chosen_N = (actions_N >= window[0]) & (actions_N < window[1])
    if novel_only:
        chosen_N &= found.play.novel_N
    chosen_S = chosen_N[found.play.starts_S]
    return Rows(
        found.counts_NK[chosen_N],
        found.confidence_N[chosen_N],
        found.predict_ms_N[chosen_N],
        found.learn_ms_N[chosen_N],
        found.loop_exact_SD[chosen_S],
        found.loop_copy_SD[chosen_S],
        found.loop_sure_SD[chosen_S],
        found.imagine_ms_S[chosen_S],
    )


def pool(rows: Sequence[Rows]) -> Rows:
    """Put the rows of several plays together."""
    names = Rows.__dataclass_fields__
    return Rows(*(np.concatenate([getattr(one, name) for one in rows]) for name in names))


def measure(rows: Rows) -> Values:
    """Return every measure of pooled rows."""
    counts = {name: rows.counts_NK[:, k] for k, name in enumerate(COUNTS)}
    right, moved = counts["exact_masked"] > 0, counts["changed_masked"] > 0
    sure = rows.confidence_N >= np.float32(SURE)
    return {
        "transitions": float(len(right)),
        "changed_pixel_acc": _ratio(counts["changed_right"], counts["changed"]),
        "false_change": _ratio(counts["unchanged_wrong"], counts["unchanged"]),
        "exact_frame": _mean(counts["exact"]),
        "exact_masked": _mean(right),
        "exact_changed": _mean(right[moved]),
        "sure_share": _mean(sure),
        "sure_right": _mean(right[moved & sure]),
        "ece": calibration_error(rows.confidence_N, right),
        **_open_loop(rows),
        **_times("predict_ms", rows.predict_ms_N),
        **_times("learn_ms", rows.learn_ms_N),
        **_times("imagine_ms", rows.imagine_ms_S),
    }


def _open_loop(rows: Rows) -> Values:
    values: Values = {"open_loop_starts": float(len(rows.loop_exact_SD))}
    for d, depth in enumerate(DEPTHS):
        exact, sure = rows.loop_exact_SD[:, d], rows.loop_sure_SD[:, d] >= np.float32(SURE)
        values[f"open_loop_{depth}_exact"] = _mean(exact)
        values[f"open_loop_{depth}_copy"] = _mean(rows.loop_copy_SD[:, d])
        values[f"open_loop_{depth}_sure_share"] = _mean(sure)
        values[f"open_loop_{depth}_sure_right"] = _mean(exact[sure])
    return values


def _mean(values: NDArray[np.generic]) -> float | None:
    return float(np.mean(values)) if len(values) else None  # type: ignore[arg-type]


def _ratio(top: NDArray[np.int64], bottom: NDArray[np.int64]) -> float | None:
    return float(top.sum() / bottom.sum()) if bottom.sum() else None


def _times(name: str, values: NDArray[np.float64]) -> Values:
    p95 = float(np.percentile(values, 95)) if len(values) else None
    return {name: _mean(values), f"{name}_p95": p95}


def window_names() -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each window as (name, (first, end)), then the window of all actions."""
    for first, end in WINDOWS:
        yield f"{first}-{end}", (first, end)
    yield ALL_ACTIONS, (WINDOWS[0][0], WINDOWS[-1][1])


def tables(found: Sequence[Replay]) -> dict[str, Table]:
    """Return window -> subset -> game, `mean` or `pooled` -> measure -> value."""
    return {
        name: {subset: _by_game(found, window, subset == "novel") for subset in SUBSETS}
        for name, window in window_names()
    }


def _by_game(
    found: Sequence[Replay], window: tuple[int, int], novel_only: bool
) -> dict[str, Values]:
    plays: dict[str, list[Rows]] = {}
    for one in found:
        rows = rows_of(one, window, novel_only)
        if len(rows.counts_NK):
            plays.setdefault(one.play.game, []).append(rows)
    if not plays:
        return {}
    games = {game: _average([measure(rows) for rows in those]) for game, those in plays.items()}
    every = [rows for those in plays.values() for rows in those]
    mean = _average(list(games.values()), intervals=True)
    return {**games, MEAN: mean, POOLED: measure(pool(every))}


def _average(values: Sequence[Values], intervals: bool = False) -> Values:
    """The mean of each measure over the items that have it; the sum for counts."""
    result: Values = {}
    for name in values[0]:
        there = np.array([one[name] for one in values if one[name] is not None], np.float64)
        if name in NO_SHARE:
            result[name] = float(there.sum())
            continue
        result[name] = _mean(there)
        if intervals and len(there) > 1:
            result |= bounds(name, resamples(len(there)) @ there / len(there))
    return result
