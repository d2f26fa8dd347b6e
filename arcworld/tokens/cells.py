"""Pixels and cells: a click at a pixel is a click in one of 8x8 cells.

Knows the grid alone. Source: the seed's `cell = (y // 8) * 8 + x // 8`.
"""

from __future__ import annotations

from arcworld.frames.tokenizer import CELLS, GRID
from arcworld.recordings.episode import SIDE

NO_CELL = CELLS
"""The location of an action that has no place (`<ACT_LOC_NULL>`)."""
_CELL_SIDE = SIDE // GRID


def cell_of(x: int, y: int) -> int:
    """The cell of pixel x (right), y (down).

    >>> cell_of(62, 26), cell_of(52, 47), cell_of(40, 46)
    (31, 46, 45)
    """
    return (y // _CELL_SIDE) * GRID + x // _CELL_SIDE


def cell_centre(cell: int) -> tuple[int, int]:
    """The pixel (x, y) at the centre of a cell.

    >>> cell_centre(46), cell_of(*cell_centre(46))
    ((52, 44), 46)
    """
    return (
        cell % GRID * _CELL_SIDE + _CELL_SIDE // 2,
        cell // GRID * _CELL_SIDE + _CELL_SIDE // 2,
    )
