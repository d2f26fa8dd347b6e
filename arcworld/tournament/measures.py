"""Measures of an agent's plays, on each game and over all games.

- levels: number of levels won, averaged over seeds, summed over games.
- levels within 5x: levels won before the play spent more than five times the human actions on a
  level; that level and all later ones are not counted. None if the game has no human baseline for a
  level that was won. If levels are played one by one, with help on those not won, each level counts
  on its own.
- score: that of the toolkit's scorecard, averaged over seeds and, as there, over games. None if an
  agent was helped, because the toolkit counts those levels, too.
- actions a level: on levels that were won, RESETs included.
- levels by N actions: levels won within the first N actions of a play, for each N of `BUDGETS` that
  the plays reach.
- seconds an action: time of the agent without that of the game. Thinking time: milliseconds per
  action, median and 95th percentile of a play, averaged over plays.
- plans: number of plans by form of goal and by what became of them, over all plays.
- intervals: 95 %, by resampling games, and seeds within each game; for one game, seeds alone.
  Resampled games count in proportion to their levels, since games differ in the number of levels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.measures import pooling
from arcworld.tournament.results import PlayResult

HUMAN_TIMES = 5
"""Benchmarks end a level at this multiple of the human actions."""
RESAMPLES = 2_000
BUDGETS = (30, 100, 300, 1_000, 2_000)
"""Numbers of actions per game within which levels are counted."""
ALL = "all"

type Interval = tuple[float, float]
type Plays = Mapping[str, Sequence[PlayResult]]
"""Plays of one agent by game, in the order of their seeds."""
Value = Callable[[PlayResult], float | None]


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of one agent, on one game or over all. None: nothing to count, or only one play."""

    plays: int
    levels: float
    levels_interval: Interval | None
    win_levels: int
    levels_within_5x: float | None
    levels_within_5x_interval: Interval | None
    score: float | None
    actions_a_level: float | None
    seconds_an_action: float | None
    faults: int
    replaced: int
    crashes: int
    levels_by_chance: int
    levels_by: Mapping[int, float]
    think_ms: tuple[float, float] | None
    plans: Mapping[str, Mapping[str, int]]


def levels_within(result: PlayResult, times: int = HUMAN_TIMES) -> int | None:
    """Levels won before any level took more than `times` the human actions.

    >>> play = PlayResult("a", "b", 0, 3, 3, level_actions=(40, 51, 5), human_actions=(10, 10, 10))
    >>> levels_within(play), levels_within(play, times=6)
    (1, 3)
    """
    reached = result.level_actions[: result.levels_completed]
    human = result.human_actions[: len(reached)]
    if len(human) < len(reached) or any(count <= 0 for count in human):
        return None
    over = [took > times * count for took, count in zip(reached, human, strict=True)]
    if result.assisted is not None:
        return sum(not over[level] for level in result.won)
    return over.index(True) if True in over else len(over)


def by_agent(
    results: Iterable[PlayResult], agents: Sequence[str]
) -> dict[str, dict[str, list[PlayResult]]]:
    """Group results: agent (in the given order) -> game (sorted) -> plays by seed."""
    found: dict[str, dict[str, list[PlayResult]]] = {agent: {} for agent in agents}
    for result in sorted(results, key=lambda one: (one.game_id, one.seed)):
        found[result.agent].setdefault(result.game_id, []).append(result)
    return found


def measure(plays: Plays) -> Measures:
    """Measure the plays of one agent over the given games."""
    flat = [play for games in plays.values() for play in games]
    won = [took for play in flat for took in play.won_in]
    actions = sum(play.actions for play in flat if not play.error)
    within, within_interval = total(plays, levels_within)
    levels, levels_interval = total(plays, lambda play: len(play.won))
    score, _ = total(plays, lambda play: play.score)
    assert levels is not None and score is not None
    return Measures(
        plays=len(flat),
        levels=levels,
        levels_interval=levels_interval,
        win_levels=sum(map(levels_in, plays.values())),
        levels_within_5x=within,
        levels_within_5x_interval=within_interval,
        score=None if any(play.assisted is not None for play in flat) else score / len(plays),
        actions_a_level=sum(won) / len(won) if won else None,
        seconds_an_action=_ratio(sum(p.agent_seconds for p in flat if not p.error), actions),
        faults=sum(play.faults for play in flat),
        replaced=sum(play.replaced for play in flat),
        crashes=sum(play.error is not None for play in flat),
        levels_by_chance=sum(play.levels_by_chance for play in flat),
        levels_by={n: _levels_by(plays, n) for n in budgets(flat)},
        think_ms=_mean_think(flat),
        plans=_plans(flat),
    )


def budgets(plays: Iterable[PlayResult]) -> list[int]:
    """Those of `BUDGETS` that the longest play reached."""
    longest = max((play.actions for play in plays), default=0)
    return [n for n in BUDGETS if n <= longest]


def levels_by(play: PlayResult, actions: int | None) -> int:
    """Levels that a play won within its first `actions` actions; None: in the whole play.

    >>> levels_by(PlayResult("a", "b", 0, 2, 3, 60, level_actions=(10, 20, 30)), 20)
    1
    """
    return len(play.won) if actions is None else sum(at <= actions for at in play.won_at)


def _levels_by(plays: Plays, actions: int) -> float:
    """Sum over games of the average over seeds."""
    return sum(
        float(np.mean([levels_by(play, actions) for play in games])) for games in plays.values()
    )


def _mean_think(plays: Sequence[PlayResult]) -> tuple[float, float] | None:
    known = [play.think_ms for play in plays if play.think_ms is not None]
    if not known:
        return None
    median, high = np.mean(known, 0)
    return float(median), float(high)


def _plans(plays: Iterable[PlayResult]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for play in plays:
        for form, fates in play.plans.items():
            row = found.setdefault(form, {})
            for fate, count in fates.items():
                row[fate] = row.get(fate, 0) + count
    return found


def _ratio(top: float, bottom: int) -> float | None:
    return top / bottom if bottom else None


def total(plays: Plays, value: Value) -> tuple[float | None, Interval | None]:
    """Sum over games of a value's average over seeds, and its interval."""
    columns = [[value(play) for play in games] for games in plays.values()]
    known = [[v for v in column if v is not None] for column in columns]
    if any(len(some) < len(column) for some, column in zip(known, columns, strict=True)):
        return None, None
    levels = [levels_in(games) for games in plays.values()]
    return sum(float(np.mean(column)) for column in known), interval(known, levels)


def levels_in(games: Sequence[PlayResult]) -> int:
    """Number of levels of a game, from its plays; a play that crashed early may not know it."""
    return max(play.win_levels for play in games)


def interval(
    columns: Sequence[Sequence[float]], levels: Sequence[int] | None = None
) -> Interval | None:
    """95 % interval of the sum over games of the average over seeds, by resampling both.

    >>> interval([[1.0, 1.0], [1.0]])
    (2.0, 2.0)
    >>> interval([[6.0], [7.0]], levels=[6, 7])
    (13.0, 13.0)
    >>> interval([[3.0]]) is None
    True

    Args:
        columns: values by game and seed.
        levels: number of levels of each game, as weights; None: equal weights.
    """
    if sum(map(len, columns)) < 2:
        return None
    seeds_G = np.array([len(column) for column in columns])
    values_GS = np.zeros((len(columns), seeds_G.max()))
    for row, column in zip(values_GS, columns, strict=True):
        row[: len(column)] = column
    levels_G = np.maximum(np.array(levels or [1] * len(columns)), 1)
    return pooling.interval(_resample(values_GS, seeds_G, levels_G))


def _resample(
    values_GS: NDArray[np.float64], seeds_G: NDArray[np.int64], levels_G: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Resampled sums over G games of the average over their seeds, [RESAMPLES]."""
    rng = np.random.default_rng(0)
    games_RG = rng.integers(0, len(seeds_G), (RESAMPLES, len(seeds_G)))
    counts_RG1 = seeds_G[games_RG][:, :, None]
    drawn_RGS = (rng.random((*games_RG.shape, values_GS.shape[1])) * counts_RG1).astype(np.int64)
    used_RGS = np.arange(values_GS.shape[1]) < counts_RG1
    values_RGS = values_GS[games_RG[:, :, None], drawn_RGS] * used_RGS
    sums_R = (values_RGS.sum(2) / counts_RG1[:, :, 0]).sum(1)
    return sums_R * levels_G.sum() / levels_G[games_RG].sum(1)


def curve(plays: Plays, max_actions: int) -> NDArray[np.float64]:
    """Levels won within 0, 1, .. `max_actions` actions: summed over games, averaged over seeds."""
    levels = np.zeros(max_actions + 1)
    for games in plays.values():
        for play in games:
            for at in play.won_at:
                levels[min(at, max_actions) :] += 1 / len(games)
    return levels
