"""Contexts of lattice cells as numbers: what a rule looks at, one 64-bit key for each cell.

A key is a multilinear hash (Carter and Wegman, 1979) of what the rule looks at: a sum of mixed
values, each times a fixed random weight. All rules and cells are one matrix product, since a search
asks for contexts in every state that it imagines. The weights are fixed, so that keys are the same
in every process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from arcworld.online.experts.tiling import Lattice, Tiles
from arcworld.online.view import CLICK, Action

OUTSIDE = -1
"""Tile of a cell beyond the lattice."""

type Cells = NDArray[np.intp]
"""Flat indices of cells."""
type Keys = NDArray[np.uint64]
"""A key for each rule and cell, [R, C]; those of different rules and actions differ."""

_NEIGHBOURS = (
    (-1, 0), (1, 0), (0, -1), (0, 1), (-2, 0), (2, 0), (0, -2), (0, 2),
    (-1, -1), (-1, 1), (1, -1), (1, 1),
)  # fmt: skip
_OWN = len(_NEIGHBOURS)
_CLICKED, _PLACE, _RELATION, _FAR, _AT_CLICK = range(_OWN + 1, _OWN + 6)
_FEATURES = _OWN + 6
SIMPLE: Mapping[str, Iterable[int]] = {
    "all around": range(12),
    "four around": range(4),
    "row": (2, 3),
    "column": (0, 1),
    "long row": (2, 3, 6, 7),
    "long column": (0, 1, 4, 5),
    "alone": (),
}
"""What rules for other actions than clicks look at, besides the tile of the cell itself."""
CLICKS: Mapping[str, Iterable[int]] = {
    "offset, clicked": (_PLACE, _CLICKED),
    "relation, clicked": (_RELATION, _FAR, _CLICKED),
    "relation, far": (_RELATION, _FAR),
    "relation": (_RELATION,),
    "clicked, four around": (_AT_CLICK, *range(4)),
    "clicked, all around": (_AT_CLICK, *range(4), *range(8, 12)),
}
"""The same for clicks."""
_MIX, _TIMES = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(32)


def _weights(rules: Mapping[str, Iterable[int]], seed: int) -> Keys:
    """Random odd weights of the features that each rule looks at, uint64 [R, F]."""
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = rng.integers(0, 2**63, (len(rules), _FEATURES), np.uint64) * np.uint64(2) + np.uint64(1)
    seen = np.zeros(drawn.shape, np.uint64)
    for row, which in zip(seen, rules.values(), strict=True):
        row[[_OWN, *which]] = 1
    return drawn * seen


_OF_SIMPLE, _OF_CLICKS = _weights(SIMPLE, 1), _weights(CLICKS, 2)


def _mixed(values: NDArray[np.int64]) -> Keys:
    key = (values.astype(np.uint64) + _MIX) * _TIMES
    return (key ^ (key >> _HALF)) * _TIMES


class TileContexts:
    """Keys of the cells of one tiling.

    Args:
        lattice: of the cells.
    """

    def __init__(self, lattice: Lattice) -> None:
        self.lattice = lattice
        self._recent: tuple[Tiles, Tiles] | None = None

    @staticmethod
    def rules(action: Action) -> list[str]:
        """Names of the rules, in the order of the keys' rows."""
        return list(CLICKS if action.id == CLICK else SIMPLE)

    def keys(self, tiles: Tiles, action: Action, cells: Cells) -> Keys:
        """Keys of the contexts of some cells.

        Args:
            tiles: of the frame.
            action: that is taken.
            cells: flat indices.
        """
        around = self._around(tiles)[:, cells]
        if action.id == CLICK:
            features = np.concatenate([around, self._of_click(tiles, action, cells)])
            weights = _OF_CLICKS
        else:
            features, weights = around, _OF_SIMPLE[:, : _OWN + 1]
        return (weights @ _mixed(features)) ^ _mixed(np.array([action.id]))

    def _around(self, tiles: Tiles) -> Tiles:
        """Tiles at each place of `_NEIGHBOURS` and the own one, [13, cells]; kept for the next
        action in the same frame.
        """
        if self._recent is None or self._recent[0] is not tiles:
            rows, columns = tiles.shape
            padded = np.full((rows + 4, columns + 4), OUTSIDE, np.int64)
            padded[2:-2, 2:-2] = tiles
            around = [
                padded[2 + dy : 2 + dy + rows, 2 + dx : 2 + dx + columns]
                for dy, dx in (*_NEIGHBOURS, (0, 0))
            ]
            self._recent = tiles, np.stack(around).reshape(len(around), -1)
        return self._recent[1]

    def _of_click(self, tiles: Tiles, action: Action, cells: Cells) -> Tiles:
        """Where the cells are from the clicked one, and its tile, [5, cells]."""
        period, top, left = self.lattice
        rows, columns = tiles.shape
        y, x = ((action.y or 0) - top) // period, ((action.x or 0) - left) // period
        clicked = int(tiles[y, x]) if 0 <= y < rows and 0 <= x < columns else OUTSIDE
        dy, dx = cells // columns - y, cells % columns - x
        high, wide = np.abs(dy), np.abs(dx)
        found = np.empty((5, len(cells)), np.int64)
        found[0] = clicked
        found[1] = np.clip(dy, -3, 3) * 7 + np.clip(dx, -3, 3)
        found[2] = np.where((high == 1) & (wide == 1), 3, 4)
        found[2, dx == 0] = 2
        found[2, dy == 0] = 1
        found[4] = (dy == 0) & (dx == 0)
        found[2, found[4] == 1] = 0
        found[3] = np.maximum(high, wide) > 1
        return found


def case_keys(keys_RC: Keys) -> NDArray[np.uint64]:
    """One key a cell from those of all rules: equal cells become the same tile."""
    return _mixed(keys_RC.astype(np.int64)).sum(0, dtype=np.uint64)
