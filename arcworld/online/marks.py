"""What a game draws around clicks: looks of a mark, and the lattice of places where it is drawn.

A look is a set of pixels around a place with their colours. It is one if most clicks that changed
anything get it whatever was there, and it is gone after the next click elsewhere. A game may have
several looks (a right and a wrong click); those are found among clicks that brought the same
colours. A mark may also change while it stays: it has a look for each age.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcworld.online.claims import Writing
from arcworld.online.view import COLOURS, SIDE

REACH = 5
"""Pixels around its place that a mark may have."""
SPAN = 2 * REACH + 1
FIT_AT = frozenset((3, 4, 5, 6, 8, 10, 14, 20, 30, 50, 80, 120))
"""Clicks after which a look is looked for again."""
DRAWN, NEW, LEFT = 0.85, 0.4, 0.5
"""Least share of clicks with the colour, least share where it is new, most where it is left."""
LEAST, MOST = 3, 40
"""Pixels of a look; what is larger is a thing of the game, what is smaller may be chance."""
MATCHED = 0.7
"""Least share of the pixels of a look that is there where the mark is drawn."""
AGES, NEAR = 9, 3
"""Ages that are told apart, and pixels around the first look that later looks may have."""
PLACES, FAR = 3, 7
"""Places far from each other at which a look is seen before it is one, and how far that is."""
MOST_SETS, CORE = 6, 2
"""Sets of colours that are told apart, and pixels around a place in which they are looked for."""
PERIODS = range(2, 17)
AGREED, KEPT = 0.7, 16
"""Least share of clicks that agree on a lattice, and clicks in which it is looked for."""

type Place = tuple[int, int]
type Lattice = tuple[int, int, int]
"""(period, top, left)."""


def window(frame_HW: NDArray[np.uint8], at: Place) -> NDArray[np.uint8]:
    """The pixels around a place, uint8 [11, 11]; 16 outside of the frame."""
    padded = np.full((SIDE + 2 * REACH, SIDE + 2 * REACH), COLOURS, np.uint8)
    padded[REACH:-REACH, REACH:-REACH] = frame_HW
    return padded[at[0] : at[0] + SPAN, at[1] : at[1] + SPAN]


def is_far(one: Place, other: Place) -> bool:
    """Whether what is drawn at two places hardly overlaps."""
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) > FAR


def _middles[N: (int, NDArray[np.intp])](at: N, period: int, phase: int) -> N:
    """The middles of the cells of rows or columns, which may lie outside of the frame."""
    return (at - phase) // period * period + phase + period // 2


def cell_middle(at: Place, lattice: Lattice) -> Place:
    """The middle of the cell of a pixel."""
    period, top, left = lattice
    y, x = _middles(at[0], period, top), _middles(at[1], period, left)
    return min(max(y, 0), SIDE - 1), min(max(x, 0), SIDE - 1)


@dataclass(slots=True, eq=False)
class Look:
    """Pixels around a place with their colours, and what becomes of them while the mark stays."""

    offsets: NDArray[np.intp]
    colours: NDArray[np.uint8]
    rate: float = 1.0
    _later: dict[int, tuple[float, NDArray[np.float32]]] = field(default_factory=dict)

    def at(self, place: Place, age: int = 0) -> Writing:
        """Pixels and colours that are drawn at an age."""
        offsets, colours = self.offsets, self.colours
        found = self._later.get(min(age, AGES)) if age else None
        if found is not None:
            offsets, colours = self._aged(*found)
        rows, columns = offsets[:, 0] + place[0], offsets[:, 1] + place[1]
        inside = (rows >= 0) & (rows < SIDE) & (columns >= 0) & (columns < SIDE)
        return (rows * SIDE + columns)[inside], colours[inside]

    def learn(
        self, place: Place, age: int, clean_HW: NDArray[np.uint8], shown_HW: NDArray[np.uint8]
    ) -> None:
        """Count what is shown at an age where the mark has not moved."""
        seen, counts = self._later.get(min(age, AGES)) or (0.5, self._own())
        clean, shown = window(clean_HW, place), window(shown_HW, place)
        colours = np.arange(COLOURS, dtype=np.uint8)[:, None, None]
        drawn = (shown != clean) | (counts.sum(0) > 0)
        counts += (shown == colours) & drawn & self._near()
        self._later[min(age, AGES)] = seen + 1, counts

    def _aged(
        self, seen: float, counts: NDArray[np.float32]
    ) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
        most = counts.max(0)
        places = np.argwhere((most >= 0.6 * seen) & (most > 1))
        return places - REACH, counts[:, places[:, 0], places[:, 1]].argmax(0).astype(np.uint8)

    def _own(self) -> NDArray[np.float32]:
        counts = np.zeros((COLOURS, SPAN, SPAN), np.float32)
        counts[self.colours, self.offsets[:, 0] + REACH, self.offsets[:, 1] + REACH] = 0.5
        return counts

    def _near(self) -> NDArray[np.bool_]:
        near = np.zeros((SPAN, SPAN), np.bool_)
        top, left = np.maximum(self.offsets.min(0) + REACH - NEAR, 0)
        bottom, right = self.offsets.max(0) + REACH + NEAR + 1
        near[top:bottom, left:right] = True
        return near


def is_drawn(frame: NDArray[np.uint8], mark: Writing) -> bool:
    """Whether most pixels of a mark are in a flat frame."""
    return bool(len(mark[0])) and float((frame[mark[0]] == mark[1]).mean()) >= MATCHED


class _Counts:
    """Counts of what clicks of one kind draw around their places."""

    def __init__(self) -> None:
        self.look: Look | None = None
        self._clicks = self._pairs = 0
        self._places: list[Place] = []
        self._drawn = np.zeros((COLOURS + 1, SPAN, SPAN), np.float32)
        self._left = np.zeros((COLOURS + 1, SPAN, SPAN), np.float32)
        self._new = np.zeros((SPAN, SPAN), np.float32)

    def count(self, place: Place, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> None:
        """Count one click, by the windows before and after."""
        self._clicks += 1
        if len(self._places) < PLACES and all(is_far(place, other) for other in self._places):
            self._places.append(place)
        self._drawn += after == np.arange(COLOURS + 1, dtype=np.uint8)[:, None, None]
        self._new += after != before
        if self._clicks in FIT_AT:
            self._fit()

    def count_left(self, later: NDArray[np.uint8]) -> None:
        """Count what is there after the next click elsewhere."""
        self._pairs += 1
        self._left += later == np.arange(COLOURS + 1, dtype=np.uint8)[:, None, None]

    def _fit(self) -> None:
        inside = self._clicks - self._drawn[COLOURS]
        drawn = (self._drawn >= DRAWN * inside) & (self._left <= LEFT * self._pairs)
        drawn &= (self._new >= NEW * inside) & (inside >= PLACES)
        found = drawn[:COLOURS].any(0) & (self._pairs >= 2) & (len(self._places) >= PLACES)
        edge = found[[0, -1]].any() or found[:, [0, -1]].any()
        places = np.argwhere(found)
        if edge or not LEAST <= len(places) <= MOST:
            self.look = None
            return
        colours = drawn[:COLOURS, places[:, 0], places[:, 1]].argmax(0).astype(np.uint8)
        offsets = places - REACH
        if self.look is None:
            self.look = Look(offsets, colours)
        else:  # what is known of its later looks stays
            self.look.offsets, self.look.colours = offsets, colours


class Evidence:
    """The looks of marks that are drawn at the pixel clicked, or in the middle of its cell."""

    def __init__(self, lattice: Lattice | None = None) -> None:
        self.lattice = lattice
        self._all = _Counts()
        self._sets: dict[frozenset[int], _Counts] = {}
        self._last: tuple[Place, list[_Counts]] | None = None
        self._hits = (0.0, 1.0)

    @property
    def worth(self) -> tuple[float, int]:
        """By which evidences are compared: share of clicks with a look, and its pixels."""
        largest = max((len(look.offsets) for look in self.looks), default=0)
        return round(self._hits[0] / self._hits[1], 1), largest

    @property
    def looks(self) -> list[Look]:
        """The looks found so far."""
        counts = (self._all, *self._sets.values())
        return [one.look for one in counts if one.look is not None]

    def place(self, at: Place) -> Place:
        """Where the mark of a click is drawn."""
        return cell_middle(at, self.lattice) if self.lattice else at

    def count(self, before_HW: NDArray[np.uint8], at: Place, after_HW: NDArray[np.uint8]) -> None:
        """Count one click, if it changed anything near."""
        place = self.place(at)
        before, after = window(before_HW, place), window(after_HW, place)
        if np.array_equal(before, after):
            return
        if self._last is not None:
            last, kinds = self._last
            if is_far(last, place):
                later = window(after_HW, last)
                for kind in kinds:
                    kind.count_left(later)
        hit = any(is_drawn(after_HW.reshape(-1), look.at(place)) for look in self.looks)
        self._hits = 0.9 * self._hits[0] + hit, 0.9 * self._hits[1] + 1
        kinds = list(self._kinds(place, before, after, after_HW))
        for kind in kinds:
            kind.count(place, before, after)
        self._last = place, kinds

    def _kinds(
        self,
        place: Place,
        before: NDArray[np.uint8],
        after: NDArray[np.uint8],
        after_HW: NDArray[np.uint8],
    ) -> Iterator[_Counts]:
        look = self._all.look
        matched = look is not None and is_drawn(after_HW.reshape(-1), look.at(place))
        if look is None or matched:
            yield self._all
        if not matched:
            core = slice(REACH - CORE, REACH + CORE + 1)
            new = after[core, core][after[core, core] != before[core, core]]
            key = frozenset(np.unique(new).tolist())
            if key in self._sets or len(self._sets) < MOST_SETS:
                yield self._sets.setdefault(key, _Counts())


class LatticeFinder:
    """Finds the lattice in whose cells a mark is drawn, if it is not drawn at the pixel clicked."""

    def __init__(self) -> None:
        self.clicks: deque[tuple[NDArray[np.uint8], Place, NDArray[np.uint8]]] = deque(maxlen=KEPT)

    def find(self) -> Lattice | None:
        """The lattice, or None."""
        pairs: dict[int, list[tuple[Place, Place]]] = {}
        for before_HW, at, after_HW in self.clicks:
            for colour, middle in _new_things(before_HW, at, after_HW):
                pairs.setdefault(colour, []).append((at, middle))
        for colour in sorted(pairs, key=lambda c: (-len(pairs[c]), c)):
            if len(set(pairs[colour])) >= 4:
                found = _fit_lattice(pairs[colour])
                if found is not None:
                    return found
        return None


def _new_things(
    before_HW: NDArray[np.uint8], at: Place, after_HW: NDArray[np.uint8]
) -> Iterator[tuple[int, Place]]:
    """Yield colour and middle of what is new near a click, if it is small."""
    before, after = window(before_HW, at), window(after_HW, at)
    new = before != after
    for colour in np.unique(after[new]).tolist():
        places = np.argwhere(new & (after == colour))
        low, high = places.min(0), places.max(0)
        if (high - low).max() < 7:
            y, x = ((low + high) // 2 - REACH).tolist()
            yield colour, (at[0] + y, at[1] + x)


def _fit_lattice(pairs: Sequence[tuple[Place, Place]]) -> Lattice | None:
    """The smallest period for which most middles are those of their clicks' cells."""
    clicks = np.array([at for at, _ in pairs])
    middles = np.array([middle for _, middle in pairs])
    for period in PERIODS:
        phases: list[int] = []
        for axis in (0, 1):
            residues = middles[:, axis] % period
            most = int(np.bincount(residues).argmax())
            phase = (most - period // 2) % period
            cells = _middles(clicks[:, axis], period, phase)
            if (cells == middles[:, axis]).mean() >= AGREED:
                phases.append(phase)
        if len(phases) == 2:
            return period, phases[0], phases[1]
    return None
