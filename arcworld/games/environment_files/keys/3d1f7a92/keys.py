"""Keys: fetch coloured keys, open the locks of their colour, reach the gate.

Actions 1-4 move up, down, left, right. A key opens one lock and is spent. Every move costs a tick
of the bar; an empty bar, or a patrol that is met, is GAME_OVER. The rules (`Plan`, `State`,
`move`) are pure; the rest draws them.
"""

import math
from itertools import cycle, islice
from typing import NamedTuple

import numpy as np
from arcengine import ActionInput, ARCBaseGame, Camera, Level, RenderableUserDisplay
from numpy.typing import NDArray

# budget, map: . floor  # wall  @ start  E gate  rby keys  RBY locks  > v patrols of a row or column
LEVELS = [
    (48, "....#.....|.@..#.....|....#..E..|....#.....|....R.....|....#.....|.r..#.....|....#....."),
    (60, "...#......|.@.#..b...|...#......|...R......|##.####B##|r..#......|...#..E...|...#......"),
    (84, "..@#...#.b|...R.y.Y..|r..#...#..|##B#######|..........|.########.|.#.E....#.|........#."),
    (54, "r...#.....|....R..y..|...@#.....|#R#####.##|...#......|.b.#.####Y|...#.#....|...#.#..E."),
    (96, ".@.#.#....|...#.v..b.|.r.#......|...R......|...#.#....|########B#|>.........|E##.##.#.."),
    (96, "@..#...#..|...R>..Y.b|r..#..y#..|...#####.#|####..v...|..vB......|.E.#...#..|...#......"),
]
MOVES = {1: (-1, 0), 2: (1, 0), 3: (0, -1), 4: (0, 1)}
HEIGHT, WIDTH, CELL = 8, 10, 6
TOP, LEFT = 3, 2
type Cell = tuple[int, int]
type Frame = NDArray[np.int8]


class State(NamedTuple):
    """Where the walker is, which keys are taken and locks opened (bits), the patrols' time."""

    cell: Cell
    taken: int = 0
    opened: int = 0
    clock: int = 0


class Plan:
    """What never changes in a level."""

    def __init__(self, budget: int, text: str) -> None:
        self.budget = budget
        self.signs = {
            (row, col): sign
            for row, line in enumerate(text.split("|"))
            for col, sign in enumerate(line)
        }
        self.keys = [(cell, sign) for cell, sign in self.signs.items() if sign in "rby"]
        self.locks = [(cell, sign.lower()) for cell, sign in self.signs.items() if sign in "RBY"]
        self.exit = next(cell for cell, sign in self.signs.items() if sign == "E")
        self.start = State(next(cell for cell, sign in self.signs.items() if sign == "@"))
        self.tracks = [
            self._track(cell, MOVES[4 if sign == ">" else 2])
            for cell, sign in self.signs.items()
            if sign in ">v"
        ]
        self.period = math.lcm(*(len(track) for track in self.tracks))

    def _track(self, cell: Cell, step: Cell) -> list[Cell]:
        """One round of a patrol: ahead until something stands in its way, back, and home."""
        ahead, behind = self._run(cell, step), self._run(cell, (-step[0], -step[1]))
        line = [*behind[::-1], cell, *ahead]
        loop = line + line[-2:0:-1]
        return list(islice(cycle(loop), len(behind), len(behind) + len(loop)))

    def _run(self, cell: Cell, step: Cell) -> list[Cell]:
        cells: list[Cell] = []
        while self.signs.get(cell := (cell[0] + step[0], cell[1] + step[1]), "#") not in "#RBYE":
            cells.append(cell)
        return cells

    def patrols(self, clock: int) -> list[Cell]:
        """Where each patrol is."""
        return [track[clock % len(track)] for track in self.tracks]

    def held(self, state: State) -> list[str]:
        """Colours of the keys in hand."""
        colours = [sign for bit, (_, sign) in enumerate(self.keys) if state.taken >> bit & 1]
        for bit, (_, sign) in enumerate(self.locks):
            if state.opened >> bit & 1:
                colours.remove(sign)
        return colours


def move(plan: Plan, state: State, action: int) -> tuple[State, str]:
    """The state that follows, and what happened: '', 'key', 'lock', 'exit' or 'caught'."""
    (row, col), (down, right) = state.cell, MOVES[action]
    cell = (row + down, col + right)
    taken, opened, event = state.taken, state.opened, ""
    locked = {at: bit for bit, (at, _) in enumerate(plan.locks) if not opened >> bit & 1}
    if plan.signs.get(cell, "#") == "#":
        cell = state.cell
    elif cell in locked:
        if plan.locks[locked[cell]][1] in plan.held(state):
            opened, event = opened | 1 << locked[cell], "lock"
        else:
            cell = state.cell
    for bit, (at, _) in enumerate(plan.keys):
        if at == cell and not taken >> bit & 1:
            taken, event = taken | 1 << bit, "key"
    if cell == plan.exit:
        event = "exit"
    clock = (state.clock + 1) % plan.period
    swaps = zip(plan.patrols(state.clock), plan.patrols(clock), strict=True)
    if any(cell == after or (before, after) == (cell, state.cell) for before, after in swaps):
        event = "caught"
    return State(cell, taken, opened, clock), event


COLOUR = {"r": "8", "b": "9", "y": "b"}
WALKER = "..aa..|.aaaa.|.a5a5.|.aaaa.|.aaaa.|.a..a."
FALLEN = "......|......|..33..|.3333.|335533|333333"
PATROL = {
    (-1, 0): "6.66.6|.5665.|666666|666666|.6666.|6.66.6",
    (1, 0): "6.66.6|.6666.|666666|656656|.6666.|6.66.6",
    (0, -1): "6.66.6|.6666.|565666|666666|.6666.|6.66.6",
    (0, 1): "6.66.6|.6666.|666565|666666|.6666.|6.66.6",
}
GATE = "eeeeee|e5555e|e5ee5e|e5ee5e|e5555e|eeeeee"
AJAR = "eeeeee|e0000e|e0000e|e0000e|e0000e|eeeeee"
KEY = "......|.kk...|k.kkkk|k.kk.k|.kk...|......"
LOCK = "kkkkkk|k5555k|k5kk5k|k55k5k|k5555k|kkkkkk"
BROKEN = "k....k|.k..k.|......|......|.k..k.|k....k"
WALL = "333333|333333|333333|333333|333333|333333"
LIT = "222222|333333|333333|333333|333333|333333"
FLOOR = "444444|444444|444444|444444|444444|444445"


def paint(frame: Frame, text: str, top: int, left: int, colour: str = "0") -> None:
    """Draws rows of hexadecimal colours; '.' lets through what is below, 'k' is `colour`."""
    for y, row in enumerate(text.replace("k", colour).split("|")):
        for x, sign in enumerate(row):
            if sign != ".":
                frame[top + y, left + x] = int(sign, 16)


def put(frame: Frame, text: str, cell: Cell, colour: str = "0") -> None:
    """Draws into a cell of the board."""
    paint(frame, text, TOP + CELL * cell[0], LEFT + CELL * cell[1], colour)


def ground(plan: Plan) -> Frame:
    """The walls and the floor."""
    frame = np.full((64, 64), 3, np.int8)
    frame[TOP + CELL * HEIGHT + 1 :] = 5
    for (row, col), sign in plan.signs.items():
        lit = sign == "#" and plan.signs.get((row - 1, col)) != "#"
        put(frame, LIT if lit else WALL if sign == "#" else FLOOR, (row, col))
    return frame


def draw(plan: Plan, ground: Frame, state: State, spent: int, walker: str = WALKER) -> Frame:
    """A picture of the state."""
    frame = ground.copy()
    put(frame, GATE, plan.exit)
    for bit, (cell, colour) in enumerate(plan.locks):
        if not state.opened >> bit & 1:
            put(frame, LOCK, cell, COLOUR[colour])
    for bit, (cell, colour) in enumerate(plan.keys):
        if not state.taken >> bit & 1:
            put(frame, KEY, cell, COLOUR[colour])
    put(frame, walker, state.cell)
    ahead = plan.patrols(state.clock + 1)
    for cell, after in zip(plan.patrols(state.clock), ahead, strict=True):
        put(frame, PATROL[after[0] - cell[0], after[1] - cell[1]], cell)
    for place, colour in enumerate(plan.held(state)):
        paint(frame, KEY, 53, 2 + 7 * place, COLOUR[colour])
    for tick in range(plan.budget):
        frame[60 + tick % 2, 2 + tick // 2] = 14 if tick < plan.budget - spent else 4
    return frame


class Canvas(RenderableUserDisplay):
    """Shows one picture as the whole frame."""

    picture: Frame = np.zeros((64, 64), np.int8)

    def render_interface(self, frame: NDArray[np.int8]) -> NDArray[np.int8]:
        """The picture, whatever lies below."""
        return self.picture.copy()


class Keys(ARCBaseGame):
    """The game as the toolkit plays it."""

    def __init__(self) -> None:
        self._canvas = Canvas()
        levels = [Level([], (64, 64), {"plan": index}) for index in range(len(LEVELS))]
        camera = Camera(interfaces=[self._canvas])
        super().__init__("keys", levels, camera, available_actions=[1, 2, 3, 4])

    def on_set_level(self, level: Level) -> None:
        """Starts the level afresh."""
        self._plan = Plan(*LEVELS[level.get_data("plan")])
        self._ground = ground(self._plan)
        self._play, self._spent, self._event = self._plan.start, 0, ""
        self._scenes: list[Frame] = []
        self._canvas.picture = self._draw()

    def step(self) -> None:
        """One grid of the action's animation."""
        if not self._scenes:
            self._event = ""
            self._scenes = self._act(self.action)
        self._canvas.picture = self._scenes.pop(0)
        if not self._scenes:
            self._finish()

    def _finish(self) -> None:
        if self._event == "exit":
            self.next_level()
        elif self._event in ("caught", "spent"):
            self.lose()
        self.complete_action()

    def _draw(self, walker: str = WALKER) -> Frame:
        return draw(self._plan, self._ground, self._play, self._spent, walker)

    def _act(self, action: ActionInput) -> list[Frame]:
        if action.id.value not in MOVES:
            return [self._draw()]
        before = self._draw()
        self._play, self._event = move(self._plan, self._play, action.id.value)
        self._spent += 1
        if not self._event and self._spent == self._plan.budget:
            self._event = "spent"
        return self._animate(before)

    def _animate(self, before: Frame) -> list[Frame]:
        cell = self._play.cell
        if self._event == "lock":
            colour = next(sign for at, sign in self._plan.locks if at == cell)
            put(before, BROKEN.replace(".", "4"), cell, COLOUR[colour])
            return [before, self._draw()]
        if self._event == "exit":
            opening = before.copy()
            put(opening, AJAR, cell)
            return [opening, self._draw(AJAR), self._draw()]
        if self._event in ("caught", "spent"):
            return [self._draw(), self._draw(FALLEN)]
        return [self._draw()]
