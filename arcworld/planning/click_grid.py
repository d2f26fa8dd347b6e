"""The grid of cells that clicks switch, from what changed: side by side, or with gaps between."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arcworld.goals.lattice import LARGEST, lattice_of
from arcworld.online.view import components
from arcworld.recordings.episode import CLICK, SIDE, Action

LEAST = 4
"""Pixels of the smallest cell's side."""
SHOWN = 0.3
"""Least share of a cell that has a colour that switches; the rest may be a pattern that stays."""

type Cell = tuple[int, int]
"""Row and column."""
type Masks = list[NDArray[np.bool_]]
"""One [64, 64] a click."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of `size` pixels, the first at row `top`, column `left`.

    `inner`: pixels of a cell's side without the gap between cells.
    """

    size: int
    top: int
    left: int
    inner: int

    @property
    def shape(self) -> Cell:
        """Rows and columns."""
        return (SIDE - self.top) // self.size, (SIDE - self.left) // self.size

    def at(self, y: int, x: int) -> Cell | None:
        """The cell of a pixel; None outside, and in the gap between two."""
        row, column = (y - self.top) // self.size, (x - self.left) // self.size
        rows, columns = self.shape
        inside = 0 <= row < rows and 0 <= column < columns
        beyond = max((y - self.top) % self.size, (x - self.left) % self.size) >= self.inner
        return (row, column) if inside and not beyond else None

    def click(self, cell: Cell) -> Action:
        """A click on the middle of a cell."""
        y, x = (at * self.size + self.inner // 2 for at in cell)
        return Action(CLICK, self.left + x, self.top + y)

    def shows(self, colours: Collection[int], frame_HW: NDArray[np.uint8]) -> NDArray[np.intp]:
        """Number of pixels of some colours in each cell, [rows, columns]; few are none."""
        found = self.blocks(np.isin(frame_HW, list(colours))).sum(axis=2)
        return np.where(found >= SHOWN * self.inner**2, found, 0)

    def blocks[T: np.generic](self, array_HW: NDArray[T]) -> NDArray[T]:
        """The pixels of each cell, [rows, columns, size * size]."""
        (rows, columns), n = self.shape, self.size
        part = array_HW[self.top : self.top + rows * n, self.left : self.left + columns * n]
        return part.reshape(rows, n, columns, n).swapaxes(1, 2).reshape(rows, columns, n * n)


def opened(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask without what is thin: marks of clicks."""
    found = ndimage.binary_opening(mask, np.ones((LEAST, LEAST), np.bool_))
    return np.asarray(found, np.bool_)


def grid_of(opened_masks: Masks, masks: Masks) -> Grid | None:
    """The coarsest grid on whose lines most of what changed begins and ends.

    Args:
        opened_masks: what each click changed, without what is thin (`opened`).
        masks: all that each click changed.
    """
    begins, ends = _edges(opened_masks)
    lines = begins + ends
    lines[:, [0, SIDE]] = 0
    closed = lattice_of(lines, LARGEST, LEAST) if lines.any(axis=1).all() else None
    return _apart_grid(masks) if closed is None else Grid(*closed, closed.cell)


def _apart_grid(masks: Masks) -> Grid | None:
    """A grid with gaps between its cells: on one side what changed begins, on another it ends."""
    begins, ends = _edges([_boxed(mask) for mask in masks])
    apart = lattice_of(begins, LARGEST, LEAST) if begins.any(axis=1).all() else None
    behind = apart and lattice_of(ends, apart.cell, apart.cell)
    if apart is None or behind is None:
        return None
    height, width = (behind.top - apart.top) % apart.cell, (behind.left - apart.left) % apart.cell
    return Grid(*apart, height) if height == width >= LEAST else None


def _edges(masks: Masks) -> NDArray[np.float64]:
    """Pixels where masks begin, and where they end, by axis and line, [2, 2, 65]."""
    edges = np.zeros((2, 2, SIDE + 1))
    for mask in masks:
        padded = np.pad(mask, 1).astype(np.int8)
        for axis in (0, 1):
            change = np.diff(padded, axis=axis)
            edges[0, axis] += (change > 0).sum(axis=1 - axis)
            edges[1, axis] += (change < 0).sum(axis=1 - axis)
    return edges


def _boxed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask with the boxes of its larger parts, without holes and notches."""
    boxed = np.zeros_like(mask)
    for box in ndimage.find_objects(components(mask)[0]):
        if min(side.stop - side.start for side in box) >= LEAST:
            boxed[box] = True
    return boxed
