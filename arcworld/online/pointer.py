"""Pointer: a mark that some games draw where one clicks, until the next click.

Idea: layers. The mark is taken off a frame before anything else looks at it, and drawn again on
the prediction, so that the other experts see the same game with and without it. What it looks like
is found out in `marks`. A game may ignore a click; then the mark stays where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arcworld.online.claims import Writing
from arcworld.online.marks import Evidence, Lattice, LatticeFinder, Look, Place, is_drawn, window
from arcworld.online.view import CLICK, SIDE, Action

LOOK_AGAIN = frozenset((4, 6, 8, 12, 16, 20, 30, 40, 60, 80, 120))
"""Clicks after which a lattice of the mark is looked for."""
DECAY = 0.7
"""By which old clicks count less for what the next one does."""


def _nothing() -> Writing:
    return np.zeros(0, np.intp), np.zeros(0, np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A mark as it is shown: its look, place, and age in actions; no look: no mark.

    `ignored`: whether the game ignored the last click.
    """

    look: Look | None = None
    place: Place = (0, 0)
    age: int = 0
    shown: Writing = field(default_factory=_nothing)
    ignored: bool = False

    def older(self, action: Action) -> Mark:
        """The mark after an action that draws no other."""
        ignored = self.ignored or action.id == CLICK
        if self.look is None:
            return Mark(ignored=ignored)
        age = self.age + 1
        return Mark(self.look, self.place, age, self.look.at(self.place, age), ignored)


class Pointer:
    """Learns the mark."""

    def __init__(self) -> None:
        self._by_pixel = Evidence()
        self._by_cell: Evidence | None = None
        self._by_own: Evidence | None = None
        self._finder, self._clicks = LatticeFinder(), 0
        self._drawn = {False: (1.0, 1.0), True: (0.0, 1.0)}

    @property
    def found(self) -> bool:
        """Whether a mark is known."""
        return bool(self._best.looks)

    @property
    def _best(self) -> Evidence:
        """The evidence whose looks are drawn most often."""
        known = [e for e in (self._by_pixel, self._by_cell, self._by_own) if e and e.looks]
        return max(known, key=lambda e: e.worth, default=self._by_pixel)

    def _marks(self, action: Action) -> Iterator[Mark]:
        """The marks that a click may draw."""
        if action.id == CLICK:
            best = self._best
            place = best.place((action.y or 0, action.x or 0))
            for look in best.looks:
                yield Mark(look, place, 0, look.at(place))

    def next_mark(self, mark: Mark, action: Action) -> Mark:
        """What is marked after an action, as predicted."""
        marks = list(self._marks(action))
        drawn, clicks = self._drawn[mark.ignored]
        if marks and drawn >= 0.5 * clicks:
            return max(marks, key=lambda m: m.look.rate if m.look else 0.0)
        return mark.older(action)

    def observe(
        self,
        before: NDArray[np.uint8],
        mark: Mark,
        action: Action,
        after_HW: NDArray[np.uint8],
        lattice: Lattice | None,
        count: bool = True,
    ) -> tuple[NDArray[np.uint8], Mark]:
        """Learn from a transition; returns the frame after without its mark, flat, and the mark.

        Args:
            before: the frame before without its mark, flat.
            mark: its mark.
            action: what was done.
            after_HW: the true next frame.
            lattice: cells of the game, where known.
            count: whether the transition is new; else only the mark is taken off.
        """
        after = after_HW.reshape(-1)
        if action.id == CLICK and count:
            self._count(before.reshape(SIDE, SIDE), action, after_HW, lattice)
        found = self._drawn_by(action, after)
        if action.id == CLICK and count and self.found:
            drawn, clicks = self._drawn[mark.ignored]
            self._drawn[mark.ignored] = drawn * DECAY + (found is not None), clicks * DECAY + 1
        if found is None:
            if mark.look is not None:
                mark.look.learn(mark.place, mark.age + 1, before.reshape(SIDE, SIDE), after_HW)
            found = mark.older(action)
        if not is_drawn(after, found.shown):
            return after, Mark(ignored=found.ignored)
        return _without(before, after, found.shown), found

    def _drawn_by(self, action: Action, after: NDArray[np.uint8]) -> Mark | None:
        """The mark that a click drew, if it did; the one with the most pixels."""
        marks = [m for m in self._marks(action) if is_drawn(after, m.shown)]
        found = max(marks, key=lambda m: len(m.shown[0]), default=None)
        if found is not None:
            for look in self._best.looks:
                look.rate = look.rate * DECAY + (look is found.look)
        return found

    def _count(
        self,
        before_HW: NDArray[np.uint8],
        action: Action,
        after_HW: NDArray[np.uint8],
        lattice: Lattice | None,
    ) -> None:
        at = (action.y or 0, action.x or 0)
        if np.array_equal(window(before_HW, at), window(after_HW, at)):
            return
        self._clicks += 1
        self._finder.clicks.append((before_HW, at, after_HW))
        known = self._by_cell.lattice if self._by_cell else None
        if lattice is not None and lattice != known and lattice[0] > 2:
            self._by_cell = self._recounted(lattice)
        elif self._by_cell is not None:
            self._by_cell.count(before_HW, at, after_HW)
        if self._by_own is not None:
            self._by_own.count(before_HW, at, after_HW)
        self._by_pixel.count(before_HW, at, after_HW)
        if self._clicks in LOOK_AGAIN and not self.found:
            own = self._finder.find()
            if own is not None and own != (self._by_own and self._by_own.lattice):
                self._by_own = self._recounted(own)

    def _recounted(self, lattice: Lattice) -> Evidence:
        """Evidence by a lattice, with the clicks that are kept."""
        found = Evidence(lattice)
        for before_HW, at, after_HW in self._finder.clicks:
            found.count(before_HW, at, after_HW)
        return found


def draw(clean: NDArray[np.uint8], mark: Mark) -> NDArray[np.uint8]:
    """A flat frame with a mark."""
    pixels, colours = mark.shown
    if not len(pixels):
        return clean
    drawn = clean.copy()
    drawn[pixels] = colours
    return drawn


def _without(
    before: NDArray[np.uint8], after: NDArray[np.uint8], mark: Writing
) -> NDArray[np.uint8]:
    """The frame after with what is likely below the mark: what its surroundings became."""
    marked = np.zeros((SIDE, SIDE), np.bool_)
    marked.reshape(-1)[mark[0]] = True
    before_HW, after_HW = before.reshape(SIDE, SIDE), after.reshape(SIDE, SIDE)
    clean = after_HW.copy()
    labels = np.zeros((SIDE, SIDE), np.intp)
    ndimage.label(marked, np.ones((3, 3)), labels)
    parts: list[tuple[slice, slice]] = ndimage.find_objects(labels)
    for rows, columns in parts:
        near = (
            slice(max(rows.start - 2, 0), rows.stop + 2),
            slice(max(columns.start - 2, 0), columns.stop + 2),
        )
        below, around = clean[near], ~marked[near]
        for colour in np.unique(before_HW[near][~around]).tolist():
            same = before_HW[near] == colour
            became = after_HW[near][around & same]
            below[~around & same] = int(np.bincount(became).argmax()) if len(became) else colour
    return clean.reshape(-1)
