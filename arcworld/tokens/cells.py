"""Convert between pixels and the 8x8 cells of a frame: `cell = (y // 8) * 8 + x // 8`."""

from __future__ import annotations

from arcworld.frames.cell_grid import CELLS, GRID
from arcworld.recordings.episode import CLICK, SIDE, Action

NO_CELL = CELLS
"""The cell of an action that has no place (`<ACT_LOC_NULL>`)."""
_CELL_SIDE = SIDE // GRID
PIXELS = _CELL_SIDE * _CELL_SIDE
"""Number of pixels of a cell; they are numbered row by row, as the offset of a click."""


def cell_of(x: int, y: int) -> int:
    """Return the cell of pixel x (right), y (down).

    >>> cell_of(62, 26), cell_of(52, 47), cell_of(40, 46)
    (31, 46, 45)
    """
    return (y // _CELL_SIDE) * GRID + x // _CELL_SIDE


def cell_centre(cell: int) -> tuple[int, int]:
    """Return the pixel (x, y) at the centre of a cell.

    >>> cell_centre(46), cell_of(*cell_centre(46))
    ((52, 44), 46)
    """
    return (
        cell % GRID * _CELL_SIDE + _CELL_SIDE // 2,
        cell // GRID * _CELL_SIDE + _CELL_SIDE // 2,
    )


def offset_of(x: int, y: int) -> int:
    """Return the offset of a pixel in its cell, counted row by row.

    >>> offset_of(62, 26), offset_of(0, 63)
    (22, 56)
    """
    return y % _CELL_SIDE * _CELL_SIDE + x % _CELL_SIDE


def pixel_of(cell: int, offset: int) -> tuple[int, int]:
    """Return the pixel (x, y) of an offset in a cell.

    >>> pixel_of(cell_of(62, 26), offset_of(62, 26))
    (62, 26)
    """
    return (
        cell % GRID * _CELL_SIDE + offset % _CELL_SIDE,
        cell // GRID * _CELL_SIDE + offset // _CELL_SIDE,
    )


def type_and_cell(action: Action) -> tuple[int, int]:
    """Return the id and the cell of an action; the cell is 64 if the action has no place.

    >>> type_and_cell(Action(1)), type_and_cell(Action(6, 62, 26))
    ((1, 64), (6, 31))
    """
    if action.id != CLICK:
        return action.id, NO_CELL
    assert action.x is not None and action.y is not None
    return CLICK, cell_of(action.x, action.y)
