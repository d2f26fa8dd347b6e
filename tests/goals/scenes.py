"""Small made-up frames: things drawn on a lattice of 4-pixel cells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

CELL = 4


def drawn(things: Mapping[tuple[int, int], int], ground: int = 0) -> NDArray[np.uint8]:
    """A frame with one filled cell for each thing, {(row, column): colour}."""
    frame_HW = np.full((64, 64), ground, np.uint8)
    for (row, column), colour in things.items():
        frame_HW[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL] = colour
    return frame_HW
