"""Regions of a frame that may hold equal pictures: panels, things of several colours, thumbnails.

A region is a fixed box of a level. Two regions are comparable where one division into rows and
columns fits both: each cell of it has one colour in its middle. Pictures are then read by sampling
the middles, whatever the scale and the lines between cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.goals.hypothesis import ClassKey

PANEL, THING, THUMBNAIL, BOARD = "panel", "thing", "thumbnail", "board"
CLEAR = 255
"""Colour of the plate, or of the ground, in a picture."""
INNER = 0.35
"""How far from its middle a cell is sampled, in cells; lines between cells lie beyond."""
SAMPLED = 0.3
"""Where in a cell its colour is read: beside the middle, where marks stand."""

type Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Region:
    """A box of the frame.

    Attributes:
        kind: `PANEL`, `THING`, `THUMBNAIL` or `BOARD`.
        clear: colour of the plate or ground behind the picture; `CLEAR` where there is none.
        key: class that names it: the plate's, or the thing's most frequent colour.
    """

    kind: str
    y: int
    x: int
    height: int
    width: int
    clear: int
    key: ClassKey

    @property
    def area(self) -> int:
        """Pixels of the box."""
        return self.height * self.width

    def middles(self, rows: int, columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column indices of the middles of cells."""
        ys = self.y + (np.arange(rows) * 2 + 1) * self.height // (2 * rows)
        xs = self.x + (np.arange(columns) * 2 + 1) * self.width // (2 * columns)
        return ys, xs

    def picture(self, frame_HW: NDArray[np.uint8], rows: int, columns: int) -> Picture:
        """Colours of the cells, [rows, columns]."""
        ys = self.y + (np.arange(rows) + SAMPLED) * self.height // rows
        xs = self.x + (np.arange(columns) + SAMPLED) * self.width // columns
        found = frame_HW[ys.astype(np.intp)[:, None], xs.astype(np.intp)[None]]
        return np.where(found == self.clear, CLEAR, found).astype(np.uint8)

    def fit(self, frame_HW: NDArray[np.uint8], rows: int, columns: int) -> float:
        """How well a division fits: share of pixels that have the colour of their cell."""
        if not (_divides(rows, self.height) and _divides(columns, self.width)):
            return 0.0
        box = frame_HW[self.y : self.y + self.height, self.x : self.x + self.width]
        picture = self.picture(frame_HW, rows, columns)
        box = np.where(box == self.clear, CLEAR, box)
        cell_y, place_y = _cells(self.height, rows)
        cell_x, place_x = _cells(self.width, columns)
        inner = place_y[:, None] & place_x[None]
        same = box == picture[cell_y[:, None], cell_x[None]]
        return float(same[inner].mean())

    def overlaps(self, other: Region) -> bool:
        """Whether two boxes share pixels."""
        apart_y = self.y >= other.y + other.height or other.y >= self.y + self.height
        apart_x = self.x >= other.x + other.width or other.x >= self.x + self.width
        return not (apart_y or apart_x)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two regions of the same division; `first` is the larger one, or the one that changed."""

    first: Region
    second: Region
    rows: int
    columns: int

    def pictures(self, frame_HW: NDArray[np.uint8]) -> tuple[Picture, Picture]:
        """Both pictures."""
        size = self.rows, self.columns
        first, second = (region.picture(frame_HW, *size) for region in (self.first, self.second))
        if self.first.kind == BOARD:
            first = self._uncovered(frame_HW, first, second)
        return first, second

    def _uncovered(self, frame_HW: NDArray[np.uint8], board: Picture, small: Picture) -> Picture:
        """The board's picture, read beside the thumbnail that lies over some of its cells."""
        board, over = board.copy(), self.second
        high, wide = self.first.height // self.rows, self.first.width // self.columns
        for row, column in np.ndindex(board.shape):
            y, x = self.first.y + row * high, self.first.x + column * wide
            ys, xs = np.arange(y, y + high), np.arange(x, x + wide)
            free_y = ys[(ys < over.y) | (ys >= over.y + over.height)]
            free_x = xs[(xs < over.x) | (xs >= over.x + over.width)]
            if len(free_y) == high or len(free_x) == wide:
                continue
            if len(free_y):
                board[row, column] = frame_HW[free_y[0], x]
            else:
                board[row, column] = frame_HW[y, free_x[0]] if len(free_x) else small[row, column]
        return board


def _divides(count: int, length: int) -> bool:
    """Whether a length has this many equal cells, up to thin lines between them."""
    return length % count == 0 or length >= 3 * count


def _cells(length: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Cell of each pixel along an axis, and whether it lies near the middle of it."""
    place = (np.arange(length) + 0.5) * count / length
    cell = place.astype(np.intp)
    inner = np.abs(place - cell - 0.5) <= INNER
    inner[(np.arange(count) * 2 + 1) * length // (2 * count)] = True
    return cell, inner
