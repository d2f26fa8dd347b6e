from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcworld.games.search import Solver, Successor

type Cell = tuple[int, int]
SIDE = 6
STEPS = {1: (-1, 0), 2: (1, 0), 3: (0, -1), 4: (0, 1)}


def grid(pits: frozenset[Cell] = frozenset()) -> Solver[Cell]:
    """From one corner to the other; pits lose."""

    def successors(cell: Cell) -> Iterator[Successor[Cell]]:
        for action, (down, right) in STEPS.items():
            after = (cell[0] + down, cell[1] + right)
            if 0 <= after[0] < SIDE and 0 <= after[1] < SIDE and after not in pits:
                yield action, after, after == (SIDE - 1, SIDE - 1)

    return Solver((0, 0), successors)


def arrives(actions: list[int], cell: Cell = (0, 0)) -> bool:
    for action in actions:
        assert cell != (SIDE - 1, SIDE - 1), "went on after victory"
        cell = (cell[0] + STEPS[action][0], cell[1] + STEPS[action][1])
    return cell == (SIDE - 1, SIDE - 1)


@given(seed=st.integers(0, 2**32 - 1), limit=st.integers(10, 40), wander=st.floats(0, 1))
def test_walks_arrive_within_their_limit(seed: int, limit: int, wander: float) -> None:
    actions = grid().walk(np.random.default_rng(seed), limit, wander)
    assert arrives(actions) and 10 <= len(actions) <= limit


def test_distances_are_shortest_paths() -> None:
    solver = grid()
    for row in range(SIDE):
        for col in range(SIDE):
            left = 2 * (SIDE - 1) - row - col
            assert solver.distance((row, col)) == (left or None)


def test_without_wandering_walks_are_shortest_and_yet_differ() -> None:
    ways = [grid().walk(np.random.default_rng(seed), 99, wander=0) for seed in range(9)]
    assert {len(way) for way in ways} == {10} and len({tuple(way) for way in ways}) > 3


def test_a_walk_may_start_anywhere() -> None:
    assert arrives(grid().walk(np.random.default_rng(0), 9, state=(3, 3)), (3, 3))


def test_victory_out_of_reach_is_an_error() -> None:
    closed = grid(frozenset({(0, 1), (1, 0)}))
    assert closed.distance((0, 0)) is None
    with pytest.raises(ValueError, match="None actions away"):
        closed.walk(np.random.default_rng(0), 99)
    with pytest.raises(ValueError, match="10 actions away; the limit is 9"):
        grid().walk(np.random.default_rng(0), 9)
