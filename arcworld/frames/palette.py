"""The official colour palette (from `arc_agi.rendering`), and pictures of frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HEX = (
    "FFFFFF CCCCCC 999999 666666 333333 000000 E53AA3 FF7BCC "
    "F93C31 1E93FF 88D8F1 FFDC00 FF851B 921231 4FCC30 A356D6"
)
PALETTE: NDArray[np.uint8] = np.array(
    [[int(colour[i : i + 2], 16) for i in (0, 2, 4)] for colour in _HEX.split()], dtype=np.uint8
)
"""uint8 [16, 3]: red, green, blue of colours 0-15."""


def to_rgb(frame_HW: NDArray[np.integer], zoom: int = 4) -> NDArray[np.uint8]:
    """Return a frame as an RGB picture, uint8 [64 zoom, 64 zoom, 3].

    >>> to_rgb(np.zeros((64, 64), np.uint8), zoom=2).shape
    (128, 128, 3)
    """
    return PALETTE[frame_HW].repeat(zoom, axis=0).repeat(zoom, axis=1)


def difference(
    true_HW: NDArray[np.integer], predicted_HW: NDArray[np.integer], zoom: int = 4
) -> NDArray[np.uint8]:
    """Return the pixels that differ in red over the true frame in pale grey; RGB as `to_rgb`."""
    grey = PALETTE[true_HW].mean(axis=-1, keepdims=True).astype(np.uint8) // 3 + 150
    picture = np.where(
        (true_HW != predicted_HW)[..., None], np.array([220, 30, 30], np.uint8), grey
    )
    return picture.astype(np.uint8).repeat(zoom, axis=0).repeat(zoom, axis=1)


def contact_sheet(
    rows: list[list[NDArray[np.uint8]]], *, gap: int = 6, paper: int = 255
) -> NDArray[np.uint8]:
    """Lay out pictures of one size in rows, uint8 RGB; empty places have the grey value `paper`.

    Raises:
        ValueError: there is no picture.
    """
    if not any(rows):
        raise ValueError("a sheet needs at least one picture; found none")
    height, width = next(picture for row in rows for picture in row).shape[:2]
    columns = max(len(row) for row in rows)
    shape = (len(rows) * (height + gap) + gap, columns * (width + gap) + gap, 3)
    page = np.full(shape, paper, dtype=np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            top, left = gap + i * (height + gap), gap + j * (width + gap)
            page[top : top + height, left : left + width] = picture
    return page
