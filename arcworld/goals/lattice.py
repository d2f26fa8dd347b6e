"""The lattice of a level: size and origin of its cells, from the edges of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arcworld.online.view import EIGHT, SIDE, Part

LARGEST, SMALLEST = 24, 3
ALIGNED = 0.85
"""Share of edge pixels that lie on the lattice."""
LEAST_AREA = 9
"""Smaller parts are symbols or marks and do not vote."""
TYPICAL = 0.25
"""A cell is no larger than this weighted quantile of the sizes of parts."""


class Lattice(NamedTuple):
    """Cell size in pixels, and the first row and column of a cell; size 1: no lattice."""

    cell: int
    top: int
    left: int


NONE = Lattice(1, 0, 0)


def find_lattice(parts: Iterable[Part], background: int) -> Lattice:
    """The largest cell size, at most that of the typical part, on which edges lie."""
    voters = [part for part in parts if part.colour != background and _votes(part)]
    if not voters:
        return NONE
    return lattice_of(_edges(voters), min(LARGEST, _typical_size(voters)), SMALLEST) or NONE


def lattice_of(edges: NDArray[np.float64], largest: int, smallest: int) -> Lattice | None:
    """The largest cell size for which most edges lie on the lines of a lattice.

    Args:
        edges: edge pixels by axis and line, [2, 65].
        largest: size to begin with, in pixels.
        smallest: size to end with.
    """
    for cell in range(largest, smallest - 1, -1):
        offsets = [_offset(edges[axis], cell) for axis in (0, 1)]
        if offsets[0] is not None and offsets[1] is not None:
            return Lattice(cell, offsets[0], offsets[1])
    return None


def lattice_of_steps(things_HW: NDArray[np.bool_], stride: int) -> Lattice | None:
    """The lattice on which an avatar steps, if the outlines of things lie on it.

    Where things have several colours, the edges between these suggest cells that are too small.
    Things thinner than half a step do not count.

    Args:
        things_HW: pixels that are no background, bool [64, 64].
        stride: pixels that the avatar goes with one action.
    """
    labels_HW = np.zeros((SIDE, SIDE), np.int32)
    ndimage.label(things_HW, EIGHT, labels_HW)
    edges = np.zeros((2, SIDE + 1))
    for number, box in enumerate(ndimage.find_objects(labels_HW), 1):
        if min(side.stop - side.start for side in box) < stride / 2:
            continue
        thing_HW = (labels_HW == number).astype(np.int8)
        for axis in (0, 1):
            edges[axis, 1:SIDE] += np.abs(np.diff(thing_HW, axis=axis)).sum(1 - axis)
    return lattice_of(edges, stride, stride)


def _votes(part: Part) -> bool:
    thin = min(part.height, part.width)
    return part.area >= LEAST_AREA and SMALLEST <= thin < SIDE - 1


def _typical_size(parts: Sequence[Part]) -> int:
    sizes = np.array([min(part.height, part.width) for part in parts])
    weights = np.array([min(part.area, 100) for part in parts], float)
    order = np.argsort(sizes, kind="stable")
    place = np.searchsorted(np.cumsum(weights[order]), TYPICAL * weights.sum())
    return int(sizes[order][place])


def _edges(parts: Sequence[Part]) -> NDArray[np.float64]:
    """Edge pixels by axis and line, [2, 65]; one part counts at most 16 a line."""
    edges = np.zeros((2, SIDE + 1))
    for part in parts:
        mask = np.zeros((part.height + 2, part.width + 2), np.int8)
        mask[(part.pixels >> 6) - part.y + 1, (part.pixels & 63) - part.x + 1] = 1
        for axis, start in ((0, part.y), (1, part.x)):
            counts = np.abs(np.diff(mask, axis=axis)).sum(1 - axis)
            edges[axis, start : start + len(counts)] += np.minimum(counts, 16)
    return edges


def _offset(edges: NDArray[np.float64], cell: int) -> int | None:
    votes = np.bincount(np.arange(SIDE + 1) % cell, weights=edges, minlength=cell)
    return int(votes.argmax()) if votes.max() >= ALIGNED * votes.sum() else None
