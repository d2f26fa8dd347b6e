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
RING: NDArray[np.uint8] = PALETTE[6]
"""Colour of the ring around a click."""


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


def draw_ring(picture: NDArray[np.uint8], x: int, y: int, zoom: int) -> None:
    """Draw a ring around pixel (x, y) of a frame, in place; `picture` is of `to_rgb`."""
    row, column = np.ogrid[: picture.shape[0], : picture.shape[1]]
    middle = (zoom - 1) / 2
    away = np.hypot(row - y * zoom - middle, column - x * zoom - middle)
    picture[(away > 2 * zoom) & (away < 3 * zoom)] = RING


def contact_sheet(rows: list[list[NDArray[np.uint8]]], *, gap: int = 6) -> NDArray[np.uint8]:
    """Lay out pictures of one size in rows, uint8 RGB; empty places are white.

    Raises:
        ValueError: there is no picture.
    """
    if not any(rows):
        raise ValueError("a sheet needs at least one picture; found none")
    height, width = next(picture for row in rows for picture in row).shape[:2]
    columns = max(len(row) for row in rows)
    shape = (len(rows) * (height + gap) + gap, columns * (width + gap) + gap, 3)
    page = np.full(shape, 255, dtype=np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            top, left = gap + i * (height + gap), gap + j * (width + gap)
            page[top : top + height, left : left + width] = picture
    return page
