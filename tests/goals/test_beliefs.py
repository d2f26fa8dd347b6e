from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.goals import Beliefs, ClassKey, GoalTracker, Hypothesis, Prior
from arcworld.goals.fitting import Level, cross_validated, fit, rank_of, shares
from arcworld.online.view import Action, Outcome, Step
from tests.goals.scenes import drawn

MOVES = (1, 2, 3, 4)
A, B, C = ClassKey(9), ClassKey(14), ClassKey(11)
REACH_B, REACH_C = Hypothesis("reach", (A, B)), Hypothesis("reach", (A, C))
FIRST = drawn({(4, 4): 9, (4, 8): 14, (9, 9): 11})
ON_B = drawn({(4, 8): 9, (9, 9): 11})
ON_C = drawn({(4, 8): 14, (9, 9): 9})


def tracker() -> GoalTracker:
    """The avatar has moved once, and once back."""
    goals = GoalTracker(beliefs=Beliefs(Prior()))
    goals.begin(FIRST, MOVES)
    right = drawn({(4, 5): 9, (4, 8): 14, (9, 9): 11})
    walk(goals, FIRST, 4, right)
    walk(goals, right, 3, FIRST)
    return goals


def walk(
    goals: GoalTracker,
    before: NDArray[np.uint8],
    action: int,
    after: NDArray[np.uint8],
    outcome: Outcome = Outcome.NOTHING,
    won_HW: NDArray[np.uint8] | None = None,
) -> None:
    goals.observe(Step(before, Action(action), outcome, after), won_HW)


def probability(goals: GoalTracker, hypothesis: Hypothesis) -> float:
    return next(b.probability for b in goals.order() if b.hypothesis == hypothesis)


def test_probabilities_sum_to_the_stated_share() -> None:
    goals = tracker()
    total = sum(belief.probability for belief in goals.order())
    assert abs(total - goals.beliefs.prior.stated) < 1e-9
    assert goals.order(3) == goals.order()[:3]


def test_true_without_a_win_is_struck_once_a_sighting() -> None:
    goals = tracker()
    before = probability(goals, REACH_B), probability(goals, REACH_C)
    walk(goals, FIRST, 4, ON_B)
    walk(goals, ON_B, 1, ON_B)
    after = probability(goals, REACH_B), probability(goals, REACH_C)
    assert abs(after[0] / after[1] - 0.3 * before[0] / before[1]) < 1e-6
    belief = next(b for b in goals.order() if b.hypothesis == REACH_B)
    assert belief.strikes == 1 and "held 1 times" in goals.beliefs.explain(belief)


def test_strikes_lower_the_sum() -> None:
    goals = tracker()
    total = sum(belief.probability for belief in goals.order())
    walk(goals, FIRST, 4, ON_B)
    assert sum(belief.probability for belief in goals.order()) < total


def test_what_came_true_at_the_win_leads_on_the_next_level() -> None:
    goals = tracker()
    second = drawn({(1, 1): 9, (12, 3): 14, (5, 5): 11})
    walk(goals, FIRST, 4, second, Outcome.LEVEL_WON, ON_C)
    first = goals.order()[0]
    assert first.hypothesis in {REACH_C, Hypothesis("none", (C,))} and first.confirmed == 1
    assert goals.beliefs.confirmed.keys() >= {REACH_C}
    assert REACH_B not in goals.beliefs.confirmed
    assert "confirmed at 1" in goals.beliefs.explain(first)


def test_a_mover_that_vanished_at_the_win_may_stand_below_its_goal() -> None:
    goals = tracker()
    hidden = drawn({(4, 8): 14, (9, 9): 11})
    walk(goals, FIRST, 4, drawn({(1, 1): 9, (12, 3): 14, (5, 5): 11}), Outcome.LEVEL_WON, hidden)
    assert {REACH_B, REACH_C} <= goals.beliefs.confirmed.keys()


def test_it_stands_below_the_goal_that_it_was_beside() -> None:
    goals = tracker()
    beside = drawn({(4, 7): 9, (4, 8): 14, (9, 9): 11})
    walk(goals, FIRST, 4, beside)
    hidden = drawn({(4, 8): 14, (9, 9): 11})
    walk(goals, beside, 4, drawn({(1, 1): 9, (12, 3): 14}), Outcome.LEVEL_WON, hidden)
    assert REACH_B in goals.beliefs.confirmed and REACH_C not in goals.beliefs.confirmed


def test_it_stands_below_the_goal_that_it_was_a_cell_away_from() -> None:
    goals = tracker()
    near = drawn({(4, 6): 9, (4, 8): 14, (9, 9): 11})
    walk(goals, FIRST, 4, near)
    hidden = drawn({(4, 8): 14, (9, 9): 11})
    walk(goals, near, 4, drawn({(1, 1): 9, (12, 3): 14}), Outcome.LEVEL_WON, hidden)
    assert REACH_B in goals.beliefs.confirmed and REACH_C not in goals.beliefs.confirmed


def test_what_held_without_a_win_gives_way_to_what_held_for_the_first_time() -> None:
    goals = tracker()
    walk(goals, FIRST, 4, ON_B)
    walk(goals, ON_B, 3, FIRST)
    on_both = drawn({(4, 8): 9, (9, 9): 9})
    walk(goals, FIRST, 4, drawn({(1, 1): 9, (12, 3): 14}), Outcome.LEVEL_WON, on_both)
    assert REACH_C in goals.beliefs.confirmed and REACH_B not in goals.beliefs.confirmed


def test_what_held_without_a_win_is_confirmed_where_nothing_else_holds() -> None:
    goals = tracker()
    walk(goals, FIRST, 4, ON_B)
    walk(goals, ON_B, 3, FIRST)
    walk(goals, FIRST, 4, drawn({(1, 1): 9, (12, 3): 14}), Outcome.LEVEL_WON, ON_B)
    assert REACH_B in goals.beliefs.confirmed


def test_goals_confirmed_together_share_the_trust() -> None:
    goals = tracker()
    hidden = drawn({(4, 8): 14, (9, 9): 11})
    walk(goals, FIRST, 4, drawn({(1, 1): 9, (12, 3): 14, (5, 5): 11}), Outcome.LEVEL_WON, hidden)
    order = goals.order()
    confirmed = sum(belief.probability for belief in order if belief.confirmed)
    assert goals.beliefs.config.trusted <= confirmed < 1
    assert sum(belief.probability for belief in order) <= 1
    struck = order[0].hypothesis
    for _ in range(goals.beliefs.config.misses - 1):
        goals.beliefs.missed(struck)
    assert goals.order()[0].hypothesis != struck


def test_confirmed_sets_are_intersected() -> None:
    goals = tracker()
    hidden = drawn({(4, 8): 14, (9, 9): 11})
    walk(goals, FIRST, 4, FIRST, Outcome.LEVEL_WON, hidden)
    walk(goals, FIRST, 4, FIRST, Outcome.LEVEL_WON, ON_B)
    assert goals.beliefs.confirmed[REACH_B] == 2 and REACH_C not in goals.beliefs.confirmed
    assert goals.order()[0].hypothesis == REACH_B


def test_a_confirmed_goal_is_dropped_after_two_misses() -> None:
    goals = tracker()
    walk(goals, FIRST, 4, FIRST, Outcome.LEVEL_WON, ON_B)
    goals.beliefs.missed(REACH_B)
    assert REACH_B in goals.beliefs.confirmed
    goals.beliefs.missed(REACH_B)
    assert REACH_B not in goals.beliefs.confirmed


def test_without_the_won_frame_nothing_is_confirmed() -> None:
    goals = tracker()
    walk(goals, FIRST, 4, FIRST, Outcome.LEVEL_WON)
    assert not goals.beliefs.confirmed


def test_tries_are_counted_and_reset_keeps_strikes() -> None:
    goals = tracker()
    goals.beliefs.tried(REACH_B)
    walk(goals, FIRST, 4, ON_B)
    goals.observe(Step(ON_B, Action(0), Outcome.NOTHING, FIRST))
    belief = next(b for b in goals.order() if b.hypothesis == REACH_B)
    assert (belief.tries, belief.strikes) == (1, 1)


def test_the_same_play_gives_the_same_beliefs() -> None:
    first, second = tracker(), tracker()
    assert first.order() == second.order()


def made_up_levels() -> list[Level]:
    """The hypothesis with the feature "good" is the goal in every family."""
    hypotheses = [Hypothesis("none", (ClassKey(colour),)) for colour in range(4)]
    rows = [{"none": 1.0, "good": float(k == 2)} for k in range(4)]
    true_N = np.array([k == 2 for k in range(4)])
    return [Level(f"g{k}01", f"g{k}", hypotheses, rows, true_N, True) for k in range(6)]


def test_the_fit_finds_what_carries_over() -> None:
    levels = made_up_levels()
    assert fit(levels)["good"] > 1
    ranks = {lv.game: rank_of(lv, prior) for lv, prior in cross_validated(levels, folds=3)}
    assert set(ranks.values()) == {1} and shares(ranks)["top 1"] == 100
