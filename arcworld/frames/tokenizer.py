"""The interface of frame tokenizers: a 64x64 frame becomes 8x8 codes, and codes become a frame.

Most models use only this class. (A world model that reads cells by their pixels needs a
`PatchCodebook`.)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from arcworld.frames.cell_grid import CELLS, GRID

__all__ = ["CELLS", "GRID", "FrameTokenizer", "from_cells", "to_cells"]


class FrameTokenizer(nn.Module, ABC):
    """Encodes frames uint8 [B, 64, 64] as codes int64 [B, 64], and decodes them.

    Attributes:
        codebook_size: number of codes.
        code_dim: dimension of the vector of a code.
    """

    codebook_size: int
    code_dim: int

    @abstractmethod
    def encode(self, frames_BHW: Tensor) -> Tensor:
        """Encode frames, colours 0-15 of any integer type [B, 64, 64], as codes int64 [B, 64]."""

    @abstractmethod
    def decode(self, indices_BC: Tensor) -> Tensor:
        """Decode codes [B, 64] to frames uint8 [B, 64, 64]."""

    @abstractmethod
    def codes(self) -> Tensor:
        """Return the vectors of the codebook, float32 [codebook_size, code_dim]."""

    def fingerprint(self) -> Tensor:
        """Return a 63-bit hash of the codes, int64 [1], that identifies the tokenizer."""
        content = self.codes().detach().float().cpu().numpy().tobytes()
        digest = blake2b(content, digest_size=8).digest()
        return torch.tensor([int.from_bytes(digest, "little") >> 1])

    @property
    def device(self) -> torch.device:
        """The device of the parameters."""
        return next(iter(self.state_dict().values())).device

    @torch.no_grad()
    def encode_frames(self, frames_THW: NDArray[np.uint8], batch: int = 256) -> NDArray[np.int32]:
        """Apply `encode` to an array of any length, batch by batch: int32 [T, 64]."""
        parts = [
            self.encode(torch.from_numpy(np.ascontiguousarray(part)).to(self.device)).cpu()
            for part in _batches(frames_THW, batch)
        ]
        return torch.cat(parts).to(torch.int32).numpy()

    @torch.no_grad()
    def decode_frames(self, indices_TC: NDArray[np.integer], batch: int = 256) -> NDArray[np.uint8]:
        """Apply `decode` to an array of any length, batch by batch: uint8 [T, 64, 64]."""
        parts = [
            self.decode(torch.from_numpy(part.astype(np.int64)).to(self.device)).cpu()
            for part in _batches(indices_TC, batch)
        ]
        return torch.cat(parts).numpy()


def _batches[T: np.generic](array: NDArray[T], size: int) -> list[NDArray[T]]:
    return [array[i : i + size] for i in range(0, max(len(array), 1), size)]


def to_cells(frames: Tensor) -> Tensor:
    """Split frames [..., 64, 64] into cells [..., 64, 8, 8], row by row.

    >>> frame = torch.arange(64).repeat(64, 1)
    >>> to_cells(frame)[9, 0].tolist()
    [8, 9, 10, 11, 12, 13, 14, 15]
    """
    lead = frames.shape[:-2]
    cells = frames.reshape(*lead, GRID, GRID, GRID, GRID).transpose(-3, -2)
    return cells.reshape(*lead, CELLS, GRID, GRID)


def from_cells(cells: Tensor) -> Tensor:
    """Join cells [..., 64, 8, 8] into frames [..., 64, 64]; the inverse of `to_cells`."""
    lead = cells.shape[:-3]
    grid = cells.reshape(*lead, GRID, GRID, GRID, GRID).transpose(-3, -2)
    return grid.reshape(*lead, CELLS, CELLS)
