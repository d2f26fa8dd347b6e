"""Tiles: the next tile of a lattice cell from the tiles around it, or from its place to the click.

Idea: cellular automata learned from examples (k-neighbourhood contexts with back-off). The lattice
is inferred: the period at whose multiples nearly all changed patches begin and end.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from arcworld.online.changes import Changes
from arcworld.online.claims import Claim
from arcworld.online.trust import HitRates, OutcomeTable, size_class
from arcworld.online.view import CLICK, COLOURS, SIDE, Action, Flat, View

NAME, COARSE = "tiles", "tints"
PERIODS = (16, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2)
ALIGNED = 0.88
"""Share of patch edges that lie on the lattice."""
LEAST_PATCHES = 3
LEAST_TRUST = 0.7
MOST_CHANGED = 300
MEMORY = 60
"""Transitions that a new lattice learns from at once."""
OUTSIDE = -1

type Lattice = tuple[int, int, int]
"""Period, first row, first column."""
type Tiles = NDArray[np.int64]
"""Number of the tile of each cell, [rows, columns]."""

_NEIGHBOURS = [
    (-1, 0), (1, 0), (0, -1), (0, 1), (-2, 0), (2, 0), (0, -2), (0, 2),
    (-1, -1), (-1, 1), (1, -1), (1, 1),
]  # fmt: skip
_SIMPLE = {
    "all around": range(12),
    "four around": range(4),
    "row": (2, 3),
    "column": (0, 1),
    "long row": (2, 3, 6, 7),
    "long column": (0, 1, 4, 5),
    "alone": (),
}
_CLICKED = {"clicked, four around": range(4), "clicked, all around": (0, 1, 2, 3, 8, 9, 10, 11)}
_MIX = np.uint64(0x9E3779B97F4A7C15)


def _hashed(columns: list[NDArray[np.int64]], seed: int) -> NDArray[np.uint64]:
    """One 64-bit key a cell from some numbers a cell."""
    key = np.full(columns[0].shape, seed, np.uint64)
    for column in columns:
        key ^= column.astype(np.uint64) + _MIX
        key *= np.uint64(0xFF51AFD7ED558CCD)
        key ^= key >> np.uint64(32)
    return key


class Tiling:
    """Tile numbers on one lattice; coarse ones are the most frequent colour of the cell."""

    def __init__(self, lattice: Lattice, coarse: bool = False) -> None:
        self.lattice, self.coarse = lattice, coarse
        self.patches: list[NDArray[np.uint8]] = []
        self._numbers: dict[bytes, int] = {}
        self._recent: dict[bytes, Tiles] = {}

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
        self.table: OutcomeTable[int] = OutcomeTable(0.985)
        self._changing: set[tuple[int, int]] = set()
        self._acting: set[int] = set()
        self._edges = {period: np.zeros((2, period)) for period in PERIODS}
        self._patches = 0
        self._past: list[tuple[View, Action, View]] = []

    # contexts

    def _contexts(self, tiles: Tiles, action: Action) -> list[tuple[str, list[int]]]:
        """For every kind of context one key a cell."""
        rows, columns = tiles.shape
        padded = np.full((rows + 4, columns + 4), OUTSIDE, np.int64)
        padded[2:-2, 2:-2] = tiles
        around = [
            padded[2 + dy : 2 + dy + rows, 2 + dx : 2 + dx + columns] for dy, dx in _NEIGHBOURS
        ]
        if action.id == CLICK:
            return self._click_contexts(tiles, around, action)
        keys = [
            (rule, _hashed([tiles, *(around[k] for k in which)], action.id * 16 + n))
            for n, (rule, which) in enumerate(_SIMPLE.items())
        ]
        return [(rule, key.reshape(-1).tolist()) for rule, key in keys]

    def _click_contexts(
        self, tiles: Tiles, around: list[Tiles], action: Action
    ) -> list[tuple[str, list[int]]]:
        assert self.tiling is not None
        period, top, left = self.tiling.lattice
        rows, columns = tiles.shape
        y, x = ((action.y or 0) - top) // period, ((action.x or 0) - left) // period
        clicked = int(tiles[y, x]) if 0 <= y < rows and 0 <= x < columns else OUTSIDE
        dy = np.repeat(np.arange(rows)[:, None] - y, columns, 1)
        dx = np.repeat(np.arange(columns)[None] - x, rows, 0)
        relation = np.full(tiles.shape, 4, np.int64)
        relation[(abs(dy) == 1) & (abs(dx) == 1)] = 3
        relation[dx == 0] = 2
        relation[dy == 0] = 1
        relation[(dy == 0) & (dx == 0)] = 0
        far = (np.maximum(abs(dy), abs(dx)) > 1).astype(np.int64)
        place = np.clip(dy, -3, 3) * 7 + np.clip(dx, -3, 3)
        target = np.full(tiles.shape, clicked, np.int64)
        own = (relation == 0).astype(np.int64)
        keys = [
            ("offset, clicked", [place, tiles, target]),
            ("relation, clicked", [relation, far, tiles, target]),
            ("relation, far", [relation, far, tiles]),
            ("relation", [relation, tiles]),
            *((rule, [own, tiles, *(around[k] for k in w)]) for rule, w in _CLICKED.items()),
        ]
        return [
            (rule, _hashed(columns_, 1000 + n).reshape(-1).tolist())
            for n, (rule, columns_) in enumerate(keys)
        ]

    def _candidates(self, tiles: Tiles, action: Action) -> list[int]:
        """Cells whose tile was ever changed by the action."""
        known = [tile for action_id, tile in self._changing if action_id == action.id]
        return np.flatnonzero(np.isin(tiles.reshape(-1), known)).tolist() if known else []

    # propose

    def propose(self, view: View, action: Action) -> list[Claim]:
        """One claim a cell that becomes another tile."""
        if self.tiling is None or action.id not in self._acting:
            return []
        tiles = self.tiling.tiles(view)
        contexts = self._contexts(tiles, action)
        numbers, columns = tiles.reshape(-1).tolist(), tiles.shape[1]
        claims: list[Claim] = []
        decided: dict[tuple[int, ...], tuple[float, int, str] | None] = {}
        for cell in self._candidates(tiles, action):
            context = tuple(keys[cell] for _, keys in contexts)
            if context not in decided:
                decided[context] = self._decide(contexts, cell, numbers[cell])
            best = decided[context]
            if best is not None and best[1] != numbers[cell] and best[0] >= 0.5:
                claims.append(self._claim(view, cell, columns, numbers[cell], *best))
        return claims

    def _decide(
        self, contexts: list[tuple[str, list[int]]], cell: int, old: int
    ) -> tuple[float, int, str] | None:
        best: tuple[float, int, str] | None = None
        for rule, keys in contexts:
            found = self.table.best((rule, keys[cell]))
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
            period = self.tiling.lattice[0]
            pixels = self.tiling.pixels(cell, columns, np.arange(period * period))
            pixels = pixels[view.flat[pixels] == old]
            colours = np.full(len(pixels), new, np.uint8)
        else:
            before = self.tiling.patches[old].reshape(-1)
            after = self.tiling.patches[new].reshape(-1)
            at = np.flatnonzero(before != after)
            pixels, colours = self.tiling.pixels(cell, columns, at), after[at]
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
        assert self.tiling is not None
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
        contexts = self._contexts(tiles, action)
        numbers, nexts = old.tolist(), new.tolist()
        counted: set[tuple[int, ...]] = set()
        for cell in self._candidates(tiles, action):
            case = (nexts[cell], *(keys[cell] for _, keys in contexts))
            if case not in counted:  # equal cells count once
                counted.add(case)
                self._count_cell(contexts, cell, numbers[cell], nexts[cell])

    def _count_cell(
        self, contexts: list[tuple[str, list[int]]], cell: int, old: int, new: int
    ) -> None:
        for rule, keys in contexts:
            key = (rule, keys[cell])
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
