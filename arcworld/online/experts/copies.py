"""Copies: after an action, cells show what other cells showed before: turned blocks, shifted rows.

Idea: a map from each cell to the cell that it copies. Every cell may copy every other one until
examples say otherwise (candidate elimination, Mitchell 1982; here a few may, as marks and status
bars hide cells); what the remaining candidates show now is the prediction. There is a map for all
clicks, relative to the clicked cell, one for clicks on each cell, and one for each other action.
Cells that stay are left to other experts. Worth, by leaving it out on 114 games: 0.7 points of
changed pixels from 30 actions on; 23 to 26 of changed frames on games that turn blocks (LOG).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.online.claims import Claim
from arcworld.online.experts.tile_contexts import OUTSIDE
from arcworld.online.experts.tiling import Lattice, Tiles, Tiling
from arcworld.online.trust import HitRates, bounded
from arcworld.online.view import CLICK, Action, View

NAME = "copies"
REACH = 3
"""Cells around a click that it may move."""
MOST_CELLS, MOST_PLACES, MOST_MAPS = 196, 100, 100
"""Cells of a lattice with a map for each key, with a map for clicks on each cell; maps kept. A map
of 100 cells takes 20 kB."""
LEAST_EXAMPLES, HELD = 2, 0.8
"""Examples before a map says anything, and share of them that a candidate agrees with."""
PRIOR = 0.5

type Key = tuple[int, ...]
type Forecast = tuple[NDArray[np.intp], Tiles, NDArray[np.bool_]]
"""Rows of a map, the tile that each gets, and whether all of its candidates agree."""


@dataclass(slots=True, eq=False)
class CopyMap:
    """Which cells a cell may copy.

    Attributes:
        right: how often a cell became what another one was, uint16 [N, N].
        tries: how often it was seen, uint16 [N].
        examples: changes that it was learned from.
        known: rows that do not stay, and what each may copy, float32 [rows, N]; None: ask again.
    """

    right: NDArray[np.uint16]
    tries: NDArray[np.uint16]
    examples: int = 0
    known: tuple[NDArray[np.intp], NDArray[np.float32]] | None = None

    @staticmethod
    def of(cells: int) -> CopyMap:
        """A map of which nothing is known."""
        return CopyMap(np.zeros((cells, cells), np.uint16), np.zeros(cells, np.uint16))

    def learn(self, before: Tiles, after: Tiles) -> None:
        """Count an example; tiles are [N]."""
        self.right += (after[:, None] == before[None]) & (after != OUTSIDE)[:, None]
        self.tries += after != OUTSIDE
        self.examples += 1
        self.known = None

    def forecast(self, before: Tiles) -> Forecast | None:
        """What becomes of the cells that do not stay as they are."""
        if self.examples < LEAST_EXAMPLES:
            return None
        if self.known is None:
            self.known = self._candidates()
        rows, possible = self.known
        inside = before[rows] != OUTSIDE
        rows, possible = rows[inside], possible[inside]
        if not len(rows):
            return None
        names, numbers = np.unique(before, return_inverse=True)
        votes = possible @ (numbers[:, None] == np.arange(len(names))).astype(np.float32)
        agree = votes.max(1) == possible.sum(1)
        votes[:, names == OUTSIDE] = 0
        shown = votes.any(1)
        return rows[shown], names[votes.argmax(1)][shown], agree[shown]

    def _candidates(self) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        possible = (self.right >= HELD * self.tries[:, None]) & (self.tries > 0)[:, None]
        rows = np.flatnonzero(~possible.diagonal() & possible.any(1))
        return rows, possible[rows].astype(np.float32)


class Copies:
    """The expert.

    Args:
        hits: hit rates, shared with other experts.
    """

    def __init__(self, hits: HitRates) -> None:
        self.hits = hits
        self._maps: dict[Key, CopyMap] = {}
        self._lattice: Lattice | None = None

    def propose(self, view: View, action: Action, tiling: Tiling | None) -> list[Claim]:
        """One claim a cell that a map changes."""
        if tiling is None or tiling.lattice != self._lattice:
            return []
        tiles = tiling.tiles(view)
        claims: list[Claim] = []
        for key, cells in self._scopes(tiles, action, tiling.lattice):
            found = self._maps.get(key)
            forecast = found and found.forecast(_at(tiles, cells))
            if found is None or forecast is None:
                continue
            for row, new, agree in zip(*forecast, strict=True):
                old = int(tiles.reshape(-1)[cells[row]])
                if new != old:
                    trust = self.hits.rate(_kind(key, found, bool(agree)), PRIOR)
                    writing = tiling.change(int(cells[row]), tiles.shape[1], old, int(new))
                    rule = "around the click" if len(key) == 1 else "by place"
                    claims.append(
                        Claim(NAME, rule, "rewrite", trust, writing[0], writing[0], paint=writing)
                    )
        return claims

    def learn(self, before: View, action: Action, after: View, tiling: Tiling | None) -> None:
        """Score the maps of an action that changed tiles, and narrow them."""
        if tiling is None:
            return
        if tiling.lattice != self._lattice:
            self._maps, self._lattice = {}, tiling.lattice
        old, new = tiling.tiles(before), tiling.tiles(after)
        if np.array_equal(old, new):
            return
        for key, cells in self._scopes(old, action, tiling.lattice):
            found = self._maps.get(key)
            if found is None:
                bounded(self._maps, MOST_MAPS)
                found = self._maps[key] = CopyMap.of(len(cells))
            was, became = _at(old, cells), _at(new, cells)
            forecast = found.forecast(was)
            for row, tile, agree in zip(*forecast, strict=True) if forecast else ():
                if tile != was[row] or became[row] != was[row]:
                    self.hits.add(_kind(key, found, bool(agree)), bool(tile == became[row]))
            found.learn(was, became)

    def _scopes(
        self, tiles: Tiles, action: Action, lattice: Lattice
    ) -> Iterator[tuple[Key, NDArray[np.intp]]]:
        """Key of each map of an action, and the flat cell of each of its rows; -1 outside."""
        rows, columns = tiles.shape
        every = np.arange(rows * columns)
        if action.id != CLICK:
            if len(every) <= MOST_CELLS:
                yield (action.id, 0), every
            return
        period, top, left = lattice
        y, x = ((action.y or 0) - top) // period, ((action.x or 0) - left) // period
        if not (0 <= y < rows and 0 <= x < columns):
            return
        side = np.arange(-REACH, REACH + 1)
        ys, xs = (y + side)[:, None], (x + side)[None]
        inside = (ys >= 0) & (ys < rows) & (xs >= 0) & (xs < columns)
        yield (CLICK,), np.where(inside, ys * columns + xs, -1).reshape(-1)
        if len(every) <= MOST_PLACES:
            yield (CLICK, y, x), every


def _at(tiles: Tiles, cells: NDArray[np.intp]) -> Tiles:
    return np.where(cells >= 0, tiles.reshape(-1)[cells], OUTSIDE)


def _kind(key: Key, found: CopyMap, agree: bool) -> tuple[str, bool, int, bool]:
    return NAME, len(key) == 1, min(found.examples, 6), agree
