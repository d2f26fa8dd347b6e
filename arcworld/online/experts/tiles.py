"""Tiles: the next tile of a lattice cell from the tiles around it, or from its place to the click.

Idea: cellular automata learned from examples (k-neighbourhood contexts with back-off). The lattice
is inferred: the period at whose multiples nearly all changed patches begin and end. Worth, by
leaving it out on 114 games: 0.7 points of changed frames from 30 actions on, 26 on lo03; without
the coarse tiles, 0.8, 0.7 and 0.4 points of changed pixels (LOG).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from arcworld.online.changes import Changes
from arcworld.online.claims import Claim, Writing
from arcworld.online.experts.tile_contexts import Cells, TileContexts, case_keys
from arcworld.online.experts.tiling import Lattice, Tiles, Tiling
from arcworld.online.trust import HitRates, OutcomeTable, size_class
from arcworld.online.view import Action, View

NAME, COARSE = "tiles", "tints"
PERIODS = (16, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2)
ALIGNED = 0.88
"""Share of patch edges that lie on the lattice."""
LEAST_PATCHES = 3
LEAST_TRUST = 0.7
MOST_CHANGED = 300
MEMORY = 60
"""Transitions that a new lattice learns from at once."""


class _Change(NamedTuple):
    """What a cell becomes."""

    trust: float
    old: int
    new: int
    rule: str


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
        self._decided: dict[int, _Change | None] = {}
        """Change by `case_keys`, until something is learned: states of a search differ little."""
        self._claimed: dict[tuple[int, int, bytes], Claim] = {}
        """Claims by cell, `case_keys` and pixels (of coarse tiles), until something is learned."""

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
                self._decided[case] = self._decide(rules, row, old)
        changes = [self._decided[case] for case in cases]
        return [
            self._claim(view, int(cells[at]), tiles.shape[1], cases[at], change)
            for at, change in enumerate(changes)
            if change is not None
        ]

    def _decide(self, rules: list[str], keys: list[int], old: int) -> _Change | None:
        """What the most trusted rule says that knows its context; None: the tile stays."""
        best = _Change(0.0, old, old, "")
        for rule, key in zip(rules, keys, strict=True):
            found = self.table.best(key)
            if found is not None:
                tile, weight, total = found
                trust = self.hits.rate(
                    _kind(self.name, rule, found, old), (weight + 0.3) / (total + 1.0)
                )
                if trust > best.trust + 1e-9:
                    best = _Change(trust, old, tile, rule)
        return best if best.new != old and best.trust >= 0.5 else None

    def _claim(self, view: View, cell: int, columns: int, case: int, change: _Change) -> Claim:
        """The claim about a cell, kept for other states of a search."""
        assert self.tiling is not None
        under = view.flat[self.tiling.whole(cell, columns)].tobytes() if self.coarse else b""
        found = self._claimed.get((cell, case, under))
        if found is None:
            pixels, colours = self._writing(view, cell, columns, change.old, change.new)
            found = self._claimed[cell, case, under] = Claim(
                self.name,
                change.rule,
                "rewrite",
                change.trust,
                pixels,
                pixels,
                paint=(pixels, colours),
                least=LEAST_TRUST,
            )
        return found

    def _writing(self, view: View, cell: int, columns: int, old: int, new: int) -> Writing:
        assert self.tiling is not None
        if not self.coarse:
            return self.tiling.change(cell, columns, old, new)
        pixels = self.tiling.whole(cell, columns)
        pixels = pixels[view.flat[pixels] == old]
        return pixels, np.full(len(pixels), new, np.uint8)

    # learn

    def learn(self, before: View, after: View, action: Action, changes: Changes) -> None:
        """Count the next tile of every cell that has a known context, and fit the lattice."""
        self._decided.clear()
        self._claimed.clear()
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
