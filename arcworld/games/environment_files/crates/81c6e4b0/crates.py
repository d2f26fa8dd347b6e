"""Crates: push every crate that is needed onto a mark.

Actions 1-4 move up, down, left, right; walking into a crate pushes it if nothing stands behind it.
A crate slides over ice until something stops it, and fills the water it falls into, which makes a
bridge. Walking into water is GAME_OVER. A crate in a corner stays there: RESET. The rules
(`Plan`, `State`, `move`) are pure; the rest draws them.
"""

from typing import NamedTuple

import numpy as np
from arcengine import ActionInput, ARCBaseGame, Camera, Level, RenderableUserDisplay
from numpy.typing import NDArray

# . floor  # wall  @ start  o crate  x mark  ~ water  = ice
LEVELS = [
    "#########|#...#...#|#.@.#.x.#|#.o.....#|#...#...#|#...#...#|#.......#|#########",
    "#########|##..#..##|#..o..x.#|#.@.#..##|#..o#.x##|##.....##|##..#####|#########",
    "#########|###.x####|##.....##|#.##.##x#|#...o.ox#|##...o..#|###@.####|#########",
    "#########|#...~...#|#.@.~.x.#|#.o.~...#|##..~..##|#.o.~...#|#...~...#|#########",
    "#########|#.#===.##|#.o===o.#|#@#===..#|#..===#.#|#x.===..#|##x===..#|#########",
    "#########|#.@#x~..#|#.o==~.##|#..#=~.##|#.o#==..#|#o.==~..#|#x.#.~..#|#########",
]
MOVES = {1: (-1, 0), 2: (1, 0), 3: (0, -1), 4: (0, 1)}
CELL = 7
type Cell = tuple[int, int]
type Frame = NDArray[np.int8]


class State(NamedTuple):
    """Where the walker and the crates are, and which water a crate has filled."""

    cell: Cell
    crates: frozenset[Cell]
    bridges: frozenset[Cell] = frozenset()


class Plan:
    """What never changes in a level."""

    def __init__(self, text: str) -> None:
        self.signs = {
            (row, col): sign
            for row, line in enumerate(text.split("|"))
            for col, sign in enumerate(line)
        }
        self.marks = frozenset(cell for cell, sign in self.signs.items() if sign == "x")
        crates = frozenset(cell for cell, sign in self.signs.items() if sign == "o")
        self.start = State(next(cell for cell, sign in self.signs.items() if sign == "@"), crates)

    def wet(self, cell: Cell, state: State) -> bool:
        """Whether there is open water."""
        return self.signs[cell] == "~" and cell not in state.bridges

    def path(self, state: State, cell: Cell, step: Cell) -> list[Cell]:
        """The cells a crate at `cell` passes when pushed; none where it will not move."""
        passed: list[Cell] = []
        ahead = (cell[0] + step[0], cell[1] + step[1])
        while self.signs[ahead] != "#" and ahead not in state.crates:
            passed.append(ahead)
            if self.signs[ahead] != "=":
                break
            ahead = (ahead[0] + step[0], ahead[1] + step[1])
        return passed


def move(plan: Plan, state: State, action: int) -> tuple[State, str]:
    """The state that follows, and what happened: '', 'push', 'splash', 'solved' or 'drowned'."""
    step = MOVES[action]
    cell = (state.cell[0] + step[0], state.cell[1] + step[1])
    if plan.signs[cell] == "#":
        return state, ""
    if cell not in state.crates:
        return state._replace(cell=cell), "drowned" if plan.wet(cell, state) else ""
    path = plan.path(state, cell, step)
    if not path:
        return state, ""
    if plan.wet(path[-1], state):
        return State(cell, state.crates - {cell}, state.bridges | {path[-1]}), "splash"
    crates = state.crates - {cell} | {path[-1]}
    return State(cell, crates, state.bridges), "solved" if plan.marks <= crates else "push"


WALKER = {
    1: ".fffff.|.fffff.|.fffff.|fffffff|.fffff.|.ff.ff.|.ff.ff.",
    2: ".fffff.|.f0f0f.|.f5f5f.|fffffff|.fffff.|.ff.ff.|.ff.ff.",
    3: ".fffff.|.0ffff.|.5ffff.|fffffff|.fffff.|.ff.ff.|.ff.ff.",
    4: ".fffff.|.ffff0.|.ffff5.|fffffff|.fffff.|.ff.ff.|.ff.ff.",
}
RINGS = ".......|.00000.|0.....0|0.fff.0|0.....0|.00000.|......."
CRATE = "ddddddd|dcccccd|dcdddcd|dcdcdcd|dcdddcd|dcccccd|ddddddd"
HOME = "ddddddd|dbbbbbd|dbdddbd|dbdbdbd|dbdddbd|dbbbbbd|ddddddd"
MARK = ".......|.8...8.|..8.8..|...8...|..8.8..|.8...8.|......."
WALL = "3333333|3333333|3333333|3333333|3333333|3333333|3333333"
LIT = "4444444|3333333|3333333|3333333|3333333|3333333|3333333"
FLOOR = "1111111|1111111|1111111|1111111|1111111|1111111|1111112"
WATER = "9999999|9999999|9aa99a9|a99aa9a|9999999|9999999|9999999"
ICE = "aaaaaaa|aaaa0aa|aaa0aaa|aa0aaaa|aaaaaaa|aaaaa0a|aaaaaaa"
BRIDGE = "9999999|9ddddd9|9dcccd9|9ddddd9|9dcccd9|9ddddd9|9999999"
LAMP = ".ddd.|d444d|d444d|d444d|.ddd."
GROUND = {"#": WALL, "~": WATER, "=": ICE}


def paint(frame: Frame, text: str, top: int, left: int) -> None:
    """Draws rows of hexadecimal colours; '.' lets through what is below."""
    for y, row in enumerate(text.split("|")):
        for x, sign in enumerate(row):
            if sign != ".":
                frame[top + y, left + x] = int(sign, 16)


def put(frame: Frame, text: str, cell: Cell) -> None:
    """Draws into a cell of the board."""
    paint(frame, text, CELL * cell[0], CELL * cell[1])


def ground(plan: Plan) -> Frame:
    """The walls, the floor and the marks."""
    frame = np.full((64, 64), 3, np.int8)
    for (row, col), sign in plan.signs.items():
        edge = sign == "#" and plan.signs.get((row - 1, col), "#") != "#"
        put(frame, LIT if edge else GROUND.get(sign, FLOOR), (row, col))
    for cell in plan.marks:
        put(frame, MARK, cell)
    return frame


def draw(plan: Plan, ground: Frame, state: State, walker: str) -> Frame:
    """A picture of the state; a lamp for every mark, lit where it is covered."""
    frame = ground.copy()
    for cell in state.bridges:
        put(frame, BRIDGE, cell)
    for cell in state.crates:
        put(frame, HOME if cell in plan.marks else CRATE, cell)
    put(frame, walker, state.cell)
    done = len(plan.marks & state.crates)
    for place in range(len(plan.marks)):
        paint(frame, LAMP.replace("4", "b") if place < done else LAMP, 57, 7 + 7 * place)
    return frame


class Canvas(RenderableUserDisplay):
    """Shows one picture as the whole frame."""

    picture: Frame = np.zeros((64, 64), np.int8)

    def render_interface(self, frame: NDArray[np.int8]) -> NDArray[np.int8]:
        """The picture, whatever lies below."""
        return self.picture.copy()


class Crates(ARCBaseGame):
    """The game as the toolkit plays it."""

    def __init__(self) -> None:
        self._canvas = Canvas()
        levels = [Level([], (64, 64), {"plan": index}) for index in range(len(LEVELS))]
        camera = Camera(interfaces=[self._canvas])
        super().__init__("crates", levels, camera, available_actions=[1, 2, 3, 4])

    def on_set_level(self, level: Level) -> None:
        """Starts the level afresh."""
        self._plan = Plan(LEVELS[level.get_data("plan")])
        self._ground = ground(self._plan)
        self._play, self._facing, self._event = self._plan.start, 2, ""
        self._scenes: list[Frame] = []
        self._canvas.picture = self._draw(self._play)

    def step(self) -> None:
        """One grid of the action's animation."""
        if not self._scenes:
            self._event = ""
            self._scenes = self._act(self.action)
        self._canvas.picture = self._scenes.pop(0)
        if not self._scenes:
            self._finish()

    def _finish(self) -> None:
        if self._event == "solved":
            self.next_level()
        elif self._event == "drowned":
            self.lose()
        self.complete_action()

    def _draw(self, state: State, walker: str | None = None) -> Frame:
        return draw(self._plan, self._ground, state, walker or WALKER[self._facing])

    def _act(self, action: ActionInput) -> list[Frame]:
        if action.id.value not in MOVES:
            return [self._draw(self._play)]
        self._facing = action.id.value
        before = self._play
        self._play, self._event = move(self._plan, before, self._facing)
        if self._event == "drowned":
            return [self._draw(self._play), self._draw(self._play, RINGS)]
        return [*self._slide(before), self._draw(self._play)]

    def _slide(self, before: State) -> list[Frame]:
        """The crate on its way over the ice, up to the cell before its last."""
        cell = self._play.cell
        if cell not in before.crates or cell == before.cell:
            return []
        path = self._plan.path(before, cell, MOVES[self._facing])
        rest = before.crates - {cell}
        return [self._draw(State(cell, rest | {at}, before.bridges)) for at in path[:-1]]
