"""One agent against another: differences of paired plays, with intervals.

Plays are paired by game and seed, so that games that are hard for both do not widen the interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arcworld.tournament.measures import (
    Interval,
    Plays,
    budgets,
    interval,
    levels_by,
    levels_in,
)
from arcworld.tournament.results import PlayResult


@dataclass(frozen=True, slots=True)
class Lead:
    """Levels of one agent minus those of another, on the games and seeds that both played.

    Attributes:
        agent, other: names of the two agents.
        levels: the difference; positive if `agent` won more.
        interval: 95 % interval of the difference.
        within: levels count if won within this number of actions of a play; None: the whole play.
        other_levels: levels of the other agent.
        both_won: number of levels that both won.
        actions_ratio: actions of `agent` on the levels that both won, divided by those of `other`;
            None if there are none.
    """

    agent: str
    other: str
    levels: float
    interval: Interval | None
    within: int | None = None
    other_levels: float = 0.0
    both_won: int = 0
    actions_ratio: float | None = None


def leads(plays: Mapping[str, Plays]) -> list[Lead]:
    """Compare each agent with each agent named before it, paired by game and seed.

    Levels are counted within each budget that the plays reached, then in whole plays.
    """
    agents = list(plays)
    flat = [play for games in plays.values() for one in games.values() for play in one]
    longest = max((play.actions for play in flat), default=0)
    within = [n for n in budgets(flat) if n < longest]
    return [
        _lead(plays[agent], plays[other], (agent, other), n)
        for i, agent in enumerate(agents)
        for other in agents[:i]
        for n in (*within, None)
    ]


def _lead(first: Plays, second: Plays, names: tuple[str, str], within: int | None) -> Lead:
    columns: list[list[float]] = []
    levels: list[int] = []
    others, actions = 0.0, [(0, 0)]
    for game, plays in second.items():
        pairs = _pairs(first.get(game, ()), plays)
        if pairs:
            columns.append([levels_by(a, within) - levels_by(b, within) for a, b in pairs])
            levels.append(levels_in([play for pair in pairs for play in pair]))
            others += float(np.mean([levels_by(b, within) for _, b in pairs]))
            actions += [one for a, b in pairs for one in _both(a, b, within)]
    ahead = sum(float(np.mean(column)) for column in columns)
    own, other = (sum(column) for column in zip(*actions, strict=True))
    ratio = own / other if other else None
    spread = interval(columns, levels)
    return Lead(*names, ahead, spread, within, others, len(actions) - 1, ratio)


def _pairs(
    first: Sequence[PlayResult], second: Sequence[PlayResult]
) -> list[tuple[PlayResult, PlayResult]]:
    """Pairs of plays of one game with the same seed."""
    by_seed = {play.seed: play for play in second}
    return [(play, by_seed[play.seed]) for play in first if play.seed in by_seed]


def _both(first: PlayResult, second: PlayResult, within: int | None) -> list[tuple[int, int]]:
    """Actions of both agents on each level that both won within a budget."""
    most = max(first.actions, second.actions) if within is None else within
    both = set(first.won) & set(second.won)
    found: list[tuple[int, int]] = []
    for level in sorted(both):
        known = level < min(len(first.level_actions), len(second.level_actions))
        if known and max(_won_at(first, level), _won_at(second, level)) <= most:
            found.append((first.level_actions[level], second.level_actions[level]))
    return found


def _won_at(play: PlayResult, level: int) -> int:
    return sum(play.level_actions[: level + 1])
