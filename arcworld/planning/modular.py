"""Linear systems modulo a small prime, by elimination."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

type Vector = NDArray[np.intp]

PRIMES = (2, 3, 5, 7)
MOST_TRIED = 256
"""At most this many combinations of the null space are tried for the smallest solution."""


def solve(
    system_RC: NDArray[np.intp], right_R: Vector, size: int
) -> tuple[Vector, list[Vector]] | None:
    """One solution of a linear system modulo `size`, and a basis of its null space.

    >>> solution, null = solve(np.array([[1, 1, 0], [0, 1, 1]]), np.array([1, 0]), 2)
    >>> solution.tolist(), [one.tolist() for one in null]
    ([1, 0, 0], [[1, 1, 1]])

    Args:
        system_RC: coefficients, [equations, unknowns].
        right_R: right-hand side.
        size: the modulus.

    Returns:
        None where there is no solution, or `size` is not one of `PRIMES`.
    """
    if size not in PRIMES:
        return None
    table = np.concatenate((system_RC, right_R[:, None]), axis=1) % size
    pivots = _eliminate(table, size)
    if table[len(pivots) :, -1].any():
        return None
    columns = system_RC.shape[1]
    solution = np.zeros(columns, np.intp)
    solution[pivots] = table[: len(pivots), -1]
    return solution, [_null(table, pivots, c, size) for c in range(columns) if c not in pivots]


def fewest(solution: Vector, null: list[Vector], size: int) -> Vector:
    """The smallest sum among a solution and its combinations with some of the null space."""
    count = 0
    while count < len(null) and size ** (count + 1) <= MOST_TRIED:
        count += 1
    best = solution
    for factors in product(range(size), repeat=count):
        added = sum((n * one for n, one in zip(factors, null, strict=False)), solution) % size
        if added.sum() < best.sum():
            best = added
    return best


def _eliminate(table: NDArray[np.intp], size: int) -> list[int]:
    """Bring a table into reduced row echelon form in place; returns the columns of the pivots."""
    rows, columns = table.shape
    pivots: list[int] = []
    for column in range(columns - 1):
        at = len(pivots)
        below = np.flatnonzero(table[at:, column])
        if not len(below):
            continue
        table[[at, at + below[0]]] = table[[at + below[0], at]]
        table[at] = table[at] * pow(int(table[at, column]), -1, size) % size
        others = np.arange(rows) != at
        table[others] = (table[others] - table[others, column, None] * table[at]) % size
        pivots.append(column)
    return pivots


def _null(table: NDArray[np.intp], pivots: list[int], free: int, size: int) -> Vector:
    found = np.zeros(table.shape[1] - 1, np.intp)
    found[free] = 1
    found[pivots] = -table[: len(pivots), free] % size
    return found
