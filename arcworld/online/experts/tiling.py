"""Tiles of a frame on a lattice, as numbers: cells that look alike have the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.online.claims import Writing
from arcworld.online.trust import bounded
from arcworld.online.view import COLOURS, SIDE, Flat, View

type Lattice = tuple[int, int, int]
"""Period, first row, first column."""
type Tiles = NDArray[np.int64]
"""Number of the tile of each cell, [rows, columns]."""


class Tiling:
    """Tile numbers on one lattice; coarse ones are the most frequent colour of the cell."""

    def __init__(self, lattice: Lattice, coarse: bool = False) -> None:
        self.lattice, self.coarse = lattice, coarse
        self.patches: list[NDArray[np.uint8]] = []
        self._numbers: dict[bytes, int] = {}
        self._recent: dict[bytes, Tiles] = {}
        self._changes: dict[tuple[int, int, int], Writing] = {}
        self._whole: dict[int, Flat] = {}

    def tiles(self, view: View) -> Tiles:
        """Number of the tile of each cell."""
        key = view.flat.tobytes()
        found = self._recent.get(key)
        if found is None:
            if len(self._recent) > 16:
                del self._recent[next(iter(self._recent))]
            found = self._recent[key] = self._number(view.frame_HW)
        return found

    def _number(self, frame_HW: NDArray[np.uint8]) -> Tiles:
        period, top, left = self.lattice
        rows, columns = (SIDE - top) // period, (SIDE - left) // period
        cut = frame_HW[top : top + rows * period, left : left + columns * period]
        cells = cut.reshape(rows, period, columns, period).transpose(0, 2, 1, 3)
        cells = np.ascontiguousarray(cells).reshape(rows * columns, period * period)
        if self.coarse:
            counts = [np.count_nonzero(cells == colour, axis=1) for colour in range(COLOURS)]
            return np.argmax(counts, axis=0).reshape(rows, columns)
        data, size = cells.tobytes(), period * period
        numbers = np.empty(rows * columns, np.int64)
        for k in range(rows * columns):
            look = data[k * size : (k + 1) * size]
            number = self._numbers.get(look)
            if number is None:
                number = self._numbers[look] = len(self.patches)
                self.patches.append(cells[k].reshape(period, period).copy())
            numbers[k] = number
        return numbers.reshape(rows, columns)

    def change(self, cell: int, columns: int, old: int, new: int) -> Writing:
        """Pixels of a cell that another tile changes, with their colours; kept."""
        found = self._changes.get((cell, old, new))
        if found is None:
            before, after = self.patches[old].reshape(-1), self.patches[new].reshape(-1)
            at = np.flatnonzero(before != after)
            found = self.pixels(cell, columns, at), after[at]
            self._changes[cell, old, new] = found
            bounded(self._changes)
        return found

    def whole(self, cell: int, columns: int) -> Flat:
        """All flat pixels of a cell; kept."""
        found = self._whole.get(cell)
        if found is None:
            size = self.lattice[0] ** 2
            found = self._whole[cell] = self.pixels(cell, columns, np.arange(size))
        return found

    def pixels(self, cell: int, columns: int, at: NDArray[np.intp]) -> Flat:
        """Flat pixels of a cell from indices within the tile."""
        period, top, left = self.lattice
        y, x = top + cell // columns * period, left + cell % columns * period
        return (at // period + y) * SIDE + at % period + x
