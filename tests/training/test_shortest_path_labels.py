from __future__ import annotations

from dataclasses import replace

import numpy as np

from arcworld.recordings.episode import RESET, Episode, Outcome
from arcworld.recordings.status_bars import counter_mask
from arcworld.training.shortest_path_labels import best_mask, shortest_path_labels


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


def test_only_the_fewest_actions_are_kept_as_they_were_taken() -> None:
    found = best_mask([wins(3), wins(4), wins(3, 2)])
    assert [int(best_A.sum()) for best_A in found] == [3, 0, 5]


def walk(cells: list[int], actions: list[int], *, won: bool, clock: bool = True) -> Episode:
    """Return an episode of a dot in row 30 above a status bar in row 63; it may win at the end.

    Without a `clock` there is no status bar.
    """
    count = len(actions)
    frames = np.zeros((count + 1, 64, 64), np.uint8)
    for t, cell in enumerate(cells):
        frames[t, 30, cell] = 5
        frames[t, 63, : 4 * t * clock] = 3
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


def test_a_long_way_to_a_win_is_taught_the_short_one() -> None:
    short = walk([10, 11, 12, 13, 13], [RIGHT, RIGHT, RIGHT, RIGHT], won=True, clock=False)
    long = walk([10, 9, 10, 11, 12, 13, 13], [LEFT, RIGHT, *[RIGHT] * 4], won=True, clock=False)
    _, of_long = shortest_path_labels([short, long])
    assert of_long.actions_A3[:, 0].tolist() == [RIGHT] * 6 and of_long.known_A.all()


def test_play_that_never_won_shows_how_to_return_to_a_path() -> None:
    """No single recording holds the path: one leads back, another one on to the win."""
    winner = walk([10, 11, 12, 12], [RIGHT, RIGHT, UP], won=True, clock=False)
    back = walk([7, 8, 9, 10], [RIGHT, RIGHT, RIGHT], won=False, clock=False)
    away = walk([9, 8, 7, 6], [LEFT, LEFT, LEFT], won=False, clock=False)
    labels = shortest_path_labels([winner, back, away])
    assert [one.known_A.all() for one in labels] == [True, True, True]
    assert labels[2].actions_A3[:, 0].tolist() == [RIGHT, RIGHT, RIGHT]


def test_of_equally_short_actions_the_most_frequent_is_taught() -> None:
    def start(first: int) -> Episode:
        """RIGHT and UP both lead from 10 to 11; the play ends there, or goes on to the win."""
        return walk([10, 11], [first], won=False, clock=False)

    longer = walk([9, 10, 11, 11], [RIGHT, RIGHT, UP], won=True, clock=False)
    for often, rarely in ((RIGHT, UP), (UP, RIGHT)):
        plays = [longer, start(rarely), *[start(often)] * 3]
        assert shortest_path_labels(plays)[1].actions_A3[0, 0] == often


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
