"""What is fixed in a level: lattice, rim, classes of things, and what actions have shown.

A scene is built from the first frame and from evidence (`SceneBuilder`), and built again whenever
the evidence changes. Pixels are segmented by `arcworld.online.view`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray

from arcworld.goals.frame_view import FrameView, Places
from arcworld.goals.hypothesis import ClassKey
from arcworld.goals.lattice import NONE, SMALLEST, Lattice, find_lattice, lattice_of_steps
from arcworld.goals.rim import rim_of
from arcworld.online.view import CLICK, COLOURS, PIXELS, SIDE, Part, Segmenter

MOVES = (1, 2, 3, 4)
"""Actions that usually mean up, down, left, right."""
MOST_SHAPES = 4
"""Colours with more shapes are not split by shape."""
MOST_VIEWS = 256


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the actions of a level have shown.

    Attributes:
        avatar: class that actions 1-4 move.
        stride: pixels that an action usually moves it; 1 where that is not known.
        thickness: pixels of its shorter side; 64 where that is not known.
        moved: colours of things that moved.
        changed: colours that appeared or disappeared other than below things that move.
        frames: a few later frames; what is drawn on a cell tells its size.
        bars_HW: status bars found by their ticking, bool [64, 64].
        buttons: colours of things that stay when clicked while something else changes.
    """

    avatar: ClassKey | None = None
    stride: int = 1
    thickness: int = SIDE
    moved: frozenset[int] = frozenset()
    changed: frozenset[int] = frozenset()
    frames: tuple[NDArray[np.uint8], ...] = ()
    bars_HW: NDArray[np.bool_] | None = None
    buttons: frozenset[int] = frozenset()


NOTHING_SEEN = Evidence()


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A level's things and how they lie.

    Attributes:
        lattice: cells; size 1 where there is none.
        rim_HW: status bars and other small things near an edge, bool [64, 64]; goals ignore them.
        background: most frequent colour.
        grounds: colours that are nothing to act on: the background and the padding.
        units: centres of the units of each class, [N, 2] as (y, x). A part larger than a cell
            counts as one unit a cell. Holds a class for each colour, and one for each shape of
            colours with several shapes.
        shapes: number of parts by shape, of each colour.
        areas: pixels of one unit, by class.
        board: first row, end row, first column, end column of what is no padding.
        evidence: what actions have shown.
        available: ids of the actions that the game offers.
    """

    first_frame_HW: NDArray[np.uint8]
    available: tuple[int, ...]
    lattice: Lattice
    rim_HW: NDArray[np.bool_]
    background: int
    grounds: frozenset[int]
    units: Mapping[ClassKey, Places]
    shapes: Mapping[int, Counter[int]]
    areas: Mapping[ClassKey, float]
    board: tuple[int, int, int, int]
    evidence: Evidence
    segmenter: Segmenter
    _visible: NDArray[np.bool_]
    _views: dict[bytes, FrameView] = field(default_factory=dict)
    memo: dict[object, object] = field(default_factory=dict)

    @property
    def cell(self) -> int:
        """Size of a cell in pixels; 1 where there is no lattice."""
        return self.lattice.cell

    @property
    def stride(self) -> int:
        """Pixels of one step, the unit of distances: a cell, or as far as the avatar moves."""
        return self.cell if self.cell >= SMALLEST else self.evidence.stride

    @property
    def avatar(self) -> ClassKey | None:
        """Class of what actions 1-4 move."""
        return self.evidence.avatar

    @property
    def clicks(self) -> bool:
        """Whether the game offers clicks."""
        return CLICK in self.available

    @property
    def moves(self) -> bool:
        """Whether the game offers any of actions 1-4."""
        return any(action in MOVES for action in self.available)

    @property
    def classes(self) -> list[ClassKey]:
        """The class of each colour, without those split by shape."""
        return [key for key in self.units if key == key.coarse]

    def count(self, key: ClassKey) -> int:
        """Number of units in the first frame."""
        return len(self.units.get(key, ()))

    def view(self, frame_HW: NDArray[np.uint8]) -> FrameView:
        """The frame's view; recent ones are kept."""
        key = frame_HW.tobytes()
        found = self._views.get(key)
        if found is None:
            if len(self._views) >= MOST_VIEWS:
                del self._views[next(iter(self._views))]
            found = self._views[key] = FrameView(frame_HW, self._visible, self.segmenter)
        return found

    def once[T](self, key: object, make: Callable[[], T]) -> T:
        """What a function returns for this scene; kept by a key."""
        if key not in self.memo:
            self.memo[key] = make()
        return cast("T", self.memo[key])

    def cells(self) -> list[tuple[int, int]]:
        """Centres (y, x) of the cells of the board; cells of 4 pixels where there is no lattice."""
        size = self.cell if self.cell >= SMALLEST else 4
        top, bottom, left, right = self.board
        rows = range(self.lattice.top % size, SIDE - size + 1, size)
        columns = range(self.lattice.left % size, SIDE - size + 1, size)
        centres = [(y + size // 2, x + size // 2) for y in rows for x in columns]
        return [(y, x) for y, x in centres if top <= y < bottom and left <= x < right]

    def split(self, part: Part, pixels: NDArray[np.intp]) -> list[tuple[int, int]]:
        """Centres of a part's units: its cells where it is larger than one, else its own centre."""
        found = _cells_of(part, pixels, self.lattice) if self.cell >= SMALLEST else []
        return found or [_centre(pixels)]


def build_scene(
    first_frame_HW: NDArray[np.uint8],
    available: Iterable[int],
    evidence: Evidence = NOTHING_SEEN,
    segmenter: Segmenter | None = None,
) -> Scene:
    """The scene of a level.

    Args:
        first_frame_HW: the level's first frame, uint8 [64, 64].
        available: ids of the actions that the game offers.
        evidence: what actions have shown so far.
        segmenter: shared with the online model, so that frames are segmented once.
    """
    segmenter = segmenter or Segmenter()
    frame_HW = np.ascontiguousarray(first_frame_HW)
    parts = segmenter.view(frame_HW).parts
    background = int(np.bincount(frame_HW.reshape(-1), minlength=COLOURS).argmax())
    lattice = _agreed_lattice(frame_HW, background, evidence, segmenter)
    rim_HW = rim_of(parts, lattice, evidence.thickness)
    if evidence.bars_HW is not None:
        rim_HW |= evidence.bars_HW
    grounds = _grounds(parts, background)
    visible = ~rim_HW.reshape(-1)
    units, shapes, areas = _things(parts, visible, grounds, lattice)
    return Scene(
        frame_HW,
        tuple(available),
        lattice,
        rim_HW,
        background,
        grounds,
        units,
        shapes,
        areas,
        _board(frame_HW, grounds - {background}, rim_HW),
        evidence,
        segmenter,
        visible,
    )


def _agreed_lattice(
    frame_HW: NDArray[np.uint8], background: int, evidence: Evidence, segmenter: Segmenter
) -> Lattice:
    """The lattice of the first frame, a finer one that a later frame shows, or that of steps."""
    lattice = find_lattice(segmenter.view(frame_HW).parts, background)
    for later_HW in evidence.frames:
        other = find_lattice(segmenter.view(later_HW).parts, background)
        if SMALLEST <= other.cell < lattice.cell:
            lattice = other
    stride = evidence.stride
    if SMALLEST <= lattice.cell < stride:
        divides = stride % lattice.cell == 0
        return lattice_of_steps(frame_HW != background, stride) or (lattice if divides else NONE)
    return lattice


def _grounds(parts: list[Part], background: int) -> frozenset[int]:
    """The background, and colours of parts that hold two corners of the frame: padding."""
    corners = np.array([0, SIDE - 1, PIXELS - SIDE, PIXELS - 1])
    held = ((part.colour, int(np.isin(corners, part.pixels).sum())) for part in parts)
    return frozenset({background} | {colour for colour, n in held if n >= 2})


def _things(
    parts: list[Part], visible: NDArray[np.bool_], grounds: frozenset[int], lattice: Lattice
) -> tuple[dict[ClassKey, Places], dict[int, Counter[int]], dict[ClassKey, float]]:
    places: dict[ClassKey, list[tuple[int, int]]] = defaultdict(list)
    areas: Counter[ClassKey] = Counter()
    shapes: dict[int, Counter[int]] = defaultdict(Counter)
    for part in parts:
        pixels = part.pixels[visible[part.pixels]]
        if part.colour in grounds or not len(pixels):
            continue
        found = _cells_of(part, pixels, lattice) if lattice.cell >= SMALLEST else []
        for key in (ClassKey(part.colour), ClassKey(part.colour, part.look >> 4)):
            places[key] += found or [_centre(pixels)]
            areas[key] += len(pixels)
        shapes[part.colour][part.look >> 4] += 1
    kept = [key for key in places if key.shape == 0 or 1 < len(shapes[key.colour]) <= MOST_SHAPES]
    units = {key: np.array(places[key], np.intp) for key in kept}
    return units, dict(shapes), {key: areas[key] / len(units[key]) for key in kept}


def _cells_of(part: Part, pixels: NDArray[np.intp], lattice: Lattice) -> list[tuple[int, int]]:
    """Centres of the cells that a part covers, where it is larger than a cell; else []."""
    size, top, left = lattice
    if len(pixels) <= 1.5 * size * size:
        return []
    filled = set(pixels.tolist())
    first = part.y - (part.y - top) % size
    start = part.x - (part.x - left) % size
    centres = [
        (y + size // 2, x + size // 2)
        for y in range(first, part.y + part.height, size)
        for x in range(start, part.x + part.width, size)
    ]
    inside = [(y, x) for y, x in centres if 0 <= y < SIDE and 0 <= x < SIDE]
    return [(y, x) for y, x in inside if y * SIDE + x in filled]


def _centre(pixels: NDArray[np.intp]) -> tuple[int, int]:
    """The pixel nearest to the mean of a thing; the middle itself where the thing surrounds it."""
    rows, columns = pixels >> 6, pixels & 63
    y, x = rows.mean(), columns.mean()
    apart = (rows - y) ** 2 + (columns - x) ** 2
    best = np.argmin(apart)
    middle = int(y + 0.5), int(x + 0.5)
    if apart[best] > 1 and _surround(rows, columns, *middle):
        return middle
    return int(rows[best]), int(columns[best])


def _surround(rows: NDArray[np.intp], columns: NDArray[np.intp], y: int, x: int) -> bool:
    """Whether pixels lie on all four sides of a place."""
    beside, above = columns[rows == y], rows[columns == x]
    sides = [line.min() < at < line.max() for line, at in ((beside, x), (above, y)) if len(line)]
    return len(sides) == 2 and all(sides)


def _board(
    frame_HW: NDArray[np.uint8], padding: frozenset[int], rim_HW: NDArray[np.bool_]
) -> tuple[int, int, int, int]:
    inner_HW = ~np.isin(frame_HW, list(padding)) & ~rim_HW
    rows, columns = np.flatnonzero(inner_HW.any(1)), np.flatnonzero(inner_HW.any(0))
    if not len(rows):
        return 0, SIDE, 0, SIDE
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
