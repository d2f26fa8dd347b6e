"""Undo, and learning again once a mark is known."""

from __future__ import annotations

import numpy as np

from arcworld.online.model import EARLY, OnlineWorldModel
from arcworld.recordings.episode import UNDO, Action
from tests.online.scenes import AVATAR, Frame, predicted, room, teach, tile, walk


class WithUndo:
    """The walk, where ACTION7 takes the last change back."""

    def __init__(self) -> None:
        self.past: list[Frame] = []

    def __call__(self, frame: Frame, action: Action) -> Frame:
        if action.id == UNDO:
            return self.past.pop() if self.past else frame
        after = walk(frame, action)
        if (after != frame).any():
            self.past.append(frame)
        return after


def test_undo_brings_back_what_was_before_also_in_imagination() -> None:
    model, game = OnlineWorldModel(), WithUndo()
    lesson = [Action(k) for k in (4, 4, 2, 7, 7, 3, 4, 4, 2)]
    state = teach(model, tile(room(), 24, 24, AVATAR), lesson, game)
    assert (predicted(model, state, Action(UNDO)) == game.past[-1]).all()
    once = model.predict(state, [Action(UNDO)]).states[0]
    assert (predicted(model, once, Action(UNDO)) == game.past[-2]).all()


def test_the_past_of_a_state_is_bounded() -> None:
    model = OnlineWorldModel()
    frame = tile(room(), 24, 24, AVATAR)
    state = teach(model, frame, [Action(k) for k in (3, 4) * 40], walk)
    assert len(state.past) <= 32
    assert model._early is None and EARLY < 80
    assert np.array_equal(state.past[-1].reshape(64, 64), walk(state.frame_HW, Action(3)))
