"""Finds the pairs of regions of a scene that may be meant to show one picture.

Regions are contents of panels (plates, frames), things of several colours, and thumbnails: small
boxes of detail finer than the lattice, with one or two pixels for a cell of the board.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from arcworld.goals.hypothesis import ClassKey
from arcworld.goals.lattice import SMALLEST
from arcworld.goals.regions import BOARD, CLEAR, PANEL, THING, THUMBNAIL, Pair, Region
from arcworld.goals.scene import Scene
from arcworld.online.view import SIDE, Part, components

LEAST, MOST_CELLS = 2, 10
"""Rows and columns of a picture."""
FRAMED = 0.9
"""Share of a box's border that a panel's own colour fills."""
MOST_REGIONS, MOST_PAIRS = 24, 12
MOST_ALIKE = 4
"""More panels of one size are tiles with marks."""
SOLID, MARKED = 0.97, 0.6
"""Share of the inner pixels of cells that have their colour; and where a region has marks."""


def pairs_of(scene: Scene) -> tuple[Pair, ...]:
    """Pairs of regions of a scene that may be meant to hold one picture."""
    return scene.once("pairs", lambda: tuple(_pairs(scene))[:MOST_PAIRS])


def changed_in(region: Region, scene: Scene) -> bool:
    """Whether a later frame of the evidence differs within the region."""
    box = np.s_[region.y : region.y + region.height, region.x : region.x + region.width]
    first = scene.first_frame_HW[box]
    return any(bool((frame_HW[box] != first).any()) for frame_HW in scene.evidence.frames)


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
