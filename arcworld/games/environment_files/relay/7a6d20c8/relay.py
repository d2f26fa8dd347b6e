"""Relay: walk the runners to the pads, and click gates, bridges and runners to clear the way.

Rules and level maps, pure and small, then the game that draws them. Every action costs a step of
the bar; an empty bar is GAME_OVER. A level is won when a runner stands on every pad.

Letters of a map:
    #  wall   .  floor   ~  water   G  pad   S  the runner that moves at first   T  the other
    A B  gate, shut at first; a b  open at first. A click on a gate turns all of its colour
    H V  pivot of a bridge, lying or upright at first. A click turns it a quarter, with anyone who
         stands on its arms
    p q  plate; P Q  bars that let a runner in while another stands on the plate
A click on the runner at rest hands the moves to it.
"""

import functools
from typing import NamedTuple

import numpy as np
from arcengine import ARCBaseGame, Camera, GameAction, Level, RenderableUserDisplay

WHITE, PALE, GREY, DIM, DARK, BLACK = 0, 1, 2, 3, 4, 5
MAGENTA, RED, BLUE, SKY, YELLOW, ORANGE, MAROON, GREEN, PURPLE = 6, 8, 9, 10, 11, 12, 13, 14, 15

CELL, LEFT, TOP, BAR_Y, BAR_W = 5, 2, 3, 60, 60
TINTS = {"a": PURPLE, "b": MAGENTA, "p": GREEN, "q": SKY}
MOVES = {1: (0, -1), 2: (0, 1), 3: (-1, 0), 4: (1, 0)}

type Cell = tuple[int, int]


class Plan(NamedTuple):
    """One level: rows of letters, and the steps it may take."""

    name: str
    steps: int
    rows: tuple[str, ...]


class State(NamedTuple):
    """What the rules know: where runners are, which moves, what is turned since the start."""

    runners: tuple[Cell, ...]
    active: int
    flipped: frozenset[str | Cell]
    """Colours of gates, and pivots of bridges, turned an odd number of times."""


MAPS = """
############  ############  ############
#....#######  #...#...#..#  #...~~~....#
#.S..A.....#  #.S.A...a..#  #.S.~V~....#
#....#.....#  #...#...#..#  #...~~~....#
#....#.....#  #...#...#..#  #...~~~....#
######.....#  #########B##  ######~~~###
#....#.....#  #...#...#..#  ######~H~###
#....A.....#  #...#...#..#  ######~~~###
#.G..#.....#  #.G.A...b..#  #..........#
#....#######  #...#...#..#  #.G........#
############  ############  ############

############  ############  ############
#...~~~~~..#  #....#.....#  #...#~~~..##
#.S.~~~~~G.#  #.S..P..p..#  #.S.A~V~..##
#...~V~~~..#  #....#.....#  #...#~~~.p##
#...~~~~~..#  #....#..T..#  #...####..##
####~~~##A##  #....#.....#  ##a#####P###
####~H~....#  #....#q...G#  #...#....###
####~~~....#  ##########Q#  #.T.#..G.###
####~~~....#  #..........#  #...P....###
############  #.G........#  #.G.########
############  ############  ############
"""
LEVELS = (
    ("gates", 40),
    ("airlocks", 80),
    ("bridges", 60),
    ("turntables", 60),
    ("two runners", 90),
    ("relay", 110),
)
"""Name and steps of each level, in the order of the maps."""


def plans() -> tuple[Plan, ...]:
    """The levels, read from the maps: three side by side in a band."""
    bands = [[row.split() for row in band.split("\n")] for band in MAPS.strip().split("\n\n")]
    maps = [rows for band in bands for rows in zip(*band, strict=True)]
    return tuple(Plan(name, steps, rows) for (name, steps), rows in zip(LEVELS, maps, strict=True))


PLANS = plans()


@functools.cache
def cells(plan: Plan, letters: str) -> tuple[Cell, ...]:
    """Where any of the letters stand, row by row."""
    found = [(x, y) for y, row in enumerate(plan.rows) for x, c in enumerate(row) if c in letters]
    return tuple(found)


def letter(plan: Plan, cell: Cell) -> str:
    """What the map has in a cell."""
    return plan.rows[cell[1]][cell[0]]


def start(plan: Plan) -> State:
    """The state a level opens with."""
    return State(cells(plan, "S") + cells(plan, "T"), 0, frozenset())


def arms(plan: Plan, pivot: Cell, state: State) -> tuple[Cell, Cell]:
    """The two cells a bridge covers beside its pivot: left and right, or top and bottom."""
    x, y = pivot
    lying = (letter(plan, pivot) == "H") != (pivot in state.flipped)
    return ((x - 1, y), (x + 1, y)) if lying else ((x, y - 1), (x, y + 1))


def is_open(plan: Plan, state: State, gate: Cell) -> bool:
    """Whether a gate of either phase lets runners in."""
    mark = letter(plan, gate)
    return mark.islower() != (mark.lower() in state.flipped)


def is_held(plan: Plan, runners: tuple[Cell, ...], bars: Cell) -> bool:
    """Whether one of the runners stands on the plate of these bars."""
    return any(letter(plan, runner) == letter(plan, bars).lower() for runner in runners)


def can_enter(plan: Plan, state: State, cell: Cell) -> bool:
    """Whether the active runner may step into a cell."""
    mark = letter(plan, cell)
    others = state.runners[: state.active] + state.runners[state.active + 1 :]
    if mark == "#" or cell in others:
        return False
    if mark in "ABab":
        return is_open(plan, state, cell)
    if mark in "PQ":
        return is_held(plan, others, cell)
    if mark == "~":
        return any(cell in arms(plan, pivot, state) for pivot in cells(plan, "HV"))
    return True


def move(plan: Plan, state: State, action: int) -> State:
    """After a move of the active runner, which stays where it cannot go."""
    dx, dy = MOVES[action]
    x, y = state.runners[state.active]
    ahead = (x + dx, y + dy)
    if not can_enter(plan, state, ahead):
        return state
    moved = tuple(ahead if i == state.active else cell for i, cell in enumerate(state.runners))
    return State(moved, state.active, state.flipped)


def click(plan: Plan, state: State, cell: Cell) -> State:
    """After a click on a cell: hands over, turns gates, or turns a bridge."""
    if cell in state.runners and state.runners.index(cell) != state.active:
        return State(state.runners, state.runners.index(cell), state.flipped)
    mark = letter(plan, cell)
    if mark in "ABab":
        gates = cells(plan, mark.lower() + mark.upper())
        blocked = any(gate in state.runners for gate in gates)
        return state if blocked else state._replace(flipped=state.flipped ^ {mark.lower()})
    for pivot in cells(plan, "HV"):
        if cell in (pivot, *arms(plan, pivot, state)):
            return turn(plan, state, pivot)
    return state


def turn(plan: Plan, state: State, pivot: Cell) -> State:
    """After a quarter turn of a bridge, clockwise; runners on its arms ride along."""
    x, y = pivot
    before = arms(plan, pivot, state)
    ride = {arm: (x - (arm[1] - y), y + (arm[0] - x)) for arm in before}
    runners = tuple(ride.get(runner, runner) for runner in state.runners)
    return State(runners, state.active, state.flipped ^ {pivot})


def solved(plan: Plan, state: State) -> bool:
    """Whether every pad has its runner."""
    return set(state.runners).issuperset(cells(plan, "G"))


def cell_at(x: int, y: int) -> Cell | None:
    """The cell of the map under a pixel."""
    column, row = (x - LEFT) // CELL, (y - TOP) // CELL
    return (column, row) if 0 <= column < 12 and 0 <= row < 11 else None


class Scene(NamedTuple):
    """All that a grid shows; `turning` is the gate colour or pivot caught half-way."""

    state: State
    facing: tuple[int, ...]
    left: int
    turning: str | Cell | None = None
    shine: bool = False


class Screen(RenderableUserDisplay):
    """Draws the game's scene over an empty camera."""

    def __init__(self, game: "Relay") -> None:
        self._game = game

    def render_interface(self, frame: np.ndarray) -> np.ndarray:
        """Ground, bridges, runners, and the bar below."""
        plan, scene = self._game.plan, self._game.scene
        for cell in ((x, y) for y in range(11) for x in range(12)):
            draw_ground(box(frame, cell), plan, scene, cell)
        for pivot in cells(plan, "HV"):
            draw_bridge(frame, plan, scene, pivot)
        for i in range(len(scene.state.runners)):
            draw_runner(box(frame, seat(plan, scene, i)), scene, i)
        frame[BAR_Y : BAR_Y + 2, LEFT : LEFT + BAR_W] = DIM if scene.left else MAROON
        frame[BAR_Y : BAR_Y + 2, LEFT : LEFT + -(-scene.left * BAR_W // plan.steps)] = YELLOW
        return frame


def box(frame: np.ndarray, cell: Cell) -> np.ndarray:
    """The pixels of a cell, to draw into."""
    x, y = LEFT + CELL * cell[0], TOP + CELL * cell[1]
    return frame[y : y + CELL, x : x + CELL]


def draw_ground(face: np.ndarray, plan: Plan, scene: Scene, cell: Cell) -> None:
    """Whatever the map has in a cell."""
    mark = letter(plan, cell)
    if mark == "#":
        face[:] = DARK
        return
    face[:] = PALE
    if letter(plan, (cell[0], cell[1] - 1)) == "#":
        face[0] = GREY
    if mark in "~HV":
        face[:] = BLUE
        face[1 + 2 * (cell[0] % 2), 1:4] = SKY
    elif mark == "G":
        face[:] = WHITE if scene.shine else YELLOW
        face[1:4, 1:4] = PALE
    elif mark in "pq":
        face[1:4, 1:4] = TINTS[mark]
    elif mark in "ABabPQ":
        draw_gate(face, plan, scene, cell)


def draw_gate(face: np.ndarray, plan: Plan, scene: Scene, cell: Cell) -> None:
    """Shut: filled. Half-way: a frame. Open: four posts. Bars have gaps where gates have none."""
    mark = letter(plan, cell)
    tint, state = TINTS[mark.lower()], scene.state
    bars = mark in "PQ"
    posts = face[:: CELL - 1, :: CELL - 1]
    if mark.lower() == scene.turning:
        face[:] = tint
        face[1:4, 1:4] = PALE
    elif is_held(plan, state.runners, cell) if bars else is_open(plan, state, cell):
        posts[:] = tint
    else:
        face[:] = DIM if bars else tint
        face[:, :: 2 if bars else 4] = tint
        face[2, 2] = tint if bars else BLACK


def draw_bridge(frame: np.ndarray, plan: Plan, scene: Scene, pivot: Cell) -> None:
    """Planks on the pivot and both arms; askew half-way through a turn."""
    cover = arms(plan, pivot, scene.state)
    if pivot == scene.turning:
        cover = tuple(askew(pivot, arm) for arm in cover)
    for cell in (pivot, *cover):
        face = box(frame, cell)
        face[:] = ORANGE
        face[:: CELL - 1, :: CELL - 1] = MAROON
    box(frame, pivot)[2, 2] = MAROON


def askew(pivot: Cell, arm: Cell) -> Cell:
    """Where an arm is half-way through the turn that brought it here: the diagonal before."""
    dx, dy = arm[0] - pivot[0], arm[1] - pivot[1]
    return pivot[0] + dx + dy, pivot[1] + dy - dx


def seat(plan: Plan, scene: Scene, runner: int) -> Cell:
    """The cell a runner is drawn in: its own, or askew with the bridge it rides."""
    cell = scene.state.runners[runner]
    for pivot in cells(plan, "HV"):
        if pivot == scene.turning and cell in arms(plan, pivot, scene.state):
            return askew(pivot, cell)
    return cell


def draw_runner(face: np.ndarray, scene: Scene, runner: int) -> None:
    """A round head that looks where it last went; red when it has the moves, else grey."""
    awake = runner == scene.state.active
    corners = face[:: CELL - 1, :: CELL - 1].copy()
    face[:] = RED if awake else DIM
    face[:: CELL - 1, :: CELL - 1] = corners
    dx, dy = MOVES[scene.facing[runner]]
    eyes = [2 + dy, 2 + dy] if dy else [1, 3], [2 + dx, 2 + dx] if dx else [1, 3]
    face[eyes] = WHITE if awake else GREY


class Relay(ARCBaseGame):
    """Moves (ACTION1 up, 2 down, 3 left, 4 right) and clicks (ACTION6)."""

    def __init__(self, seed: int = 0) -> None:
        self._film: list[Scene] = []
        levels = [Level(name=one.name) for one in PLANS]
        camera = Camera(background=DARK, letter_box=DARK, interfaces=[Screen(self)])
        super().__init__("relay", levels, camera, available_actions=[1, 2, 3, 4, 6], seed=seed)

    def on_set_level(self, level: Level) -> None:
        """The map as drawn, all runners facing down, and a full bar."""
        self.plan = PLANS[self.level_index]
        state = start(self.plan)
        self.scene = Scene(state, (2,) * len(state.runners), self.plan.steps)
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
        paid = self.scene._replace(left=self.scene.left - 1)
        action = self.action.id.value
        if action in MOVES:
            return self._walk(paid, action)
        x, y = self.action.data.get("x"), self.action.data.get("y")
        if action != GameAction.ACTION6.value or not isinstance(x, int) or not isinstance(y, int):
            return [self.scene]
        cell = cell_at(x, y)
        return [paid] if cell is None else self._turn(paid, cell)

    def _walk(self, scene: Scene, action: int) -> list[Scene]:
        """One step, looking that way; a shine where it wins."""
        active = scene.state.active
        facing = tuple(action if i == active else f for i, f in enumerate(scene.facing))
        after = scene._replace(state=move(self.plan, scene.state, action), facing=facing)
        return self._ending(after)

    def _turn(self, scene: Scene, cell: Cell) -> list[Scene]:
        """What was clicked, half-way and then at rest."""
        after = scene._replace(state=click(self.plan, scene.state, cell))
        film = self._ending(after)
        for turned in after.state.flipped ^ scene.state.flipped:
            film.insert(0, after._replace(turning=turned))
        return film

    def _ending(self, scene: Scene) -> list[Scene]:
        won = solved(self.plan, scene.state)
        return [scene, scene._replace(shine=True)] if won else [scene]
