"""Small made-up games for the tests of the online model."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from arcworld.online.model import OnlineWorldModel
from arcworld.online.scene import OnlineState
from arcworld.recordings.episode import Action, Outcome, Step

FLOOR, WALL, AVATAR, BOX, GEM, LAMP_OFF, LAMP_ON, BUTTON, BAR, EMPTY = (
    0,
    5,
    9,
    8,
    11,
    3,
    4,
    6,
    12,
    2,
)
SHIFTS = {1: (-4, 0), 2: (4, 0), 3: (0, -4), 4: (0, 4)}
type Frame = NDArray[np.uint8]


def room() -> Frame:
    """An empty room of 4 x 4 tiles with walls around."""
    frame = np.full((64, 64), WALL, np.uint8)
    frame[8:56, 8:56] = FLOOR
    return frame


def tile(frame: Frame, y: int, x: int, colour: int) -> Frame:
    """The frame with a tile of one colour."""
    frame = frame.copy()
    frame[y : y + 4, x : x + 4] = colour
    return frame


def place(frame: Frame, colour: int) -> tuple[int, int]:
    """Top left pixel of a colour."""
    rows, columns = np.nonzero(frame == colour)
    return int(rows.min()), int(columns.min())


def walk(frame: Frame, action: Action) -> Frame:
    """The avatar goes one tile; walls stop it, boxes are pushed, gems are taken."""
    if action.id not in SHIFTS:
        return frame
    (y, x), (dy, dx) = place(frame, AVATAR), SHIFTS[action.id]
    ahead = int(frame[y + dy, x + dx])
    if ahead == WALL:
        return frame
    if ahead == BOX:
        if frame[y + 2 * dy, x + 2 * dx] != FLOOR:
            return frame
        frame = tile(frame, y + 2 * dy, x + 2 * dx, BOX)
    return tile(tile(frame, y, x, FLOOR), y + dy, x + dx, AVATAR)


def switch(frame: Frame, action: Action) -> Frame:
    """A clicked lamp is switched on or off; the button turns every lamp off."""
    y, x = action.y or 0, action.x or 0
    colour = int(frame[y, x])
    if colour in (LAMP_OFF, LAMP_ON):
        other = LAMP_ON if colour == LAMP_OFF else LAMP_OFF
        return tile(frame, y // 4 * 4, x // 4 * 4, other)
    if colour == BUTTON:
        return np.where(frame == LAMP_ON, LAMP_OFF, frame).astype(np.uint8)
    return frame


def with_bar(rule: Callable[[Frame, Action], Frame]) -> Callable[[Frame, Action], Frame]:
    """The same game with a bar in the last rows that loses two columns per action."""

    def play(frame: Frame, action: Action) -> Frame:
        after = rule(frame, action).copy()
        left = np.flatnonzero(frame[62] == BAR)
        if len(left) > 1:
            after[61:63, left[-2] :] = EMPTY
        return after

    return play


def teach(
    model: OnlineWorldModel,
    frame: Frame,
    actions: Iterable[Action],
    rule: Callable[[Frame, Action], Frame],
) -> OnlineState:
    """Play and learn; returns the last state."""
    return teach_on(model, model.reset(frame), actions, rule)


def teach_on(
    model: OnlineWorldModel,
    state: OnlineState,
    actions: Iterable[Action],
    rule: Callable[[Frame, Action], Frame],
) -> OnlineState:
    """Play and learn from a state on; returns the last state."""
    for action in actions:
        after = rule(state.frame_HW, action)
        state = model.observe(state, Step(state.frame_HW, action, Outcome.NOTHING, after))
    return state


def predicted(model: OnlineWorldModel, state: OnlineState, action: Action) -> Frame:
    """The predicted next frame."""
    return model.predict(state, [action]).frames_NHW[0]
