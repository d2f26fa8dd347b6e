"""State of the online model, and what its experts see of it: parts, bodies, remembered ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcworld.online.experts.clock import Recent
from arcworld.online.pointer import Mark
from arcworld.online.view import (
    EDGE,
    SIDE,
    UNKNOWN,
    Flat,
    Part,
    Shift,
    View,
    shifted,
)

type Mover = tuple[int, int, int]
"""Look and place (y, x) of a part."""
type BarKey = tuple[int, int, int, int, int, int]
"""(axis, first and last line across, colour before, colour after, direction)."""
type Phase = tuple[int, int]
"""(actions since the last tick, where the next tick is expected)."""


@dataclass(frozen=True, slots=True, eq=False)
class OnlineState:
    """All that a prediction depends on beside what was learned. A value: never written to.

    Attributes:
        ground_HW: remembered colours below the things that move; 255 where never seen.
        clean: the frame without the pointer's mark, flat; `mark` is the mark.
        momentum: how the parts that moved in the last step did so, by look and place.
        bars: phase of every status bar.
        past: flat frames that an undo would bring back.
        recent: the last frames and actions of the scene.
    """

    frame_HW: NDArray[np.uint8]
    ground_HW: NDArray[np.uint8]
    clean: NDArray[np.uint8]
    mark: Mark
    momentum: Mapping[Mover, Shift] = field(default_factory=dict)
    bars: Mapping[BarKey, Phase] = field(default_factory=dict)
    available: tuple[int, ...] = ()
    past: tuple[NDArray[np.uint8], ...] = ()
    recent: Recent = field(default_factory=Recent)


@dataclass(slots=True, eq=False)
class Body:
    """Parts that move as one; most bodies are one part.

    Attributes:
        numbers: their numbers in the view.
        lead: the part that stands for the body.
    """

    numbers: tuple[int, ...]
    lead_number: int
    lead: Part
    pixels: Flat
    _ahead: dict[Shift, int] = field(default_factory=dict)

    def ahead(self, shift: Shift, bits: NDArray[np.uint32], scratch: NDArray[np.bool_]) -> int:
        """Colours (bits, with `EDGE`) that the body would newly cover when shifted."""
        found = self._ahead.get(shift)
        if found is None:
            pixels, inside = shifted(self.pixels, shift)
            scratch[self.pixels] = True
            new = pixels[~scratch[pixels]]
            scratch[self.pixels] = False
            found = int(np.bitwise_or.reduce(bits[new])) if len(new) else 0
            found |= 0 if inside is None else EDGE
            self._ahead[shift] = found
        return found


@dataclass(slots=True, eq=False)
class Scene:
    """A state as the experts see it.

    Attributes:
        bodies: what has moved before, or is like it.
        ground: remembered ground, flat, with this frame's uncovered pixels; 255 unknown.
    """

    state: OnlineState
    view: View
    bodies: list[Body]
    ground: NDArray[np.uint8]
    scratch: NDArray[np.bool_]

    def background(self, pixels: Flat, box: Part | None = None) -> NDArray[np.uint8]:
        """Colours below some pixels: remembered, else the most frequent colour around them."""
        colours = self.ground[pixels]
        unknown = colours == UNKNOWN
        if unknown.any():
            colours[unknown] = self._ring_colour(pixels)
        return colours

    def _ring_colour(self, pixels: Flat) -> int:
        rows, columns = pixels >> 6, pixels & 63
        top, bottom = max(int(rows.min()) - 1, 0), min(int(rows.max()) + 2, SIDE)
        left, right = max(int(columns.min()) - 1, 0), min(int(columns.max()) + 2, SIDE)
        around = np.ones((SIDE, SIDE), bool)
        around.reshape(-1)[pixels] = False
        window = np.s_[top:bottom, left:right]
        colours = self.view.frame_HW[window][around[window]]
        if not len(colours):
            colours = self.view.flat
        return int(np.bincount(colours).argmax())
