"""Frame to parts: 8-connected regions of one colour, with hashes that are equal in every process.

Frames are handled flat (4,096 pixels in row order), so that a set of pixels is one index array, and
a shift by (dy, dx) adds 64 dy + dx. Segmentation is cached by colour: from one frame to the next
most colours keep their pixels, and only the others are labelled again.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arcworld.recordings.episode import CLICK, COLOURS, RESET, SIDE, UNDO, Action, Outcome, Step

__all__ = ["CLICK", "COLOURS", "RESET", "SIDE", "UNDO", "Action", "Outcome", "Step"]

PIXELS = SIDE * SIDE
EIGHT = np.ones((3, 3), np.int8)
"""Structure of `ndimage.label`: diagonal neighbours are connected."""
UNKNOWN = 255
"""Ground that was never seen."""
LARGE = 1024
"""Parts with more pixels are background: nothing that moves."""
EDGE = 1 << COLOURS
"""Bit of the frame's edge in a set of colours."""
COLOUR_BIT = np.uint32(1) << np.arange(COLOURS, dtype=np.uint32)

type Flat = NDArray[np.intp]
"""Pixels as indices into the flat frame."""
type Shift = tuple[int, int]
"""(dy, dx) in pixels."""


@dataclass(slots=True, eq=False)
class Part:
    """A connected region of one colour.

    Attributes:
        look: hash of colour and shape; equal wherever the region is.
        pixels: its pixels, in row order.
    """

    colour: int
    y: int
    x: int
    height: int
    width: int
    area: int
    look: int
    pixels: Flat


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The parts of one colour, and their pixels one after the other."""

    parts: tuple[Part, ...]
    pixels: Flat
    areas: NDArray[np.intp]


def components(mask_HW: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """8-connected regions of a mask: labels from 1 (0 outside), and how many there are."""
    labels = np.empty(mask_HW.shape, np.int32)
    count = ndimage.label(mask_HW, structure=EIGHT, output=labels)
    return labels, int(count)  # type: ignore[arg-type]


def layer_of(mask_HW: NDArray[np.bool_], colour: int) -> Layer:
    """Parts of the pixels that a mask marks, in the order of their first pixels."""
    labels, count = components(mask_HW)
    pixels = np.flatnonzero(mask_HW)
    numbers = labels.ravel()[pixels]
    if count > 1:
        order = np.argsort(numbers, kind="stable")
        pixels, numbers = pixels[order], numbers[order]
    starts = np.searchsorted(numbers, np.arange(1, count + 1))
    areas = np.diff(starts, append=len(pixels))
    rows, columns = pixels >> 6, pixels & 63
    tops, bottoms = rows[starts], rows[starts + areas - 1]
    lefts = np.minimum.reduceat(columns, starts)
    rights = np.maximum.reduceat(columns, starts)
    shapes = (pixels - np.repeat(tops * SIDE + lefts, areas)).astype(np.uint16)
    parts: list[Part] = []
    for start, area, top, bottom, left, right in zip(
        *(v.tolist() for v in (starts, areas, tops, bottoms, lefts, rights)), strict=True
    ):
        look = zlib.crc32(shapes[start : start + area].tobytes()) << 4 | colour
        own = pixels[start : start + area]
        parts.append(Part(colour, top, left, bottom - top + 1, right - left + 1, area, look, own))
    return Layer(tuple(parts), pixels, areas)


def _random_odd(seed: int, count: int) -> NDArray[np.uint64]:
    drawn = np.random.default_rng(seed).integers(0, 2**63, count, dtype=np.uint64)
    return drawn * np.uint64(2) + np.uint64(1)


def _powers(base: int) -> NDArray[np.uint64]:
    return np.array([pow(base, k, 2**64) for k in range(SIDE)], np.uint64)


_ROW, _COLUMN = (int(v) for v in _random_odd(20, 2))
_WEIGHT = np.multiply.outer(_powers(_ROW), _powers(_COLUMN))
_INVERSE = np.multiply.outer(_powers(pow(_ROW, -1, 2**64)), _powers(pow(_COLUMN, -1, 2**64)))
_COLOUR_VALUE = _random_odd(21, COLOURS)


def patch_hash(patch_HW: NDArray[np.uint8]) -> int:
    """The hash that `View.windows` has where a window equals this patch."""
    height, width = patch_HW.shape
    return int((_COLOUR_VALUE[patch_HW] * _WEIGHT[:height, :width]).sum(dtype=np.uint64))


@dataclass(slots=True, eq=False)
class View:
    """One frame, segmented.

    Attributes:
        flat: the frame, uint8 [4096].
        labels: number of the part of each pixel, [4096].
        colours: bit set of the colours in it.
    """

    frame_HW: NDArray[np.uint8]
    flat: NDArray[np.uint8]
    parts: list[Part]
    labels: NDArray[np.int32]
    colours: int
    bits: NDArray[np.uint32]
    _windows: dict[tuple[int, int], NDArray[np.uint64]] = field(default_factory=dict)
    _sums: NDArray[np.uint64] | None = None

    def part_at(self, y: int, x: int) -> tuple[int, Part]:
        """Number and part of a pixel."""
        number = int(self.labels[y * SIDE + x])
        return number, self.parts[number]

    def windows(self, height: int, width: int) -> NDArray[np.uint64]:
        """Hash of every window of one size, [65 - height, 65 - width], from 2-D prefix sums.

        Karp and Rabin (1987) in two dimensions: one size costs six passes over the frame.
        """
        found = self._windows.get((height, width))
        if found is None:
            if self._sums is None:
                sums = np.zeros((SIDE + 1, SIDE + 1), np.uint64)
                np.cumsum(_COLOUR_VALUE[self.frame_HW] * _WEIGHT, axis=0, out=sums[1:, 1:])
                np.cumsum(sums[1:, 1:], axis=1, out=sums[1:, 1:])
                self._sums = sums
            s = self._sums
            found = s[height:, width:] - s[:-height, width:] - s[height:, :-width]
            found += s[:-height, :-width]
            found *= _INVERSE[: SIDE + 1 - height, : SIDE + 1 - width]
            self._windows[height, width] = found
        return found


def hash_of(flat: NDArray[np.uint8]) -> bytes:
    """A digest of a flat frame."""
    return blake2b(flat.data, digest_size=16).digest()


class Segmenter:
    """Segments frames; keeps the layers of recent colours and the views of recent frames."""

    def __init__(self, views: int = 64, layers: int = 512) -> None:
        self.max_views, self.max_layers = views, layers
        self._views: dict[bytes, View] = {}
        self._layers: dict[tuple[int, bytes], Layer] = {}

    def view(self, frame_HW: NDArray[np.uint8]) -> View:
        """The frame's view; the same object while it is cached."""
        key = frame_HW.tobytes()
        found = self._views.get(key)
        if found is None:
            if len(self._views) >= self.max_views:
                del self._views[next(iter(self._views))]
            found = self._views[key] = self._segment(frame_HW)
        return found

    def _segment(self, frame_HW: NDArray[np.uint8]) -> View:
        flat = np.ascontiguousarray(frame_HW).reshape(-1)
        present = np.flatnonzero(np.bincount(flat, minlength=COLOURS)).tolist()
        layers = [self._layer(frame_HW == colour, colour) for colour in present]
        parts = [part for layer in layers for part in layer.parts]
        labels = np.empty(PIXELS, np.int32)
        areas = np.concatenate([layer.areas for layer in layers])
        pixels = np.concatenate([layer.pixels for layer in layers])
        labels[pixels] = np.repeat(np.arange(len(parts), dtype=np.int32), areas)
        colours = sum(1 << colour for colour in present)
        return View(flat.reshape(SIDE, SIDE), flat, parts, labels, colours, COLOUR_BIT[flat])

    def _layer(self, mask_HW: NDArray[np.bool_], colour: int) -> Layer:
        key = colour, np.packbits(mask_HW).tobytes()
        found = self._layers.get(key)
        if found is None:
            if len(self._layers) >= self.max_layers:
                del self._layers[next(iter(self._layers))]
            found = self._layers[key] = layer_of(mask_HW, colour)
        return found


def near(a: Part, b: Part, gap: int = 1) -> bool:
    """Whether the boxes of two parts touch or overlap."""
    return (
        a.y - gap <= b.y + b.height - 1
        and b.y - gap <= a.y + a.height - 1
        and a.x - gap <= b.x + b.width - 1
        and b.x - gap <= a.x + a.width - 1
    )


def shifted(pixels: Flat, shift: Shift) -> tuple[Flat, NDArray[np.bool_] | None]:
    """Pixels moved by a shift, without those that leave the frame; which stayed (None: all)."""
    dy, dx = shift
    rows, columns = (pixels >> 6) + dy, (pixels & 63) + dx
    inside = (rows >= 0) & (rows < SIDE) & (columns >= 0) & (columns < SIDE)
    moved = pixels + (dy * SIDE + dx)
    if inside.all():
        return moved, None
    return moved[inside], inside
