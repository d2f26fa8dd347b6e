"""One frame as the goal forms see it: masks and pixels of classes, computed once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcworld.goals.hypothesis import ANY, FAR, ClassKey
from arcworld.online.view import SIDE, Flat, Segmenter

type Places = NDArray[np.intp]
"""(y, x) of some places, [N, 2]."""
MOST_PIXELS = 600
"""A class with more pixels is thinned before distances are taken."""


@dataclass(slots=True, eq=False)
class FrameView:
    """A frame without the rim.

    Attributes:
        visible: bool [4096], False on the rim (status bars).
    """

    frame_HW: NDArray[np.uint8]
    visible: NDArray[np.bool_]
    segmenter: Segmenter
    _pixels: dict[ClassKey, Flat] = field(default_factory=dict)

    def pixels(self, key: ClassKey) -> Flat:
        """Flat pixels of a class, outside the rim."""
        found = self._pixels.get(key)
        if found is None:
            found = self._pixels[key] = self._find(key)
        return found

    def _find(self, key: ClassKey) -> Flat:
        if key.shape == ANY:
            return np.flatnonzero((self.frame_HW.reshape(-1) == key.colour) & self.visible)
        look = key.shape << 4 | key.colour
        parts = [p.pixels for p in self.segmenter.view(self.frame_HW).parts if p.look == look]
        pixels = np.concatenate(parts) if parts else np.zeros(0, np.intp)
        return pixels[self.visible[pixels]]

    def has(self, key: ClassKey) -> bool:
        """Whether anything of the class can be seen."""
        return len(self.pixels(key)) > 0

    def distances(self, key: ClassKey, places: Places) -> NDArray[np.float64]:
        """Taxicab distance in pixels from each place to the nearest pixel of a class, [N]."""
        pixels = self.pixels(key)
        if not len(pixels):
            return np.full(len(places), FAR)
        if len(pixels) > MOST_PIXELS:
            at = places[:, 0] * SIDE + places[:, 1]
            inside = np.isin(at, pixels)
            pixels = pixels[:: len(pixels) // MOST_PIXELS + 1]
        else:
            inside = np.zeros(len(places), np.bool_)
        rows = np.abs(places[:, :1] - (pixels >> 6)[None])
        columns = np.abs(places[:, 1:] - (pixels & 63)[None])
        found = (rows + columns).min(axis=1).astype(np.float64)
        found[inside] = 0
        return found

    def nearest(self, key: ClassKey, places: Places) -> float:
        """Distance in pixels from a class to the nearest of some places; `FAR` without either."""
        return float(self.distances(key, places).min()) if len(places) else FAR


def as_places(pixels: Flat) -> Places:
    """(y, x) of flat pixels."""
    return np.stack((pixels >> 6, pixels & 63), axis=1)
