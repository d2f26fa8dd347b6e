"""The patch codebook: a code is a cell of 8x8 pixels, so a frame of known cells is kept exactly.

Knows cells and codes; knows nothing of sequences. Nothing is learnt by gradient: the cells that
training shows most often are the codes. A cell that is no code becomes the code with the fewest
other pixels, an ordinary token like any other, and what is lost that way is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from arcworld.frames.tokenizer import CELLS, GRID, FrameTokenizer, from_cells, to_cells
from arcworld.recordings.episode import COLOURS

_PIXELS = GRID * GRID
_NEAREST_BATCH = 4096


@dataclass(frozen=True)
class PatchCodebookConfig:
    """Size of a `PatchCodebook`.

    Attributes:
        codebook_size: codes; where training shows fewer cells, plain cells and cells of two
            colours with a straight edge between them fill the rest.
    """

    codebook_size: int = 4096


class PatchCodebook(FrameTokenizer):
    """Frame to 8x8 codes and back, exact where every cell is a code."""

    patches: Tensor
    keys: Tensor
    order: Tensor

    def __init__(self, config: PatchCodebookConfig) -> None:
        super().__init__()
        self.config = config
        self.codebook_size, self.code_dim = config.codebook_size, _PIXELS * COLOURS
        self.register_buffer("patches", torch.zeros(config.codebook_size, _PIXELS).byte())
        self.register_buffer("keys", torch.zeros(config.codebook_size).long())
        self.register_buffer("order", torch.arange(config.codebook_size))

    def fit(self, frames_NHW: NDArray[np.uint8]) -> None:
        """Take the cells of some frames as codes, the most frequent first."""
        cells = to_cells(torch.from_numpy(frames_NHW)).reshape(-1, _PIXELS)
        kinds, counts = np.unique(cells.numpy(), axis=0, return_counts=True)
        ranked = kinds[np.argsort(-counts, kind="stable")]
        rows = np.concatenate([ranked, plain_cells()])
        _, first = np.unique(rows, axis=0, return_index=True)
        rows = rows[np.sort(first)][: self.codebook_size]
        self.patches[: len(rows)] = torch.from_numpy(rows)
        self.patches[len(rows) :] = self.patches[0]
        self.keys, self.order = _keys(self.patches.long()).sort(stable=True)

    def encode(self, frames_BHW: Tensor) -> Tensor:
        """See `FrameTokenizer.encode`."""
        cells = to_cells(frames_BHW).reshape(-1, _PIXELS).long()
        place = torch.searchsorted(self.keys, _keys(cells)).clamp(max=self.codebook_size - 1)
        codes = self.order[place]
        unknown = (self.patches[codes] != cells).any(1)
        if bool(unknown.any()):
            codes[unknown] = self._nearest(cells[unknown])
        return codes.reshape(-1, CELLS)

    def _nearest(self, cells_NP: Tensor) -> Tensor:
        kinds, back = cells_NP.unique(dim=0, return_inverse=True)
        codes = self.codes()
        parts = [
            (F.one_hot(part, COLOURS).flatten(1).float() @ codes.T).argmax(1)
            for part in kinds.split(_NEAREST_BATCH)
        ]
        return torch.cat(parts)[back]

    def decode(self, indices_BC: Tensor) -> Tensor:
        """See `FrameTokenizer.decode`."""
        return from_cells(self.patches[indices_BC].unflatten(-1, (GRID, GRID)))

    def codes(self) -> Tensor:
        """Each code's pixels, one of sixteen, float32 [codebook_size, 1024]."""
        return F.one_hot(self.patches.long(), COLOURS).flatten(1).float()


def _keys(cells_NP: Tensor) -> Tensor:
    """A 64-bit key of each cell; equal cells have equal keys."""
    generator = torch.Generator().manual_seed(64)
    factors = torch.randint(-(2**62), 2**62, (_PIXELS,), generator=generator) | 1
    return (cells_NP * factors.to(cells_NP.device)).sum(1)


def plain_cells() -> NDArray[np.uint8]:
    """Cells of one colour, then of two with one straight edge between them, uint8 [N, 64]."""
    colours = np.arange(COLOURS, dtype=np.uint8)
    plain = np.repeat(colours[:, None], _PIXELS, axis=1)
    left, right = (side.ravel() for side in np.meshgrid(colours, colours, indexing="ij"))
    pairs = left != right
    left, right = left[pairs][:, None, None], right[pairs][:, None, None]
    at = np.broadcast_to(np.arange(GRID), (len(left), GRID, GRID))
    upright = [np.where(at < edge, left, right) for edge in range(1, GRID)]
    level = [cell.swapaxes(1, 2) for cell in upright]
    return np.concatenate([plain, *(c.reshape(-1, _PIXELS) for c in upright + level)])
