"""Mosaic: turn tiles until the board is the small picture beside it.

Rules and level tables, pure and small, then the game that draws them. A click on a tile turns
it to the next colour of the strip under the picture; the mark on a tile says what turns with it.
Each such click costs a pip of the bar; no pips left is GAME_OVER. Other clicks cost nothing.

Kinds of tile:
    .  itself alone             -  its whole row           +  itself and its four neighbours
    #  none: only others        |  its whole column        x  itself and its four diagonals
"""

from typing import NamedTuple

import numpy as np
from arcengine import ARCBaseGame, Camera, GameAction, Level, RenderableUserDisplay

WHITE, PALE, GREY, DIM, DARK, BLACK = 0, 1, 2, 3, 4, 5
PINK, RED, BLUE, SKY, YELLOW, ORANGE, MAROON, GREEN, PURPLE = 7, 8, 9, 10, 11, 12, 13, 14, 15

BOARD_X, BOARD_Y, PICTURE_X, PICTURE_Y = 23, 9, 3, 9
BAR_X, BAR_Y, PIP = 2, 57, 2
TILE = {3: 12, 4: 9, 5: 7}
"""Pixels of a tile's side by tiles in a row; one pixel lies between two tiles."""
SMALL = {3: 4, 4: 3, 5: 2}
"""The same for the picture."""

type Tiles = tuple[int, ...]


class Plan(NamedTuple):
    """One level: colours in their order of turning, and rows of digits that index them."""

    name: str
    colours: tuple[int, ...]
    picture: str
    kinds: str
    start: str
    clicks: int

    @property
    def side(self) -> int:
        """Tiles in a row, and in a column."""
        return len(self.picture.split())


PLANS = (
    Plan("kite", (BLUE, YELLOW), "101 010 101", "... ... ...", "000 011 001", 12),
    Plan(
        "sun",
        (MAROON, ORANGE, YELLOW),
        "0110 1221 1221 0110",
        ".... .... .... ....",
        "0100 1121 0121 2011",
        24,
    ),
    Plan(
        "crossing",
        (PURPLE, SKY),
        "1001 0110 0110 1001",
        "++++ ++++ ++++ ++++",
        "0100 1110 0100 0000",
        20,
    ),
    Plan(
        "house",
        (SKY, ORANGE, MAROON),
        "0110 1111 1221 1221",
        "|..| .--. .--. |..|",
        "2002 2110 1001 0220",
        24,
    ),
    Plan(
        "heart",
        (WHITE, RED),
        "01010 11111 11111 01110 00100",
        "+.x.+ .#+#. x+.+x .#+#. +.x.+",
        "00010 10100 00110 11011 10011",
        28,
    ),
    Plan(
        "tree",
        (SKY, GREEN, MAROON),
        "00100 01110 11111 00200 00200",
        "|.+.| x#.#x +.-.+ x#.#x |.+.|",
        "20112 21110 20021 20101 21112",
        30,
    ),
)


def tiles(rows: str) -> Tiles:
    """Digits of a table's rows, row by row."""
    return tuple(int(digit) for row in rows.split() for digit in row)


def kind(plan: Plan, tile: int) -> str:
    """The mark on a tile."""
    return plan.kinds.split()[tile // plan.side][tile % plan.side]


def turned(plan: Plan, tile: int) -> tuple[int, ...]:
    """The tiles that a click on one turns."""
    row, column = divmod(tile, plan.side)
    reach = {
        ".": lambda dy, dx: dy == dx == 0,
        "#": lambda dy, dx: False,
        "-": lambda dy, dx: dy == 0,
        "|": lambda dy, dx: dx == 0,
        "+": lambda dy, dx: abs(dy) + abs(dx) <= 1,
        "x": lambda dy, dx: abs(dy) == abs(dx) <= 1,
    }[kind(plan, tile)]
    cells = (divmod(other, plan.side) for other in range(plan.side**2))
    return tuple(i for i, (y, x) in enumerate(cells) if reach(y - row, x - column))


def click(plan: Plan, board: Tiles, tile: int) -> Tiles:
    """The board after a click on a tile."""
    after = list(board)
    for i in turned(plan, tile):
        after[i] = (after[i] + 1) % len(plan.colours)
    return tuple(after)


def tile_corner(plan: Plan, tile: int) -> tuple[int, int]:
    """Left and top pixel of a tile, which is TILE[plan.side] pixels wide and high."""
    row, column = divmod(tile, plan.side)
    pitch = TILE[plan.side] + 1
    return BOARD_X + column * pitch, BOARD_Y + row * pitch


def tile_at(plan: Plan, x: int, y: int) -> int | None:
    """The tile under a pixel, where it can be clicked."""
    for tile in range(plan.side**2):
        left, top = tile_corner(plan, tile)
        if left <= x < left + TILE[plan.side] and top <= y < top + TILE[plan.side]:
            return tile if turned(plan, tile) else None
    return None


MARKS = {
    "-": ("...", "###", "..."),
    "|": (".#.", ".#.", ".#."),
    "+": (".#.", "###", ".#."),
    "x": ("#.#", ".#.", "#.#"),
}


class Scene(NamedTuple):
    """All that a grid shows; `edge_on` are tiles caught half-way through their turn."""

    board: Tiles
    left: int
    edge_on: tuple[int, ...] = ()
    shine: bool = False


class Screen(RenderableUserDisplay):
    """Draws the game's scene over an empty camera."""

    def __init__(self, game: "Mosaic") -> None:
        self._game = game

    def render_interface(self, frame: np.ndarray) -> np.ndarray:
        """The picture and the order of colours on the left, the board, and the bar below."""
        plan, scene = self._game.plan, self._game.scene
        rim = WHITE if scene.shine else GREY if scene.left else MAROON
        self._draw_picture(frame, plan, rim)
        span = plan.side * (TILE[plan.side] + 1)
        panel(frame, BOARD_X - 2, BOARD_Y - 2, span + 3, rim)
        for tile, colour in enumerate(scene.board):
            self._draw_tile(frame, plan, tile, plan.colours[colour], tile in scene.edge_on)
        for pip in range(plan.clicks):
            x = BAR_X + PIP * pip
            frame[BAR_Y : BAR_Y + 3, x] = YELLOW if pip < scene.left else DARK
        return frame

    def _draw_picture(self, frame: np.ndarray, plan: Plan, rim: int) -> None:
        small = SMALL[plan.side]
        panel(frame, PICTURE_X - 2, PICTURE_Y - 2, plan.side * (small + 1) + 3, rim)
        for tile, colour in enumerate(tiles(plan.picture)):
            y, x = (PICTURE_Y, PICTURE_X) + np.array(divmod(tile, plan.side)) * (small + 1)
            frame[y : y + small, x : x + small] = plan.colours[colour]
        for i, colour in enumerate(plan.colours):
            y = PICTURE_Y + 23 + 6 * i
            frame[y : y + 4, PICTURE_X + 5 : PICTURE_X + 9] = colour
            frame[y + 4, PICTURE_X + 6 : PICTURE_X + 8] = (
                DIM if i + 1 < len(plan.colours) else BLACK
            )

    def _draw_tile(
        self, frame: np.ndarray, plan: Plan, tile: int, colour: int, edge_on: bool
    ) -> None:
        side = TILE[plan.side]
        x, y = tile_corner(plan, tile)
        face = frame[y : y + side, x : x + side]
        if edge_on:
            face[side // 3 : side - side // 3] = colour
            return
        face[:] = colour
        mark = kind(plan, tile)
        middle = side // 2
        if mark == "#":
            face[1 : -1 : side - 3, 1 : -1 : side - 3] = BLACK
        elif mark in MARKS:
            shape = np.array([list(row) for row in MARKS[mark]]) == "#"
            face[middle - 1 : middle + 2, middle - 1 : middle + 2][shape] = BLACK


def panel(frame: np.ndarray, x: int, y: int, span: int, rim: int) -> None:
    """A dark square with a rim, `span` pixels wide and high."""
    frame[y : y + span, x : x + span] = rim
    frame[y + 1 : y + span - 1, x + 1 : x + span - 1] = DARK


class Mosaic(ARCBaseGame):
    """Clicks only (ACTION6)."""

    def __init__(self, seed: int = 0) -> None:
        self._film: list[Scene] = []
        levels = [Level(name=one.name) for one in PLANS]
        camera = Camera(background=BLACK, letter_box=BLACK, interfaces=[Screen(self)])
        super().__init__("mosaic", levels, camera, available_actions=[6], seed=seed)

    def on_set_level(self, level: Level) -> None:
        """The board as the table has it, and all pips."""
        self.plan = PLANS[self.level_index]
        self.scene = Scene(tiles(self.plan.start), self.plan.clicks)
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
        tile = tile_at(self.plan, x, y)
        return [self.scene] if tile is None else self._turn(tile)

    def _turn(self, tile: int) -> list[Scene]:
        """Old colours edge on, new colours edge on, new colours; a shine where that wins."""
        moving = turned(self.plan, tile)
        before = Scene(self.scene.board, self.scene.left - 1, moving)
        after = before._replace(board=click(self.plan, before.board, tile))
        film = [before, after, after._replace(edge_on=())]
        won = after.board == tiles(self.plan.picture)
        return [*film, film[-1]._replace(shine=True)] if won else film
