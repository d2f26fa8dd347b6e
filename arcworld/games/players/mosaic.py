"""Scripted player of `mosaic`: solves how often to click each tile, and clicks in random order.

Turns add up and their order does not matter. A level is therefore a set of linear equations modulo
the number of colours, which is prime in every level. The rules are read from the game's own file.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
from numpy.typing import NDArray

from arcworld.games.catalogue import game_source
from arcworld.games.players.pointing import click_inside, click_on_colours
from arcworld.recordings.episode import COLOURS, Action

type Matrix = NDArray[np.int64]


def reduce(rows: Matrix, prime: int) -> tuple[Matrix, list[int]]:
    """Reduced row echelon form of the augmented `rows` modulo a prime, and its pivot columns.

    >>> reduce(np.array([[1, 1, 0], [0, 2, 1]]), 3)[0].tolist()
    [[1, 0, 1], [0, 1, 2]]
    """
    rows, pivots = rows % prime, list[int]()
    for column in range(rows.shape[1] - 1):
        able = np.flatnonzero(rows[len(pivots) :, column]) + len(pivots)
        if len(able) == 0:
            continue
        top = len(pivots)
        rows[[top, able[0]]] = rows[[able[0], top]]
        rows[top] = rows[top] * pow(int(rows[top, column]), -1, prime) % prime
        others = np.arange(len(rows)) != top
        rows[others] = (rows[others] - np.outer(rows[others, column], rows[top])) % prime
        pivots.append(column)
    return rows, pivots


@functools.cache
def presses(level: int) -> tuple[tuple[int, ...], ...]:
    """Every shortest solution of a level, as numbers of clicks per tile."""
    game = game_source("mosaic")
    plan = game.PLANS[level]
    prime, count = len(plan.colours), plan.side**2
    rows = np.zeros((count, count + 1), dtype=np.int64)
    for tile in range(count):
        rows[list(game.turned(plan, tile)), tile] = 1
    rows[:, -1] = np.subtract(game.tiles(plan.picture), game.tiles(plan.start))
    reduced, pivots = reduce(rows, prime)
    assert not reduced[len(pivots) :, -1].any(), f"level {level} cannot be won"
    idle = [tile for tile in range(count) if not game.turned(plan, tile)]
    free = [tile for tile in range(count) if tile not in pivots and tile not in idle]
    found: list[tuple[int, ...]] = []
    for choice in itertools.product(range(prime), repeat=len(free)):
        answer = np.zeros(count, dtype=np.int64)
        answer[free] = choice
        answer[pivots] = (reduced[: len(pivots), -1] - reduced[: len(pivots), :-1] @ answer) % prime
        found.append(tuple(int(value) for value in answer))
    fewest = min(sum(answer) for answer in found)
    return tuple(answer for answer in found if sum(answer) == fewest)


def solution(level: int, rng: np.random.Generator) -> list[Action]:
    """Return clicks that win a level from its start; order and position on a tile are random."""
    game = game_source("mosaic")
    plan = game.PLANS[level]
    answers = presses(level)
    answer = answers[int(rng.integers(len(answers)))]
    order = rng.permutation(np.repeat(np.arange(len(answer)), answer))
    side = game.TILE[plan.side]
    corners: list[tuple[int, int]] = [game.tile_corner(plan, int(tile)) for tile in order]
    return [click_inside(left, top, side, side, rng) for left, top in corners]


def explore(
    frame_HW: NDArray[np.uint8], available_actions: tuple[int, ...], rng: np.random.Generator
) -> Action:
    """Mostly a click on a tile, sometimes on the small picture."""
    game = game_source("mosaic")
    colours = set(range(COLOURS)) - {game.BLACK, game.DARK, game.DIM, game.GREY}
    return click_on_colours(frame_HW, colours, rng, rows=game.BAR_Y)
