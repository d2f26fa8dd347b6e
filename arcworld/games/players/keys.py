"""Scripted player of `keys`: searches the game's rules for paths to the gate."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.games.catalogue import game_source
from arcworld.games.search import Solver, Successor
from arcworld.recordings.episode import Action


def solution(level: int, rng: np.random.Generator) -> list[Action]:
    """Actions that win `level` (0-based) from its fresh start, within its budget."""
    budget: int = game_source("keys").LEVELS[level][0]
    return [Action(action) for action in solver(level).walk(rng, limit=budget)]


@functools.cache
def solver(level: int) -> Solver[Any]:
    """Distances to the gate in `level`, from every state without a patrol's touch."""
    rules = game_source("keys")
    plan = rules.Plan(*rules.LEVELS[level])

    def successors(state: Any) -> Iterator[Successor[Any]]:
        for action in rules.MOVES:
            after, event = rules.move(plan, state, action)
            if event != "caught":
                yield action, after, event == "exit"

    return Solver(plan.start, successors)


def explore(
    frame_HW: NDArray[np.uint8], available_actions: tuple[int, ...], rng: np.random.Generator
) -> Action:
    """A step in a random direction."""
    return Action(int(rng.choice(available_actions)))
