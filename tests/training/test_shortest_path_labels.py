from __future__ import annotations

from dataclasses import replace

import numpy as np

from arcworld.recordings.episode import RESET, Episode, Outcome
from arcworld.recordings.status_bars import counter_mask
from arcworld.training.shortest_path_labels import expert_mask, shortest_path_labels


def wins(*lengths: int) -> Episode:
    """Return an episode whose levels were won after the given numbers of actions."""
    count = sum(lengths)
    outcomes = np.zeros(count, np.uint8)
    outcomes[np.cumsum(lengths) - 1] = Outcome.LEVEL_WON
    return Episode(
        game_id="tiny-0001",
        guid="guid",
        frames_THW=np.zeros((count + 1, 64, 64), np.uint8),
        actions_A3=np.array([(1, -1, -1)] * count, np.int16),
        outcomes_A=outcomes,
        grids_T=np.ones(count + 1, np.uint16),
        levels_T=np.cumsum([0, *(outcomes == Outcome.LEVEL_WON)]).astype(np.uint8),
        available_T=np.full(count + 1, 0b11110, np.uint8),
        win_levels=3,
    )


def test_ways_that_took_far_too_long_teach_nothing() -> None:
    found = expert_mask([wins(3), wins(6), wins(7, 2)])
    assert [int(skill.sum()) for skill in found] == [3, 6, 2]
    assert not found[2][:7].any() and found[2][7:].all()
    assert expert_mask([wins(7, 2)])[0].all()


def walk(cells: list[int], actions: list[int], *, won: bool) -> Episode:
    """Return an episode of a dot in row 30 above a status bar in row 63; it may win at the end."""
    count = len(actions)
    frames = np.zeros((count + 1, 64, 64), np.uint8)
    for t, cell in enumerate(cells):
        frames[t, 30, cell] = 5
        frames[t, 63, : 4 * t] = 3
    outcomes = np.zeros(count, np.uint8)
    outcomes[-1] = Outcome.LEVEL_WON if won else Outcome.NOTHING
    levels = np.zeros(count + 1, np.uint8)
    levels[-1] = won
    return replace(
        wins(1),
        frames_THW=frames,
        actions_A3=np.array([(action, -1, -1) for action in actions], np.int16),
        outcomes_A=outcomes,
        grids_T=np.ones(count + 1, np.uint16),
        levels_T=levels,
        available_T=np.full(count + 1, 0b11110, np.uint8),
    )


RIGHT, LEFT, UP = 1, 2, 3


def test_off_the_ways_that_won_the_shortest_known_way_is_taught_whatever_the_clock() -> None:
    winner = walk([10, 11, 12, 13, 13], [RIGHT, RIGHT, RIGHT, RIGHT], won=True)
    lost = walk(
        [10, 9, 10, 11, 12, 11, 40, 40],
        [LEFT, RIGHT, RIGHT, RIGHT, LEFT, RESET, LEFT],
        won=False,
    )
    of_winner, of_lost = shortest_path_labels([winner, lost])
    assert of_winner.actions_A3.tolist() == winner.actions_A3.tolist() and of_winner.known_A.all()
    assert of_lost.actions_A3[:, 0].tolist() == [RIGHT] * 6 + [RESET]
    assert of_lost.known_A.tolist() == [True] * 6 + [False]


def test_an_action_that_wins_nothing_anywhere_is_never_taught() -> None:
    (lesson,) = shortest_path_labels([walk([10, 11, 12], [RIGHT, RIGHT], won=False)])
    assert not lesson.known_A.any()


def test_frames_whose_target_depends_on_the_clock_are_timed() -> None:
    """The dot goes right, back left and right again: at 11 the next action is left, then right."""
    (lesson,) = shortest_path_labels(
        [walk([10, 11, 10, 11, 12, 12], [RIGHT, LEFT, RIGHT, RIGHT, UP], won=True)]
    )
    assert lesson.known_A.all()
    assert lesson.timed_A.tolist() == [False, True, False, True, False]


def test_lives_left_are_a_counter_where_all_else_came_back() -> None:
    def with_lives(*, also: bool) -> Episode:
        """Every six actions the dot is at its start, the status bar full, and a life lost."""
        play = walk(
            [10, 11, 12, 11, 12, 13] * 3, [RIGHT, RIGHT, LEFT, RIGHT, UP, RIGHT] * 3, won=False
        )
        for t, frame in enumerate(play.frames_THW):
            frame[63] = 0
            frame[63, : 4 * (t % 6)] = 3
            frame[61, 60 : 60 + t // 6] = 7
            frame[20:30, 20:30] = also * (t // 6)
        return play

    lives = counter_mask([with_lives(also=False)])[61]
    assert np.flatnonzero(lives).tolist() == [60, 61]
    assert not counter_mask([with_lives(also=True)])[61].any(), "something else did not come back"
