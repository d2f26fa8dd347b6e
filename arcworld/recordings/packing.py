"""Pack frames at 4 bits a pixel, and store each distinct frame once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import SIDE

PACKED = SIDE * SIDE // 2
"""Bytes in a packed frame: a byte has the pixel at even x in its high 4 bits, odd x in its low."""
_BYTES = np.arange(256, dtype=np.uint8)
_PIXELS = np.ascontiguousarray(np.stack([_BYTES >> 4, _BYTES & 15], axis=1)).view(np.uint16).ravel()


def pack_frames(frames_THW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pack uint8 [T, 64, 64] of colours 0-15 as uint8 [T, 2048].

    >>> frames = np.random.default_rng(0).integers(0, 16, (3, 64, 64), dtype=np.uint8)
    >>> bool((unpack_frames(pack_frames(frames)) == frames).all())
    True
    """
    high, low = frames_THW[:, :, 0::2], frames_THW[:, :, 1::2]
    return (high << np.uint8(4) | low).reshape(-1, PACKED)


def unpack_frames(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Unpack uint8 [T, 2048] as uint8 [T, 64, 64], in new memory; inverse of `pack_frames`."""
    return _PIXELS[packed].view(np.uint8).reshape(-1, SIDE, SIDE)


@dataclass(frozen=True, slots=True, eq=False)
class FrameStore:
    """Distinct frames by id, packed; usually mapped from disk.

    Attributes:
        packed: uint8 [N, 2048].
    """

    packed: NDArray[np.uint8]

    @property
    def count(self) -> int:
        """The number of distinct frames, N."""
        return len(self.packed)

    def take(self, ids: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Return the frames with these ids: uint8 [len(ids), 64, 64]."""
        return unpack_frames(self.packed[ids])
