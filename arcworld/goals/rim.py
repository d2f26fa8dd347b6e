"""The rim of a level: status bars and other small things near an edge, which goals ignore."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arcworld.goals.lattice import SMALLEST, Lattice
from arcworld.online.view import EIGHT, PIXELS, SIDE, Part

MARGIN = 6
"""Status bars lie within this many pixels of an edge."""
FLAT = 4
"""Without a lattice, things this thin at the top or bottom are status bars."""
SLIM = 0.7
"""With one, things thinner than this share of a cell, unless several fill a cell together."""


def rim_of(parts: Sequence[Part], lattice: Lattice, thickness: int = SIDE) -> NDArray[np.bool_]:
    """Small things near an edge that do not fill a cell, bool [64, 64].

    Args:
        parts: of the level's first frame.
        lattice: of the level.
        thickness: pixels of the avatar's shorter side. Compact things as thick as it are no rim.
    """
    small = [p for p in parts if _is_small(p, lattice) and not _is_compact(p, thickness)]
    rim = np.zeros(PIXELS, np.bool_)
    for part in small:
        rim[part.pixels] = True
    rim_HW = rim.reshape(SIDE, SIDE)
    return _without_sprites(rim_HW, lattice.cell) if lattice.cell >= SMALLEST else rim_HW


def _is_small(part: Part, lattice: Lattice) -> bool:
    """Whether a part lies near an edge and does not fill a cell."""
    thin, long = sorted((part.height, part.width))
    bottom, right = part.y + part.height, part.x + part.width
    if lattice.cell < SMALLEST:
        near = part.y < FLAT or bottom > SIDE - FLAT
        within = bottom <= 2 * FLAT or part.y >= SIDE - 2 * FLAT
        return near and within and thin <= FLAT and long < SIDE
    inner = SIDE - MARGIN
    near = part.y < MARGIN or part.x < MARGIN or bottom > inner or right > inner
    return near and thin < SLIM * lattice.cell and long < SIDE


def _is_compact(part: Part, thickness: int) -> bool:
    """Whether a part is as thick as the avatar, and no bar."""
    thin, long = sorted((part.height, part.width))
    return thin >= thickness and long <= 2 * thin


def _without_sprites(rim_HW: NDArray[np.bool_], cell: int) -> NDArray[np.bool_]:
    """The rim without parts that fill one cell together: a thing of several colours."""
    labels_HW = np.zeros((SIDE, SIDE), np.int32)
    ndimage.label(rim_HW, EIGHT, labels_HW)
    for number, box in enumerate(ndimage.find_objects(labels_HW), 1):
        height, width = (side.stop - side.start for side in box)
        if SLIM * cell <= min(height, width) and max(height, width) <= cell:
            rim_HW = rim_HW & (labels_HW != number)
    return rim_HW
