"""What is expected before it was seen."""

from __future__ import annotations

from arcworld.online.model import OnlineWorldModel
from arcworld.recordings.episode import Action
from tests.online.scenes import AVATAR, Frame, predicted, room, teach, tile, walk


def test_one_arrow_shows_what_the_others_do() -> None:
    model = OnlineWorldModel()
    state = teach(model, tile(room(), 24, 24, AVATAR), [Action(4)], walk)
    for k in (1, 2, 3):
        assert (predicted(model, state, Action(k)) == walk(state.frame_HW, Action(k))).all()
    assert (predicted(model, state, Action(5)) == state.frame_HW).all()


def swapped(frame: Frame, action: Action) -> Frame:
    """ACTION1 goes right; what it should mean is not what it does."""
    return walk(frame, Action(4) if action.id == 1 else action)


def test_an_arrow_that_means_something_else_gives_no_expectation() -> None:
    model = OnlineWorldModel()
    state = teach(model, tile(room(), 24, 24, AVATAR), [Action(1)], swapped)
    assert (predicted(model, state, Action(2)) == state.frame_HW).all()
