"""Scripted player of `relay`: searches moves and clicks together over the game's own rules.

It explores as a person does: it walks on in the direction that the runner faces until something is
in the way, and sometimes clicks on an object.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterator

import numpy as np
from numpy.typing import NDArray

from arcworld.games.catalogue import game_source
from arcworld.games.players.pointing import click_inside, click_on_colours
from arcworld.games.search import Solver, Successor
from arcworld.recordings.episode import CLICK, Action

WIDTH = 12
CLICKED = 100
"""The search's number for a click on cell (x, y) is CLICKED + WIDTH * y + x."""
CURIOSITY, MOMENTUM = 0.25, 0.8

type Cell = tuple[int, int]


@functools.cache
def solver(level: int) -> Solver[Hashable]:
    """Distances to the win from every state of a level."""
    game = game_source("relay")
    plan = game.PLANS[level]

    def successors(state: Hashable) -> Iterator[Successor[Hashable]]:
        for action in game.MOVES:
            after = game.move(plan, state, action)
            if after is not state:
                yield action, after, game.solved(plan, after)
        for x, y in targets(level, state):
            after = game.click(plan, state, (x, y))
            yield CLICKED + WIDTH * y + x, after, game.solved(plan, after)

    return Solver(game.start(plan), successors)


def targets(level: int, state: Hashable) -> Iterator[Cell]:
    """One cell for every different effect of a click."""
    game = game_source("relay")
    plan, at_rest = game.PLANS[level], resting(state)
    yield from at_rest
    for colour in ("Aa", "Bb"):
        yield from game.cells(plan, colour)[:1]
    for pivot in game.cells(plan, "HV"):
        bridge: tuple[Cell, ...] = (pivot, *game.arms(plan, pivot, state))
        yield next(cell for cell in bridge if cell not in at_rest)


def resting(state: Hashable) -> tuple[Cell, ...]:
    """Cells of the runners that do not have the moves."""
    runners, active, _ = state  # type: ignore[misc]
    return runners[:active] + runners[active + 1 :]


def solution(level: int, rng: np.random.Generator) -> list[Action]:
    """Moves and clicks that win a level from its start."""
    plan = game_source("relay").PLANS[level]
    walk = solver(level).walk(rng, plan.steps)
    return [Action(step) if step < CLICKED else click(level, step, rng) for step in walk]


def click(level: int, step: int, rng: np.random.Generator) -> Action:
    """A click as the search numbers it; of gates of one colour, on any."""
    game = game_source("relay")
    plan = game.PLANS[level]
    y, x = divmod(step - CLICKED, WIDTH)
    mark = game.letter(plan, (x, y))
    if mark in "ABab":
        gates: tuple[Cell, ...] = game.cells(plan, mark.lower() + mark.upper())
        x, y = gates[int(rng.integers(len(gates)))]
    side = game.CELL
    return click_inside(game.LEFT + side * x, game.TOP + side * y, side, side, rng)


def explore(
    frame_HW: NDArray[np.uint8], available_actions: tuple[int, ...], rng: np.random.Generator
) -> Action:
    """Mostly a step onward, sometimes a click on a salient object."""
    game = game_source("relay")
    if CLICK in available_actions and rng.random() < CURIOSITY:
        colours = (*game.TINTS.values(), game.ORANGE, game.DIM)
        return click_on_colours(frame_HW, colours, rng, rows=game.BAR_Y)
    ways = clear_ways(frame_HW)
    ahead = facing(frame_HW)
    if ahead in ways and rng.random() < MOMENTUM:
        return Action(ahead)
    return Action(int(rng.choice(ways or list(game.MOVES))))


def head(frame_HW: NDArray[np.uint8]) -> tuple[int, int]:
    """Pixel (x, y) at the centre of the runner that has the moves."""
    ys, xs = np.nonzero(frame_HW == game_source("relay").RED)
    return int(xs.min() + xs.max()) // 2, int(ys.min() + ys.max()) // 2


def facing(frame_HW: NDArray[np.uint8]) -> int:
    """The move that the runner's eyes point to."""
    game = game_source("relay")
    x, y = head(frame_HW)
    eyes = np.argwhere(frame_HW[y - 1 : y + 2, x - 1 : x + 2] == game.WHITE) - 1
    down, right = (int(total) // 2 for total in eyes.sum(axis=0))
    return next(move for move, way in game.MOVES.items() if way == (right, down))


def clear_ways(frame_HW: NDArray[np.uint8]) -> list[int]:
    """Moves with neither wall nor water in front of the runner's head."""
    game = game_source("relay")
    x, y = head(frame_HW)
    stops = (game.DARK, game.BLUE, game.SKY)
    moves: dict[int, Cell] = game.MOVES
    return [m for m, (dx, dy) in moves.items() if frame_HW[y + 3 * dy, x + 3 * dx] not in stops]
