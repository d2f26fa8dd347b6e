"""Measures compared with hand counts, and properties of intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcworld.tournament.leads import leads
from arcworld.tournament.measures import (
    by_agent,
    curve,
    interval,
    levels_within,
    measure,
)
from arcworld.tournament.results import PlayResult

type MakePlay = Callable[..., PlayResult]

COLUMNS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=5)


def test_a_level_over_five_times_the_human_actions_ends_the_count(make_play: MakePlay) -> None:
    assert levels_within(make_play(50, 50)) == 2
    assert levels_within(make_play(50, 51, 10)) == 1
    assert levels_within(make_play(51, 10)) == 0
    assert levels_within(make_play(rest=900)) == 0


def test_without_a_baseline_nothing_is_within_it(make_play: MakePlay) -> None:
    unknown = replace(make_play(5, 5), human_actions=(10,))
    assert levels_within(unknown) is None
    assert levels_within(replace(unknown, human_actions=(10, -1))) is None
    assert measure({"g": [unknown, make_play(5)]}).levels_within_5x is None


def test_measures_of_two_games(make_play: MakePlay) -> None:
    plays = {
        "g": [make_play(20, 60), make_play(seed=1)],
        "h": [make_play(10, game="h"), make_play(30, game="h", seed=1)],
    }
    found = measure(plays)
    assert (found.plays, found.levels, found.win_levels) == (4, 2.0, 12)
    assert found.levels_within_5x == 0.5 + 1
    assert found.score == pytest.approx((1 + 1) / 2)  # the mean over games of that over seeds
    assert found.actions_a_level == (20 + 60 + 10 + 30) / 4
    assert found.seconds_an_action == 2.0 / (87 + 7 + 17 + 37)
    assert found.levels_interval is not None
    low, high = found.levels_interval
    assert 0 <= low <= found.levels <= high <= 4


def test_crashes_count_what_was_won_before(make_play: MakePlay) -> None:
    crashed = replace(make_play(10), error="KeyError: 'door'", agent_seconds=99.0)
    found = measure({"g": [crashed, make_play(10, seed=1)]})
    assert (found.crashes, found.levels) == (1, 1.0)
    assert found.seconds_an_action == 0.5 / 17


@given(COLUMNS)
def test_an_interval_holds_its_mean_and_stays_within_the_values(columns: list[list[int]]) -> None:
    found = interval(columns)
    if sum(map(len, columns)) < 2:
        assert found is None
        return
    assert found is not None and found == interval(columns)  # the seed is fixed
    low, high = found
    games = len(columns)
    values = [value for column in columns for value in column]
    assert games * min(values) - 1e-9 <= low <= high <= games * max(values) + 1e-9
    mean = sum(float(np.mean(column)) for column in columns)
    assert low - 1e-9 <= mean <= high + 1e-9


def test_an_interval_is_as_wide_as_theory_says() -> None:
    """One game, many seeds, half of them win: the standard error of the mean is 0.5 / sqrt(n)."""
    found = interval([[0.0, 1.0] * 200])
    assert found is not None
    assert found[1] - found[0] == pytest.approx(2 * 1.96 * 0.5 / 20, rel=0.1)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=6), st.integers(1, 3))
def test_no_interval_goes_beyond_what_there_is_to_win(levels: list[int], seeds: int) -> None:
    most = interval([[float(count)] * seeds for count in levels], levels)
    assert most == pytest.approx((sum(levels), sum(levels)))


def test_a_lead_pairs_games_and_seeds(make_play: MakePlay) -> None:
    results = [
        make_play(*[5] * levels, agent=agent, game=game, seed=seed)
        for game, base in (("g", 0), ("h", 3))
        for seed in range(3)
        for agent, levels in (("a", base), ("b", base + 1))
    ]
    (lead,) = leads(by_agent(results, ["a", "b"]))
    assert (lead.agent, lead.other, lead.levels) == ("b", "a", 2.0)
    assert lead.interval == (2.0, 2.0)  # games differ by three levels, the lead does not
    assert (lead.within, lead.other_levels) == (None, 3.0)
    assert (lead.both_won, lead.actions_ratio) == (9, 1.0)


def test_a_lead_within_a_budget_counts_what_was_won_in_time(make_play: MakePlay) -> None:
    results = [make_play(10, 10, 400, agent="a"), make_play(20, 100, agent="b")]
    found = {lead.within: lead for lead in leads(by_agent(results, ["a", "b"]))}
    assert {n: lead.levels for n, lead in found.items()} == {30: -1, 100: -1, 300: 0, None: -1}
    assert (found[300].both_won, found[300].actions_ratio) == (2, 6.0)
    assert found[100].both_won == 1 and found[100].actions_ratio == 2.0


def test_plans_are_counted_over_plays(make_play: MakePlay) -> None:
    plays = [replace(make_play(), plans={"reach": {"started": 2, "won": 1}}) for _ in range(2)]
    assert measure({"g": plays}).plans == {"reach": {"started": 4, "won": 2}}


def test_the_curve_rises_where_levels_were_won(make_play: MakePlay) -> None:
    levels = curve({"g": [make_play(2, 3), make_play(4, seed=1)]}, 6)
    assert levels.tolist() == [0, 0, 0.5, 0.5, 1.0, 1.5, 1.5]


def test_levels_won_with_help_are_not_won(make_play: MakePlay) -> None:
    assisted = replace(make_play(10, 51, 20), assisted=(1,))
    assert assisted.won == (0, 2) and assisted.won_at == (10, 81)
    assert levels_within(assisted) == 2 and levels_within(replace(assisted, assisted=())) == 2
    found = measure({"g": [assisted]})
    assert (found.levels, found.score, found.actions_a_level) == (2, None, 15)
