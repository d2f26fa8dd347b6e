"""Lights that switch their neighbours: effects are observed, and added up to a goal."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from arcworld.goals import START, ClassKey, Hypothesis, build_scene, progress
from arcworld.planning.click_effects import ClickEffects
from arcworld.recordings.episode import CLICK, Action

ON, OFF, DIM = 11, 5, 12
VISIBLE = np.ones((64, 64), np.bool_)
DARK = Hypothesis("none", (ClassKey(ON),))
ALL_OFF = Hypothesis("none", (ClassKey(ON), ClassKey(DIM)), "group")
type Lights = NDArray[np.intp]


class Board:
    """4 x 4 lamps of 16 pixels; a click moves a lamp and its neighbours on by one colour."""

    def __init__(
        self, clicks: Iterable[tuple[int, int]], colours: tuple[int, ...], wraps: bool = False
    ) -> None:
        self.lights: Lights = np.zeros((4, 4), np.intp)
        self.colours, self.wraps = colours, wraps
        for cell in clicks:
            for _ in range(len(colours) - 1):
                self.switch(*cell)

    def switch(self, row: int, column: int) -> None:
        for dy, dx in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)):
            y, x = row + dy, column + dx
            if self.wraps or (0 <= y < 4 and 0 <= x < 4):
                self.lights[y % 4, x % 4] += 1

    def frame(self, mark: Action | None = None) -> NDArray[np.uint8]:
        """The frame, with a mark of two pixels where it was clicked."""
        found = np.array(self.colours, np.uint8)[self.lights % len(self.colours)]
        frame_HW = np.repeat(np.repeat(found, 16, 0), 16, 1)
        if mark is not None:
            frame_HW[mark.y or 0, (mark.x or 0) : (mark.x or 0) + 2] = 8
        return frame_HW


def clicked(board: Board, action: Action, effects: ClickEffects) -> None:
    before_HW = board.frame()
    board.switch((action.y or 0) // 16, (action.x or 0) // 16)
    effects.observe(before_HW, action, board.frame(action), VISIBLE)


@pytest.mark.parametrize(("colours", "goal"), [((OFF, ON), DARK), ((OFF, ON, DIM), ALL_OFF)])
@pytest.mark.parametrize("wraps", [False, True])
def test_lights_are_put_out_after_a_few_clicks(
    colours: tuple[int, ...], goal: Hypothesis, wraps: bool
) -> None:
    board = Board([(0, 1), (2, 2), (3, 0)], colours, wraps)
    effects = ClickEffects()
    first_HW = board.frame()
    scene = build_scene(first_HW, (CLICK,))
    tried = [Action(CLICK, 24, 24), Action(CLICK, 40, 40)]
    for action in tried * len(colours):
        clicked(board, action, effects)
    for _ in range(20):
        if (board.frame() == OFF).all():
            return
        clicks = effects.solution(goal, scene, board.frame(), START)
        for action in clicks or effects.untried(board.frame())[:1]:
            clicked(board, action, effects)
    raise AssertionError("the lights are on")


def test_all_clicks_known_give_the_fewest_at_once() -> None:
    board, effects = Board([(1, 1), (3, 3)], (OFF, ON)), ClickEffects()
    scene = build_scene(board.frame(), (CLICK,))
    for row in range(4):
        for column in range(4):
            for _ in range(2):
                clicked(board, Action(CLICK, column * 16 + 8, row * 16 + 8), effects)
    assert effects.untried(board.frame()) == ()
    clicks = effects.solution(DARK, scene, board.frame(), START)
    assert {(a.y, a.x) for a in clicks or ()} == {(24, 24), (56, 56)}
    for action in clicks or ():
        clicked(board, action, effects)
    assert progress(DARK, scene, board.frame(), START).distance == 0


def test_clicks_that_paint_are_no_switches() -> None:
    frame_HW = Board([(1, 1)], (OFF, ON)).frame()
    scene = build_scene(frame_HW, (CLICK,))
    painted_HW = frame_HW.copy()
    painted_HW[:16, :16] = DIM
    effects = ClickEffects()
    effects.observe(frame_HW, Action(CLICK, 8, 8), painted_HW, VISIBLE)
    assert effects.solution(DARK, scene, painted_HW, START) is None
    assert effects.untried(painted_HW) == ()


def test_moves_and_clicks_without_effect_teach_nothing() -> None:
    frame_HW = Board([(1, 1)], (OFF, ON)).frame()
    effects = ClickEffects()
    effects.observe(frame_HW, Action(1), Board([(0, 0)], (OFF, ON)).frame(), VISIBLE)
    effects.observe(frame_HW, Action(CLICK, 3, 3), frame_HW, VISIBLE)
    assert effects.effects() is None


class Tiles(Board):
    """4 x 4 tiles of 6 pixels with gaps of 2; one has a pattern, and only it switches others."""

    def switch(self, row: int, column: int) -> None:
        if (row, column) == (1, 2):
            super().switch(row, column)
        else:
            self.lights[row, column] += 1

    def frame(self, mark: Action | None = None) -> NDArray[np.uint8]:
        frame_HW = np.full((64, 64), 4, np.uint8)
        colours = np.array(self.colours, np.uint8)[self.lights % len(self.colours)]
        for row in range(4):
            for column in range(4):
                tile = np.full((6, 6), colours[row, column], np.uint8)
                tile[:2, 2:4] = 6
                if (row, column) == (1, 2):
                    tile[2:4, :2] = tile[2:4, 4:] = tile[4:, 2:4] = 6
                frame_HW[12 + row * 8 : 18 + row * 8, 20 + column * 8 : 26 + column * 8] = tile
        return frame_HW


def test_tiles_may_have_gaps_and_patterns() -> None:
    board, effects = Tiles([(1, 2), (3, 0)], (OFF, ON)), ClickEffects()
    goal = Hypothesis("none", (ClassKey(ON),))
    scene = build_scene(board.frame(), (CLICK,))

    def press(action: Action) -> None:
        before_HW = board.frame()
        board.switch(((action.y or 0) - 12) // 8, ((action.x or 0) - 20) // 8)
        effects.observe(before_HW, action, board.frame(), VISIBLE)

    for y, x in ((15, 23), (15, 23), (23, 39), (39, 47), (39, 47)):
        press(Action(CLICK, x, y))
    known = effects.effects()
    assert known is not None and (known[0].size, known[0].inner) == (8, 6)
    for action in effects.solution(goal, scene, board.frame(), START) or ():
        press(action)
    assert (board.lights % 2 == 0).all()
