"""Buttons that move gauges elsewhere, and things that react by where they are."""

from __future__ import annotations

import numpy as np

from arcworld.online.model import OnlineWorldModel
from arcworld.recordings.episode import Action
from tests.online.scenes import (
    BUTTON,
    FLOOR,
    LAMP_OFF,
    LAMP_ON,
    WALL,
    Frame,
    predicted,
    room,
    teach,
    tile,
)

FILLED, STEP = 12, 2
LEFT_GAUGE, RIGHT_GAUGE = np.s_[10:50, 10:18], np.s_[10:50, 30:38]
TO_RIGHT, TO_LEFT = Action(6, 13, 53), Action(6, 33, 53)


def gauges(left: int, right: int) -> Frame:
    """Two gauges, filled from below to some height, with a button below each."""
    frame = room()
    for place, lines in ((LEFT_GAUGE, left), (RIGHT_GAUGE, right)):
        frame[place] = 2
        frame[place][40 - lines :] = FILLED
    return tile(tile(frame, 52, 12, BUTTON), 52, 32, BUTTON)


def pour(frame: Frame, action: Action) -> Frame:
    """A button moves two lines from one gauge to the other, if both have room."""
    left, right = (int((frame[g] == FILLED).all(1).sum()) for g in (LEFT_GAUGE, RIGHT_GAUGE))
    change = STEP if action == TO_LEFT else -STEP
    if min(left + change, right - change) < 0:
        return frame.copy()
    return gauges(left + change, right - change)


def test_a_gauge_goes_on_where_it_stands() -> None:
    model = OnlineWorldModel()
    teach(model, gauges(20, 20), [TO_RIGHT, TO_RIGHT, TO_LEFT, TO_LEFT, TO_LEFT], pour)
    for levels in ((12, 28), (26, 14)):
        state = model.reset(gauges(*levels))
        for action in (TO_RIGHT, TO_LEFT, TO_LEFT):
            prediction = model.predict(state, [action])
            assert (prediction.frames_NHW[0] == pour(state.frame_HW, action)).all()
            state = prediction.states[0]


def test_a_button_does_nothing_where_a_part_of_it_cannot() -> None:
    model = OnlineWorldModel()
    tour = [TO_RIGHT] * 4 + [TO_LEFT] * 6 + [TO_RIGHT] * 4
    teach(model, gauges(4, 20), tour, pour)
    empty = model.reset(gauges(0, 30))
    assert (predicted(model, empty, TO_RIGHT) == empty.frame_HW).all()
    assert (predicted(model, empty, TO_LEFT) == pour(empty.frame_HW, TO_LEFT)).all()


def light(frame: Frame, action: Action) -> Frame:
    """Lamps with floor around them switch; those within the wall do not."""
    y, x = action.y or 0, action.x or 0
    colour = int(frame[y, x])
    if colour not in (LAMP_OFF, LAMP_ON) or frame[y // 4 * 4 - 1, x] != FLOOR:
        return frame.copy()
    return tile(frame, y // 4 * 4, x // 4 * 4, LAMP_ON if colour == LAMP_OFF else LAMP_OFF)


def test_of_things_that_look_alike_the_ground_tells_which_react() -> None:
    inside, walled = [(16, 16), (16, 24), (24, 16)], [(0, 8), (0, 16), (0, 24), (0, 32)]
    frame = room()
    for y, x in (*inside, *walled, (32, 32)):
        frame = tile(frame, y, x, LAMP_OFF)
    frame[4, :] = WALL
    clicks = [Action(6, x, y) for y, x in (*walled, *inside, *walled)]
    model = OnlineWorldModel()
    state = teach(model, frame, clicks, light)
    for action in (Action(6, 33, 33), Action(6, 33, 1)):
        assert (predicted(model, state, action) == light(state.frame_HW, action)).all()
