"""The mark that a game draws where one clicks."""

from __future__ import annotations

import numpy as np

from arcworld.online.model import OnlineWorldModel
from arcworld.recordings.episode import Action
from tests.online.scenes import LAMP_OFF, Frame, predicted, room, switch, teach, teach_on, tile

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


class CellGame(MarkedGame):
    """An empty room, with a plus in the middle of the cell of 6 pixels where one clicked last."""

    def __call__(self, frame: Frame, action: Action) -> Frame:
        shown = self.below.copy()
        y, x = (((v or 0) - 2) // 6 * 6 + 5 for v in (action.y, action.x))
        shown[y - 1 : y + 2, x] = MARK
        shown[y, x - 1 : x + 2] = MARK
        return shown


def test_a_mark_is_drawn_in_cells_that_nothing_else_shows() -> None:
    rng = np.random.default_rng(2)
    clicks = [Action(6, int(x), int(y)) for y, x in rng.integers(10, 54, (30, 2))]
    game, model = CellGame(room()), OnlineWorldModel()
    state = teach(model, game.below, clicks, game)
    for click in (Action(6, 21, 33), Action(6, 24, 30)):
        assert (predicted(model, state, click) == game(state.frame_HW, click)).all()


class RippleGame(MarkedGame):
    """An empty room; a plus where one clicked last, which is a ring with the next other action."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.at, self.age = (0, 0), 0

    def __call__(self, frame: Frame, action: Action) -> Frame:
        self.age += 1
        if action.id == 6:
            self.at, self.age = (action.y or 0, action.x or 0), 0
        (y, x), shown = self.at, self.below.copy()
        shown[y - 1 - self.age : y + 2 + self.age, x] = MARK
        shown[y, x - 1 : x + 2] = MARK
        return shown


def test_a_mark_that_changes_is_foretold_at_each_age() -> None:
    rng = np.random.default_rng(3)
    actions: list[Action] = []
    for y, x in rng.integers(12, 52, (24, 2)):
        actions += [Action(6, int(x), int(y)), Action(1), Action(1)]
    game, model = RippleGame(room()), OnlineWorldModel()
    state = teach(model, game.below, actions, game)
    for action in (Action(6, 20, 20), Action(1), Action(1)):
        assert (predicted(model, state, action) == game(state.frame_HW, action)).all()
        state = model.predict(state, [action]).states[0]


def test_a_game_that_ignored_a_click_is_taken_to_ignore_the_next() -> None:
    rng = np.random.default_rng(4)
    clicks = [Action(6, int(x), int(y)) for y, x in rng.integers(10, 54, (24, 2))]
    game, model = MarkedGame(room()), OnlineWorldModel()
    state = teach(model, game.below, clicks, game)
    dead = state.frame_HW.copy()
    for _ in range(3):
        state = teach_on(model, state, [Action(6, 30, 12), Action(6, 12, 40)], lambda *_: dead)
    assert (predicted(model, state, Action(6, 40, 40)) == dead).all()
    assert state.mark.ignored and state.mark.look is not None


def test_no_mark_is_found_where_lamps_toggle() -> None:
    rng = np.random.default_rng(1)
    clicks = [Action(6, int(x), int(y)) for y, x in rng.integers(10, 54, (30, 2))]
    model = OnlineWorldModel()
    state = teach(model, lamps(8), clicks, switch)
    assert (state.clean.reshape(64, 64) == state.frame_HW).all()
