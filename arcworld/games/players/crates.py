"""Scripted player of `crates`: searches the game's rules for pushes that solve it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.games.catalogue import game_source
from arcworld.games.search import Solver, Successor
from arcworld.recordings.episode import Action

LONGEST = 120
"""Upper limit of a solution; the game itself has no budget."""


def solution(level: int, rng: np.random.Generator) -> list[Action]:
    """Actions that win `level` (0-based) from its fresh start."""
    return [Action(action) for action in solver(level).walk(rng, limit=LONGEST)]


@functools.cache
def solver(level: int) -> Solver[Any]:
    """Distances to the last push in `level`, from every state that is not drowned."""
    rules = game_source("crates")
    plan = rules.Plan(rules.LEVELS[level])

    def successors(state: Any) -> Iterator[Successor[Any]]:
        for action in rules.MOVES:
            after, event = rules.move(plan, state, action)
            if event != "drowned":
                yield action, after, event == "solved"

    return Solver(plan.start, successors)


def explore(
    frame_HW: NDArray[np.uint8], available_actions: tuple[int, ...], rng: np.random.Generator
) -> Action:
    """A step in a random direction."""
    return Action(int(rng.choice(available_actions)))
