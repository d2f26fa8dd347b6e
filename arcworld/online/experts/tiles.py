"""Tiles: the next tile of a lattice cell from the tiles around it, or from its place to the click.

Idea: cellular automata learned from examples (k-neighbourhood contexts with back-off). The lattice
is inferred: the period at whose multiples nearly all changed patches begin and end. Worth, by
leaving it out on 114 games: 0.7 points of changed frames from 30 actions on, 26 on lo03; without
the coarse tiles, 0.8, 0.7 and 0.4 points of changed pixels (LOG).
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from arcworld.online.changes import Changes
from arcworld.online.claims import Claim, Writing
from arcworld.online.experts.tile_contexts import (
    Cells,
    Lattice,
    TileContexts,
    Tiles,
    case_keys,
)
from arcworld.online.trust import HitRates, OutcomeTable, bounded, size_class
from arcworld.online.view import COLOURS, SIDE, Action, Flat, View

NAME, COARSE = "tiles", "tints"
PERIODS = (16, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2)
ALIGNED = 0.88
"""Share of patch edges that lie on the lattice."""
LEAST_PATCHES = 3
LEAST_TRUST = 0.7
MOST_CHANGED = 300
MEMORY = 60
"""Transitions that a new lattice learns from at once."""


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


class TilesExpert:
    """The expert.

    Args:
        hits: hit rates, shared with other experts.
        coarse: tiles are colours, and a change of tile recolours the pixels of the old colour: what
            lies above the tile stays (a counter, a symbol).
    """

    def __init__(self, hits: HitRates, coarse: bool = False) -> None:
        self.hits, self.coarse = hits, coarse
        self.name = COARSE if coarse else NAME
        self.tiling: Tiling | None = None
        self.contexts: TileContexts | None = None
        self.table: OutcomeTable[int] = OutcomeTable(0.985)
        self._changing: set[tuple[int, int]] = set()
        self._acting: set[int] = set()
        self._edges = {period: np.zeros((2, period)) for period in PERIODS}
        self._patches = 0
        self._past: list[tuple[View, Action, View]] = []
        self._decided: dict[int, tuple[int, tuple[float, int, str] | None]] = {}
        """Tile and decision by `case_keys`, until something is learned: states of a search differ
        in few cells."""

    def _candidates(self, tiles: Tiles, action: Action) -> Cells:
        """Cells whose tile was ever changed by the action."""
        known = [tile for action_id, tile in self._changing if action_id == action.id]
        flat = tiles.reshape(-1)
        is_known = np.zeros(max([*known, int(flat.max(initial=0))]) + 1, np.bool_)
        is_known[known] = True
        return np.flatnonzero(is_known[flat])

    # propose

    def propose(self, view: View, action: Action) -> list[Claim]:
        """One claim a cell that becomes another tile."""
        if self.tiling is None or self.contexts is None or action.id not in self._acting:
            return []
        tiles = self.tiling.tiles(view)
        cells = self._candidates(tiles, action)
        if not len(cells):
            return []
        keys_RC = self.contexts.keys(tiles, action, cells)
        cases: list[int] = case_keys(keys_RC).tolist()
        new = {case: at for at, case in enumerate(cases) if case not in self._decided}
        if new:
            at_C = list(new.values())
            olds, keys = tiles.reshape(-1)[cells[at_C]].tolist(), keys_RC[:, at_C].T.tolist()
            rules = self.contexts.rules(action)
            for case, old, row in zip(new, olds, keys, strict=True):
                self._decided[case] = old, self._decide(rules, row, old)
        columns, claims = tiles.shape[1], []
        for at, case in enumerate(cases):
            old, found = self._decided[case]
            if found is not None and found[1] != old and found[0] >= 0.5:
                claims.append(self._claim(view, int(cells[at]), columns, old, *found))
        return claims

    def _decide(self, rules: list[str], keys: list[int], old: int) -> tuple[float, int, str] | None:
        """(trust, next tile, rule) of the most trusted rule that knows its context."""
        best: tuple[float, int, str] | None = None
        for rule, key in zip(rules, keys, strict=True):
            found = self.table.best(key)
            if found is not None:
                tile, weight, total = found
                trust = self.hits.rate(
                    _kind(self.name, rule, found, old), (weight + 0.3) / (total + 1.0)
                )
                if best is None or trust > best[0] + 1e-9:
                    best = trust, tile, rule
        return best

    def _claim(
        self, view: View, cell: int, columns: int, old: int, trust: float, new: int, rule: str
    ) -> Claim:
        assert self.tiling is not None
        if self.coarse:
            pixels = self.tiling.whole(cell, columns)
            pixels = pixels[view.flat[pixels] == old]
            colours = np.full(len(pixels), new, np.uint8)
        else:
            pixels, colours = self.tiling.change(cell, columns, old, new)
        return Claim(
            self.name,
            rule,
            "rewrite",
            trust,
            pixels,
            pixels,
            paint=(pixels, colours),
            least=LEAST_TRUST,
        )

    # learn

    def learn(self, before: View, after: View, action: Action, changes: Changes) -> None:
        """Count the next tile of every cell that has a known context, and fit the lattice."""
        self._decided.clear()
        self._past.append((before, action, after))
        del self._past[: -MEMORY - 20]
        lattice = self._fitted(changes)
        if lattice != (self.tiling.lattice if self.tiling else None):
            self._restart(lattice)
            for past in self._past[-MEMORY:] if lattice else []:
                self._count(*past)
        elif self.tiling is not None:
            if len(self.tiling.patches) > 4000:
                self._restart(self.tiling.lattice)
            self._count(before, action, after)

    def _restart(self, lattice: Lattice | None) -> None:
        self.tiling = Tiling(lattice, self.coarse) if lattice else None
        self.contexts = TileContexts(lattice) if lattice else None
        self.table, self._changing, self._acting = OutcomeTable(0.985), set(), set()

    def _fitted(self, changes: Changes) -> Lattice | None:
        current = self.tiling.lattice if self.tiling else None
        for pixels in changes.patches[:20]:
            rows, columns = pixels >> 6, pixels & 63
            top, bottom = int(rows.min()), int(rows.max()) + 1
            left, right = int(columns.min()), int(columns.max()) + 1
            height, width = bottom - top, right - left
            if height * width < 4 or min(height, width) < 2 or top >= 61 or bottom <= 3:
                continue
            self._patches += 1
            weight = min(len(pixels), 400)
            for period, edges in self._edges.items():
                edges[0, top % period] += weight
                edges[0, bottom % period] += weight
                edges[1, left % period] += weight
                edges[1, right % period] += weight
        if not changes.patches or self._patches < LEAST_PATCHES:
            return current
        for period, edges in self._edges.items():
            if (edges.max(1) >= ALIGNED * edges.sum(1)).all():
                return period, int(edges[0].argmax()), int(edges[1].argmax())
        return None

    def _count(self, before: View, action: Action, after: View) -> None:
        assert self.tiling is not None and self.contexts is not None
        old, new = self.tiling.tiles(before).reshape(-1), self.tiling.tiles(after).reshape(-1)
        changed = np.flatnonzero(old != new)
        if len(changed) > MOST_CHANGED:
            return
        for tile in np.unique(old[changed]).tolist():
            self._changing.add((action.id, tile))
            self._acting.add(action.id)
        if action.id not in self._acting:
            return
        tiles = self.tiling.tiles(before)
        cells = self._candidates(tiles, action)
        if not len(cells):
            return
        rules, keys_RC = self.contexts.rules(action), self.contexts.keys(tiles, action, cells)
        cases = case_keys(np.concatenate([keys_RC, new[None, cells].astype(np.uint64)]))
        _, first = np.unique(cases, return_index=True)  # equal cells count once
        for at in np.sort(first).tolist():
            cell = cells[at]
            self._count_cell(rules, keys_RC[:, at].tolist(), int(old[cell]), int(new[cell]))

    def _count_cell(self, rules: list[str], keys: list[int], old: int, new: int) -> None:
        for rule, key in zip(rules, keys, strict=True):
            found = self.table.best(key)
            if found is None:
                if old != new:
                    self.table.add(key, new)
            elif old != new or found[0] != old or found[2] < 5:
                self.hits.add(_kind(self.name, rule, found, old), found[0] == new)
                self.table.add(key, new)


def _kind(name: str, rule: str, found: tuple[int, float, float], old: int) -> Hashable:
    tile, weight, total = found
    return name, rule, size_class(total), weight / total > 0.85, tile == old
