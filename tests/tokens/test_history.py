"""A history is a value that grows, is cut, and is read as a window."""

from __future__ import annotations

import numpy as np

from arcworld.recordings.episode import Action, Outcome
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.history import History


def codes(number: int) -> np.ndarray:
    return np.full(64, number, np.int32)


def played(frames: int) -> History:
    history = History((codes(0),))
    for number in range(1, frames):
        history = history.then(Action(1 + number % 4), codes(number))
    return history


def test_a_step_leaves_the_history_before_it_as_it_was() -> None:
    first = played(2)
    later = first.then(Action(6, 62, 26), codes(2), Outcome.LEVEL_WON)
    assert len(first.codes) == 2 and len(first.past) == 1
    assert later.past[-1] == (6, 31, Outcome.LEVEL_WON)


def test_a_window_has_a_pending_action_only_if_it_is_given() -> None:
    history = played(3)
    window, pending = history.window(), history.with_action(Action(6, 0, 63))
    assert window.indices_TC[:, 0].tolist() == pending.indices_TC[:, 0].tolist() == [0, 1, 2]
    assert window.types_A.tolist() == [2, 3] and window.cells_A.tolist() == [NO_CELL] * 2
    assert pending.types_A.tolist() == [2, 3, 6] and pending.cells_A[-1] == 56
    assert pending.outcomes_A[-1] == Outcome.NOTHING and not pending.winning_A.any()
    alone = played(1).window()
    assert alone.types_A.dtype == np.int16 and len(alone.types_A) == 0 and alone.opens


def test_only_the_newest_frames_are_kept_and_those_do_not_open_the_scene() -> None:
    history = played(5)
    assert history.newest(5) is history and history.newest(9).opens
    cut = history.newest(2)
    assert [int(one[0]) for one in cut.codes] == [3, 4] and cut.past == history.past[-1:]
    assert not cut.window().opens and not cut.newest(2).opens
    assert history.newest(1).past == ()
