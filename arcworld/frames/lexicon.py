"""Cells of 8x8 pixels by id: the codes of a codebook, and the cells that are spelled.

A cell that is not a code is spelled with a few tokens: the code that differs in the fewest pixels,
then strokes, then a stop. A stroke is a run of pixels in one row, and its colour. Every cell has a
spelling, and the spelling gives the cell exactly. A spelled cell gets an id past the codes, as an
abbreviation of its spelling. These ids hold while the process runs and are never saved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from arcworld.recordings.episode import COLOURS

SIDE = 8
PIXELS = SIDE * SIDE
SPANS = tuple((first, last) for first in range(SIDE) for last in range(first, SIDE))
"""The 36 runs of pixels in a row: (first column, last column)."""
RUNS = SIDE * len(SPANS)
"""Number of tokens for the place of a stroke: 36 runs in each of 8 rows."""
STOP = RUNS
"""The token that ends a spelling."""

Cells = NDArray[np.uint8]
Stroke = tuple[int, int]
"""The run (0 to `RUNS` - 1) and its colour."""

_SPAN_ID = {span: i for i, span in enumerate(SPANS)}
_NEAREST_BATCH = 2048


@dataclass(frozen=True, slots=True)
class Spelling:
    """A code, and the strokes that turn it into another cell.

    >>> Spelling(7, ((STOP - 1, 3),)).tokens
    4
    """

    base: int
    strokes: tuple[Stroke, ...]

    @property
    def tokens(self) -> int:
        """The number of tokens: one for the code, two for each stroke, one for the stop."""
        return 2 + 2 * len(self.strokes)


def run_mask() -> NDArray[np.bool_]:
    """Return the pixels of each run, bool [RUNS, 64]."""
    masks = np.zeros((SIDE, len(SPANS), SIDE, SIDE), dtype=np.bool_)
    for row in range(SIDE):
        for i, (first, last) in enumerate(SPANS):
            masks[row, i, row, first : last + 1] = True
    return masks.reshape(RUNS, PIXELS)


def strokes_between(base_P: Cells, cell_P: Cells) -> tuple[Stroke, ...]:
    """Return the strokes that turn one cell into another, row by row from the left.

    >>> plain, dot = np.zeros(64, np.uint8), np.zeros(64, np.uint8)
    >>> dot[10:12] = 5
    >>> strokes_between(plain, dot) == ((36 + SPANS.index((2, 3)), 5),)
    True
    """
    wanted = cell_P.reshape(SIDE, SIDE)
    differs = wanted != base_P.reshape(SIDE, SIDE)
    found: list[Stroke] = []
    for row in np.flatnonzero(differs.any(1)).tolist():
        column = 0
        while column < SIDE:
            if not differs[row, column]:
                column += 1
                continue
            last = column
            while last + 1 < SIDE and wanted[row, last + 1] == wanted[row, column]:
                last += 1
            run = row * len(SPANS) + _SPAN_ID[column, last]
            found.append((run, int(wanted[row, column])))
            column = last + 1
    return tuple(found)


def paint(base_P: Cells, strokes: tuple[Stroke, ...]) -> Cells:
    """Return the cell after painting strokes on it, uint8 [64]."""
    grid = base_P.reshape(SIDE, SIDE).copy()
    for run, colour in strokes:
        row, span = divmod(run, len(SPANS))
        first, last = SPANS[span]
        grid[row, first : last + 1] = colour
    return grid.reshape(PIXELS)


class Lexicon:
    """All cells seen so far, by id: codes are 0 to K - 1, spelled cells follow.

    Attributes:
        codes: K, the number of codes.
    """

    def __init__(self, codes_KP: Cells) -> None:
        """`codes_KP`: cells of the codebook, uint8 [K, 64]; equal ones share the first id."""
        self.codes = len(codes_KP)
        self._cells = np.ascontiguousarray(codes_KP, dtype=np.uint8)
        self._keys = cell_keys(self._cells)
        self._count = self.codes
        self._spellings: list[Spelling] = []
        self._ids: dict[bytes, int] = {}
        for i in reversed(range(self.codes)):
            self._ids[self._cells[i].tobytes()] = i
        self._pixels_of_codes: Tensor | None = None
        self._on: dict[torch.device, tuple[Tensor, Tensor]] = {}

    def __len__(self) -> int:
        return self._count

    def ids(self, cells_NP: Cells) -> NDArray[np.int64]:
        """Return the id of each cell, int64 [N]; a new cell is spelled and gets a new id."""
        kinds, back = _distinct(np.ascontiguousarray(cells_NP))
        found = np.array([self._ids.get(cell.tobytes(), -1) for cell in kinds], dtype=np.int64)
        new = np.flatnonzero(found < 0)
        if len(new):
            found[new] = self._take(kinds[new])
        return found[back]

    def cells(self, ids: NDArray[np.integer]) -> Cells:
        """Return the pixels of cells by id, uint8 [..., 64]."""
        return self._cells[: self._count][ids]

    def spelling(self, cell_id: int) -> Spelling:
        """Return the spelling of a cell by id; the spelling of a code has no strokes.

        Raises:
            IndexError: no cell has this id.
        """
        if cell_id < self.codes:
            return Spelling(cell_id, ())
        return self._spellings[cell_id - self.codes]

    def table(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return pixels uint8 [len, 64] and content keys int64 [len] of all ids, on a device."""
        cells, keys = self._on.get(device, (None, None))
        count = self._count  # read once, since the prefetch thread may add cells meanwhile
        if cells is None or keys is None or len(cells) != count:
            cells = torch.from_numpy(self._cells[:count]).to(device)
            keys = torch.from_numpy(self._keys[:count]).to(device)
            self._on[device] = cells, keys
        return cells, keys

    def _take(self, cells_NP: Cells) -> NDArray[np.int64]:
        bases = self._nearest(cells_NP)
        first = self._count
        self._reserve(first + len(cells_NP))
        self._cells[first : first + len(cells_NP)] = cells_NP
        self._keys[first : first + len(cells_NP)] = cell_keys(cells_NP)
        for i, (cell, base) in enumerate(zip(cells_NP, bases.tolist(), strict=True)):
            self._ids[cell.tobytes()] = first + i
            self._spellings.append(Spelling(base, strokes_between(self._cells[base], cell)))
        self._count += len(cells_NP)
        return np.arange(first, self._count)

    def _reserve(self, count: int) -> None:
        if count > len(self._cells):
            room = max(count, len(self._cells) * 3 // 2) - len(self._cells)
            self._cells = np.concatenate([self._cells, np.zeros((room, PIXELS), np.uint8)])
            self._keys = np.concatenate([self._keys, np.zeros(room, np.int64)])

    def _nearest(self, cells_NP: Cells) -> NDArray[np.int64]:
        """Return the code that differs in the fewest pixels (the first of equals), int64 [N]."""
        if self._pixels_of_codes is None:
            self._pixels_of_codes = one_hot(torch.from_numpy(self._cells[: self.codes]))
        parts = [
            (one_hot(part) @ self._pixels_of_codes.T).argmax(1)
            for part in torch.from_numpy(cells_NP).split(_NEAREST_BATCH)
        ]
        return torch.cat(parts).numpy()


def one_hot(cells_NP: Tensor) -> Tensor:
    """Return the pixels of cells, one-hot over 16 colours: float32 [N, 1024]."""
    return F.one_hot(cells_NP.long(), COLOURS).flatten(1).float()


def cell_keys(cells_NP: Cells) -> NDArray[np.int64]:
    """Return a 64-bit key of each cell's content, int64 [N]; equal cells have equal keys."""
    factors = np.random.default_rng(64).integers(-(2**62), 2**62, PIXELS) | 1
    return (cells_NP.astype(np.int64) * factors).sum(1)


def _distinct(cells_NP: Cells) -> tuple[Cells, NDArray[np.intp]]:
    """Return the distinct cells, sorted by key, and the index of each cell among them."""
    _, first, back = np.unique(cell_keys(cells_NP), return_index=True, return_inverse=True)
    kinds = cells_NP[first]
    assert np.array_equal(kinds[back], cells_NP), "two cells share a 64-bit key"
    return kinds, back
