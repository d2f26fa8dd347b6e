"""Linear systems modulo a prime, against all combinations."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from arcworld.planning.modular import fewest, solve


@pytest.mark.parametrize("size", [2, 3])
def test_the_smallest_solution_is_found(size: int) -> None:
    rng = np.random.default_rng(size)
    for _ in range(40):
        rows, columns = rng.integers(1, 5, 2)
        system = rng.integers(0, size, (rows, columns))
        right = rng.integers(0, size, rows)
        every = [np.array(x) for x in product(range(size), repeat=int(columns))]
        right_ones = [x for x in every if ((system @ x - right) % size == 0).all()]
        found = solve(system, right, size)
        assert (found is not None) == bool(right_ones)
        if found is not None:
            best = fewest(*found, size)
            assert ((system @ best - right) % size == 0).all()
            assert best.sum() == min(x.sum() for x in right_ones)


def test_a_modulus_that_is_no_prime_has_no_solution() -> None:
    assert solve(np.eye(2, dtype=np.intp), np.ones(2, np.intp), 4) is None
