"""At a goal: action 5 once, again while that is news; then patience, or as often as it won."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.play.strategies.waiting import ACT, EXPECTED, Waiting
from arcworld.recordings.episode import Action, Outcome, Step

NONE_HW = np.zeros((64, 64), np.bool_)


def step(*changed: tuple[int, int]) -> Step:
    before_HW, after_HW = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8)
    for y, x in changed:
        after_HW[y, x] = 3
    return Step(before_HW, Action(ACT), Outcome.NOTHING, after_HW)


def wait(
    waiting: Waiting,
    answers: list[Step],
    available: tuple[int, ...] = (1, 2, ACT),
    bars_HW: NDArray[np.bool_] = NONE_HW,
    surprises: bool = True,
) -> list[int]:
    """Ids of the actions of one wait, of which the n-th is answered by the n-th answer."""
    waiting.restart()
    ids: list[int] = []
    for answer in answers:
        action = waiting.action(available, bars_HW)
        if action is None:
            return ids
        ids.append(action.id)
        waiting.observe(answer, moves=False, surprises=surprises)
    return ids


def test_action_5_is_sent_once_where_it_does_nothing() -> None:
    assert wait(Waiting(12), [step()] * 5) == [ACT]


def test_it_is_held_while_it_changes_something_anywhere() -> None:
    assert wait(Waiting(12), [step((63, 1)), step((63, 2)), step(), step()]) == [ACT] * 3


def test_a_status_bar_that_ticks_is_no_reason_to_hold() -> None:
    bars_HW = np.zeros((64, 64), np.bool_)
    bars_HW[63] = True
    assert wait(Waiting(12), [step((63, 1))] * 5, bars_HW=bars_HW) == [ACT]


def test_what_action_5_does_everywhere_is_no_reason_to_hold_it_for_long() -> None:
    answers = [step((63, k)) for k in range(9)]
    assert wait(Waiting(12), answers, surprises=False) == [ACT] * EXPECTED


def test_what_won_once_is_held_as_long_again() -> None:
    waiting = Waiting(12)
    wait(waiting, [step((63, 1))] * 4)
    waiting.won(Action(ACT))
    assert waiting.held == 4
    assert wait(waiting, [step()] * 8) == [ACT] * 4


def test_patience_ends_a_wait() -> None:
    assert wait(Waiting(3), [step((1, 1))] * 9) == [ACT] * 3


def test_other_games_wait_while_things_move() -> None:
    waiting = Waiting(12)
    waiting.observe(step((5, 5)), moves=True, surprises=True)
    assert waiting.action((1, 2, 6), NONE_HW) == Action(2)
    waiting.observe(step(), moves=False, surprises=True)
    assert waiting.action((1, 2, 6), NONE_HW) is None
