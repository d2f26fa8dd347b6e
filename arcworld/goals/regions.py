"""Regions of a frame that may hold equal pictures: panels, things of several colours, thumbnails.

A region is a fixed box of a level. Two regions are comparable where one division into rows and
columns fits both: each cell of it has one colour in its middle. Pictures are then read by sampling
the middles, whatever the scale and the lines between cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from arcworld.goals.hypothesis import ClassKey
from arcworld.goals.lattice import SMALLEST
from arcworld.goals.scene import Scene
from arcworld.online.view import SIDE, Part, components

PANEL, THING, THUMBNAIL, BOARD = "panel", "thing", "thumbnail", "board"
CLEAR = 255
"""Colour of the plate, or of the ground, in a picture."""
LEAST, MOST_CELLS = 2, 10
"""Rows and columns of a picture."""
FRAMED = 0.9
"""Share of a box's border that a panel's own colour fills."""
MOST_REGIONS, MOST_PAIRS = 24, 12
MOST_ALIKE = 4
"""More panels of one size are tiles with marks."""
INNER = 0.35
"""How far from its middle a cell is sampled, in cells; lines between cells lie beyond."""
SAMPLED = 0.3
"""Where in a cell its colour is read: beside the middle, where marks stand."""
SOLID, MARKED = 0.97, 0.6
"""Share of the inner pixels of cells that have their colour; and where a region has marks."""

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


def pairs_of(scene: Scene) -> tuple[Pair, ...]:
    """Pairs of regions of a scene that may be meant to hold one picture."""
    found = scene.memo.get("pairs")
    if not isinstance(found, tuple):
        found = tuple(_pairs(scene))[:MOST_PAIRS]
        scene.memo["pairs"] = found
    return found


def changed_in(region: Region, scene: Scene) -> bool:
    """Whether a later frame of the evidence differs within the region."""
    box = np.s_[region.y : region.y + region.height, region.x : region.x + region.width]
    first = scene.first_frame_HW[box]
    return any(bool((frame_HW[box] != first).any()) for frame_HW in scene.evidence.frames)


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


def _pairs(scene: Scene) -> Iterator[Pair]:
    regions = list(_regions(scene))[:MOST_REGIONS]
    frame_HW = scene.first_frame_HW
    found: list[tuple[Region, Region]] = []
    for a, b in combinations(regions, 2):
        kinds = {a.kind, b.kind}
        usual = (len(kinds) == 1 and BOARD not in kinds) or kinds == {BOARD, THUMBNAIL}
        if not usual or (a.overlaps(b) and BOARD not in kinds) or not _same_form(a, b):
            continue
        size = _division(a, b, frame_HW, scene.cell)
        if size is not None and _alike(a, b, frame_HW, size) and not _repeats(a, b, found):
            found.append((a, b))
            boards = a.kind == BOARD, b.kind == BOARD
            changes = changed_in(a, scene), changed_in(b, scene)
            big = (boards[0], changes[0], a.area) >= (boards[1], changes[1], b.area)
            yield Pair(*((a, b) if big else (b, a)), *size)


def _repeats(a: Region, b: Region, found: list[tuple[Region, Region]]) -> bool:
    """Whether a pair lies within, or around, an earlier one (a plate in a frame)."""
    return any(a.overlaps(c) and b.overlaps(d) for c, d in found)


def _same_form(a: Region, b: Region) -> bool:
    """Whether the sides have one ratio, up to lines between cells."""
    ratio = a.height * b.width / (a.width * b.height)
    return 0.85 <= ratio <= 1.18


def _division(
    a: Region, b: Region, frame_HW: NDArray[np.uint8], cell: int
) -> tuple[int, int] | None:
    """The coarsest division that fits both regions."""
    if BOARD in (a.kind, b.kind):
        board = a if a.kind == BOARD else b
        return board.height // cell, board.width // cell
    for rows in range(1, MOST_CELLS + 1):
        columns = max(1, round(rows * a.width / a.height))
        fits = max(rows, columns) >= LEAST and columns <= MOST_CELLS
        if fits:
            worse, better = sorted(r.fit(frame_HW, rows, columns) for r in (a, b))
            if better >= SOLID and worse >= MARKED:
                return rows, columns
    return None


def _alike(a: Region, b: Region, frame_HW: NDArray[np.uint8], size: tuple[int, int]) -> bool:
    """Whether the pictures are more than two single colours, and share one."""
    first, second = (set(r.picture(frame_HW, *size).ravel().tolist()) for r in (a, b))
    return max(len(first), len(second)) > 1 and (a.kind == PANEL or bool(first & second))


# where regions are


def _regions(scene: Scene) -> Iterator[Region]:
    panels = list(_panels(scene))
    alike = Counter((panel.height, panel.width) for panel in panels)
    yield from (p for p in panels if alike[p.height, p.width] <= MOST_ALIKE)
    yield from _thumbnails(scene)
    yield from _colourful_things(scene)


def _panels(scene: Scene) -> Iterator[Region]:
    """What stands on plates or in frames: parts that fill the border of their box."""
    view = scene.segmenter.view(scene.first_frame_HW)
    seen: set[tuple[int, ...]] = set()
    for part in sorted(view.parts, key=lambda part: (-part.area, part.y, part.x)):
        if min(part.height, part.width) < 4 or max(part.height, part.width) > SIDE - 2:
            continue
        mask = _mask(part)
        border = np.concatenate((mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]))
        if border.mean() < FRAMED:
            continue
        rows, columns = (
            np.flatnonzero((~mask[1:-1, 1:-1]).any(1)),
            np.flatnonzero((~mask[1:-1, 1:-1]).any(0)),
        )
        if len(rows) < LEAST or len(columns) < LEAST:
            continue
        top, left = int(rows[0]) + 1, int(columns[0]) + 1
        height, width = int(rows[-1]) + 2 - top, int(columns[-1]) + 2 - left
        box = part.y + top, part.x + left, height, width
        if box not in seen:
            seen.add(box)
            yield Region(PANEL, *box, part.colour, ClassKey(part.colour))


def _mask(part: Part) -> NDArray[np.bool_]:
    mask = np.zeros((part.height, part.width), np.bool_)
    mask[(part.pixels >> 6) - part.y, (part.pixels & 63) - part.x] = True
    return mask


def _colourful_things(scene: Scene) -> Iterator[Region]:
    """Connected things of several colours, or that are no rectangle, on the ground."""
    frame_HW = scene.first_frame_HW
    covered = ~np.isin(frame_HW, list(scene.grounds))
    labels, count = components(covered)
    for number in range(1, min(count, 40) + 1):
        rows, columns = np.nonzero(labels == number)
        y, x = int(rows.min()), int(columns.min())
        height, width = int(rows.max()) + 1 - y, int(columns.max()) + 1 - x
        colours = np.bincount(frame_HW[rows, columns], minlength=16)
        plain = int((colours > 0).sum()) == 1 and len(rows) == height * width
        if plain or min(height, width) < 3 or max(height, width) > SIDE // 2:
            continue
        key = ClassKey(int(colours.argmax()))
        yield Region(THING, y, x, height, width, scene.background, key)


def _thumbnails(scene: Scene) -> Iterator[Region]:
    """Small boxes of detail finer than the lattice, with one or two pixels a cell of the board."""
    cell = scene.cell
    top, bottom, left, right = scene.board
    rows, columns = (bottom - top) // cell, (right - left) // cell
    if cell < SMALLEST or not (LEAST < rows <= 16 and LEAST < columns <= 16):
        return
    detail, edges = _detail(scene)
    labels, count = components(detail)
    board = Region(BOARD, top, left, rows * cell, columns * cell, CLEAR, ClassKey(scene.background))
    for number in range(1, min(count, 20) + 1):
        ys, xs = np.nonzero(labels == number)
        box = int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1
        for scale in (1, 2):
            place = _placed(edges, box, rows * scale, columns * scale)
            if place is not None and scale < cell:
                colour = int(scene.first_frame_HW[place])
                size = rows * scale, columns * scale
                yield Region(THUMBNAIL, *place, *size, CLEAR, ClassKey(colour))
                yield board


def _detail(scene: Scene) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels beside edges that are not on the lattice, bool [64, 64]; the edges by axis, before
    each line, [2, 65, 65].
    """
    frame_HW, (cell, top, left) = scene.first_frame_HW, scene.lattice
    edges = np.zeros((2, SIDE + 1, SIDE + 1), np.bool_)
    off_row, off_column = ((np.arange(1, SIDE) - start) % cell != 0 for start in (top, left))
    edges[0, 1:SIDE, :SIDE] = (frame_HW[1:] != frame_HW[:-1]) & off_row[:, None]
    edges[1, :SIDE, 1:SIDE] = (frame_HW[:, 1:] != frame_HW[:, :-1]) & off_column
    after = edges[0, :SIDE, :SIDE] | edges[1, :SIDE, :SIDE]
    before = edges[0, 1:, :SIDE] | edges[1, :SIDE, 1:]
    return after | before, edges


def _placed(
    edges: NDArray[np.bool_], box: tuple[int, int, int, int], height: int, width: int
) -> tuple[int, int] | None:
    """Where a box of one size lies within a slightly larger one: its sides have the most edges."""
    top, left, bottom, right = box
    slack = bottom - top - height, right - left - width
    if not all(0 <= free <= 2 for free in slack):
        return None
    places = [
        (y, x) for y in range(top, top + slack[0] + 1) for x in range(left, left + slack[1] + 1)
    ]

    def sides(place: tuple[int, int]) -> int:
        y, x = place
        rows = edges[0, [y, y + height], x : x + width].sum()
        return int(rows + edges[1, y : y + height, [x, x + width]].sum())

    return max(places, key=sides)
