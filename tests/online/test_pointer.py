"""The mark that a game draws where one clicks."""

from __future__ import annotations

import numpy as np

from arcworld.online.model import OnlineWorldModel
from arcworld.recordings.episode import Action
from tests.online.scenes import LAMP_OFF, Frame, predicted, room, switch, teach, tile

MARK = 14


class MarkedGame:
    """The lamps, with a plus where one clicked last: at the pixel or in the middle of the cell."""

    def __init__(self, frame: Frame, cell: int = 1) -> None:
        self.below, self.cell = frame, cell

    def __call__(self, frame: Frame, action: Action) -> Frame:
        self.below = switch(self.below, action)
        shown = self.below.copy()
        y, x = ((v or 0) // self.cell * self.cell + self.cell // 2 for v in (action.y, action.x))
        shown[y - 1 : y + 2, x] = MARK
        shown[y, x - 1 : x + 2] = MARK
        return shown


def lamps(side: int) -> Frame:
    frame = room()
    for y in range(16, 48, side):
        for x in range(16, 48, side):
            if (y + x) // side % 2:
                frame = tile(frame, y, x, LAMP_OFF)
    return frame


def test_a_mark_is_drawn_at_the_next_click_and_taken_off_the_last() -> None:
    rng = np.random.default_rng(0)
    clicks = [Action(6, int(x), int(y)) for y, x in rng.integers(10, 54, (24, 2))]
    game = MarkedGame(lamps(8))
    model = OnlineWorldModel()
    state = teach(model, game.below, clicks, game)
    floor = Action(6, 11, 51)
    before = MarkedGame(game.below)
    assert (predicted(model, state, floor) == before(state.frame_HW, floor)).all()
    assert (state.clean != MARK).all() and (state.frame_HW == MARK).sum() == 5


def test_no_mark_is_found_where_lamps_toggle() -> None:
    rng = np.random.default_rng(1)
    clicks = [Action(6, int(x), int(y)) for y, x in rng.integers(10, 54, (30, 2))]
    model = OnlineWorldModel()
    state = teach(model, lamps(8), clicks, switch)
    assert (state.clean.reshape(64, 64) == state.frame_HW).all()
