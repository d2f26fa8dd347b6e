"""Taps: bring the water in every tank to its mark, a click at a time.

Rules and level tables, pure and small, then the game that draws them. A click anywhere costs a
unit of the bar; an empty bar is GAME_OVER. Buttons of one colour act together; grey ones alone.

A level is written in a line of its own:
    tanks     "capacity:level>mark", or "capacity:level" where any level will do
    controls  "0>1" a unit flows from tank 0 to tank 1     "0>>1" all that flows, flows
              "+2" a tap gives tank 2 a unit               "++2" fills it
              "-2" a drain takes a unit from tank 2        "--2" empties it
              a letter after it (m, p, o) puts the button in a gang of that colour
"""

import re
from typing import NamedTuple

import numpy as np
from arcengine import ARCBaseGame, Camera, GameAction, Level, RenderableUserDisplay

WHITE, PALE, GREY, DIM, DARK, BLACK = 0, 1, 2, 3, 4, 5
MAGENTA, RED, BLUE, SKY, YELLOW, ORANGE, MAROON, GREEN, PURPLE = 6, 8, 9, 10, 11, 12, 13, 14, 15

UNIT, GAP, BOTTOM, BUTTON = 4, 9, 44, 7
BAR_Y, BAR_X, BAR_W = 58, 2, 60
GANGS = {"": PALE, "m": MAGENTA, "p": PURPLE, "o": ORANGE}
ANYWHERE = -1


class Tank(NamedTuple):
    """How much it holds, how much is in it at first, and how much should be (or ANYWHERE)."""

    capacity: int
    level: int
    mark: int


class Control(NamedTuple):
    """Moves water from one tank to another; None is the mains or the sewer."""

    source: int | None
    target: int | None
    whole: bool
    gang: str


class Plan(NamedTuple):
    """One level."""

    name: str
    tanks: tuple[Tank, ...]
    controls: tuple[Control, ...]
    clicks: int


def plan(name: str, tanks: str, controls: str, clicks: int) -> Plan:
    """A level from the notation above."""
    read = [re.fullmatch(r"(\d):(\d)(?:>(\d))?", word) for word in tanks.split()]
    vessels = [
        Tank(int(found[1]), int(found[2]), int(found[3] or ANYWHERE)) for found in read if found
    ]
    return Plan(name, tuple(vessels), tuple(control(word) for word in controls.split()), clicks)


def control(word: str) -> Control:
    """One button from the notation above."""
    found = re.fullmatch(r"(\d?)(>{1,2}|\+{1,2}|-{1,2})(\d)([mpo]?)", word)
    assert found, word
    source = int(found[3]) if "-" in found[2] else int(found[1]) if found[1] else None
    target = None if "-" in found[2] else int(found[3])
    return Control(source, target, len(found[2]) == 2, found[4])


PLANS = (
    plan("two tanks", "8:8>3 8:0>5", "0>1 1>0", 15),
    plan("a chain", "8:8>2 8:2>5 8:0>3", "0>1 1>0 1>2 2>1", 24),
    plan("mains and sewer", "6:1>5 8:6>2 7:6>4", "+0 0>1 1>2 -2", 36),
    plan("gangs", "8:2>6 6:5>3 8:3>7 6:1>5", "+0m +2m 1>2o +3o -0p -2p", 30),
    plan("jugs", "5:0>4 3:0", "++0 --0 0>>1 1>>0 ++1 --1", 24),
    plan("waterworks", "8:8>3 5:0>2 8:1>6 6:0>5", "0>>1 1>0 1>>2 2>1m 2>3 3>2m +3o -0o", 45),
)


def fire(plan: Plan, levels: tuple[int, ...], one: Control) -> tuple[int, ...]:
    """The levels after one control has moved what it can."""
    after = list(levels)
    have = 99 if one.source is None else after[one.source]
    room = 99 if one.target is None else plan.tanks[one.target].capacity - after[one.target]
    flow = min(have, room, 99 if one.whole else 1)
    if one.source is not None:
        after[one.source] -= flow
    if one.target is not None:
        after[one.target] += flow
    return tuple(after)


def gang(plan: Plan, button: int) -> tuple[int, ...]:
    """The buttons that act when `button` is clicked: itself, or all of its colour."""
    colour = plan.controls[button].gang
    if not colour:
        return (button,)
    return tuple(i for i, one in enumerate(plan.controls) if one.gang == colour)


def press(plan: Plan, levels: tuple[int, ...], button: int) -> tuple[int, ...]:
    """The levels after a click on a button: its gang acts from left to right of the table."""
    for i in gang(plan, button):
        levels = fire(plan, levels, plan.controls[i])
    return levels


def solved(plan: Plan, levels: tuple[int, ...]) -> bool:
    """Whether every tank stands at its mark."""
    return all(
        tank.mark in (ANYWHERE, level) for tank, level in zip(plan.tanks, levels, strict=True)
    )


def tank_box(plan: Plan, tank: int) -> tuple[int, int, int]:
    """Left edge, top edge and width in pixels of a tank's glass."""
    count = len(plan.tanks)
    width = 8 if count > 3 else 12
    left = (64 - count * width - (count - 1) * GAP) // 2
    return left + tank * (width + GAP), BOTTOM - UNIT * plan.tanks[tank].capacity, width


def button_corner(plan: Plan, button: int) -> tuple[int, int]:
    """Left and top pixel of a button, which is BUTTON pixels wide and high."""
    one = plan.controls[button]
    if one.source is None or one.target is None:
        x, top, width = tank_box(plan, (one.source or 0) + (one.target or 0))
        return x + (width - BUTTON) // 2, top - 11 if one.source is None else BOTTOM + 3
    x, _, width = tank_box(plan, min(one.source, one.target))
    return x + width + 1, 37 if one.source < one.target else 29


def button_at(plan: Plan, x: int, y: int) -> int | None:
    """The button under a pixel."""
    for button in range(len(plan.controls)):
        left, top = button_corner(plan, button)
        if left <= x < left + BUTTON and top <= y < top + BUTTON:
            return button
    return None


ARROW = np.array([list(row) for row in ("..#..", "...#.", "#####", "...#.", "..#..")]) == "#"
WEDGE = np.array([list(row) for row in ("##...", "####.", "#####", "####.", "##...")]) == "#"


def glyph(one: Control) -> np.ndarray:
    """The arrow on a button: the way the water goes, solid where all of it goes."""
    shape = WEDGE if one.whole else ARROW
    if one.source is None or one.target is None:
        return shape.T
    return shape if one.source < one.target else shape[:, ::-1]


class Scene(NamedTuple):
    """All that a grid shows."""

    levels: tuple[int, ...]
    pressed: tuple[int, ...]
    left: int
    shine: bool


class Screen(RenderableUserDisplay):
    """Draws the game's scene over an empty camera."""

    def __init__(self, game: "Taps") -> None:
        self._game = game

    def render_interface(self, frame: np.ndarray) -> np.ndarray:
        """Tanks, then pipes and buttons, then the bar."""
        plan, scene = self._game.plan, self._game.scene
        frame[BOTTOM + 1, 1:63] = DIM
        for tank in range(len(plan.tanks)):
            self._draw_tank(frame, plan, tank, scene)
        for button in range(len(plan.controls)):
            self._draw_button(frame, plan, button, button in scene.pressed)
        frame[BAR_Y : BAR_Y + 4, BAR_X - 1 : BAR_X + BAR_W + 1] = DARK if scene.left else RED
        lit = scene.left * BAR_W // plan.clicks
        frame[BAR_Y + 1 : BAR_Y + 3, BAR_X : BAR_X + BAR_W] = BLACK
        frame[BAR_Y + 1 : BAR_Y + 3, BAR_X : BAR_X + lit] = YELLOW
        return frame

    def _draw_tank(self, frame: np.ndarray, plan: Plan, tank: int, scene: Scene) -> None:
        x, top, width = tank_box(plan, tank)
        right, surface = x + width - 1, BOTTOM - UNIT * scene.levels[tank]
        glass = WHITE if scene.shine else GREY if scene.left else MAROON
        frame[top - 1 : BOTTOM + 1, [x, right]] = glass
        frame[BOTTOM, x : right + 1] = glass
        frame[top - 1 : BOTTOM, x + 1 : right] = DARK
        frame[surface:BOTTOM, x + 1 : right] = BLUE
        frame[surface : min(surface + 1, BOTTOM), x + 1 : right] = SKY
        mark = plan.tanks[tank].mark
        if mark != ANYWHERE:
            line = BOTTOM - UNIT * mark
            colour = GREEN if mark == scene.levels[tank] else YELLOW
            frame[line - 1 : line + 2, [x, right]] = colour
            frame[line, x : right + 1 : 2] = colour
            frame[line, right] = colour

    def _draw_button(self, frame: np.ndarray, plan: Plan, button: int, pressed: bool) -> None:
        one = plan.controls[button]
        x, y = button_corner(plan, button)
        middle = BUTTON // 2
        if one.source is None:
            frame[y + BUTTON : y + BUTTON + 2, x + middle] = SKY if pressed else DIM
        elif one.target is None:
            frame[y - 2 : y, x + middle] = SKY if pressed else DIM
        else:
            frame[y + middle, [x - 1, x + BUTTON]] = SKY if pressed else DIM
        colour = GANGS[one.gang]
        frame[y : y + BUTTON, x : x + BUTTON] = WHITE if pressed else colour
        face = frame[y + 1 : y + BUTTON - 1, x + 1 : x + BUTTON - 1]
        face[glyph(one)] = BLUE if pressed else BLACK


class Taps(ARCBaseGame):
    """Clicks only (ACTION6)."""

    def __init__(self, seed: int = 0) -> None:
        self._film: list[Scene] = []
        levels = [Level(name=one.name) for one in PLANS]
        camera = Camera(background=BLACK, letter_box=BLACK, interfaces=[Screen(self)])
        super().__init__("taps", levels, camera, available_actions=[6], seed=seed)

    def on_set_level(self, level: Level) -> None:
        """Every tank as the table has it, and a full bar."""
        self.plan = PLANS[self.level_index]
        levels = tuple(tank.level for tank in self.plan.tanks)
        self.scene = Scene(levels, (), self.plan.clicks, False)
        self._film = []

    def step(self) -> None:
        """Shows the next grid of what the action set going; after the last, judges."""
        if not self._film:
            self._film = self._play()
        self.scene = self._film.pop(0)
        if self._film:
            return
        if self.scene.shine:
            self.next_level()
        elif not self.scene.left:
            self.lose()
        self.complete_action()

    def _play(self) -> list[Scene]:
        x, y = self.action.data.get("x"), self.action.data.get("y")
        if self.action.id != GameAction.ACTION6 or not isinstance(x, int) or not isinstance(y, int):
            return [self.scene]
        paid = self.scene._replace(left=self.scene.left - 1)
        button = button_at(self.plan, x, y)
        return [paid] if button is None else self._flow(paid, button)

    def _flow(self, scene: Scene, button: int) -> list[Scene]:
        """The button lit while each of its gang acts in turn, then at rest."""
        film = [scene._replace(pressed=gang(self.plan, button))]
        for i in gang(self.plan, button):
            levels = fire(self.plan, film[-1].levels, self.plan.controls[i])
            film += [film[-1]._replace(levels=each) for each in pour(film[-1].levels, levels)]
        rest = film[-1]._replace(pressed=())
        film[-1] = rest
        return [*film, rest._replace(shine=True)] if solved(self.plan, rest.levels) else film


def pour(before: tuple[int, ...], after: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Levels unit by unit from before to after; at least one grid, also where nothing flowed.

    >>> pour((3, 0), (1, 2))
    [(2, 1), (1, 2)]
    """
    steps = max(1, *(abs(b - a) for a, b in zip(before, after, strict=True)))
    return [
        tuple(a + (b - a) * k // steps for a, b in zip(before, after, strict=True))
        for k in range(1, steps + 1)
    ]
