"""Scripted player of `taps`: searches the levels of water, and clicks on random pixels of buttons.

The rules are read from the game's own file.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from arcworld.games.catalogue import game_source
from arcworld.games.players.pointing import click_inside, click_on_colours
from arcworld.games.search import Solver, Successor
from arcworld.recordings.episode import Action

type Levels = tuple[int, ...]


@functools.cache
def solver(level: int) -> Solver[Levels]:
    """Distances to the win, for all water levels that can be reached in a level."""
    game = game_source("taps")
    plan = game.PLANS[level]
    buttons = [b for b in range(len(plan.controls)) if game.gang(plan, b)[0] == b]

    def successors(levels: Levels) -> Iterator[Successor[Levels]]:
        for button in buttons:
            after = game.press(plan, levels, button)
            yield button, after, game.solved(plan, after)

    return Solver(tuple(tank.level for tank in plan.tanks), successors)


def solution(level: int, rng: np.random.Generator) -> list[Action]:
    """Return clicks that win a level from its start; order and position on a button are random."""
    game = game_source("taps")
    plan = game.PLANS[level]
    clicks: list[Action] = []
    for button in solver(level).walk(rng, plan.clicks):
        one = int(rng.choice(game.gang(plan, button)))
        left, top = game.button_corner(plan, one)
        clicks.append(click_inside(left, top, game.BUTTON, game.BUTTON, rng))
    return clicks


def explore(
    frame_HW: NDArray[np.uint8], available_actions: tuple[int, ...], rng: np.random.Generator
) -> Action:
    """Mostly a click on a button, whatever its direction."""
    game = game_source("taps")
    return click_on_colours(frame_HW, game.GANGS.values(), rng, rows=game.BAR_Y)
