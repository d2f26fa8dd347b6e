"""Clicks of a person who does not know the game: on objects, rarely on the background.

Only one frame is used. Colours with few pixels are clicked more often than those with many; the
most frequent colour counts as background.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import CLICK, COLOURS, SIDE, Action

STRAY = 0.1
"""Probability of a click anywhere in the frame."""
DOUBT = 0.25
"""Probability of a click on another object although a button is visible."""


def click_on_thing(
    frame_HW: NDArray[np.integer], rng: np.random.Generator, rows: int = SIDE
) -> Action:
    """A click on a pixel whose colour is rare in the frame, in its first `rows` rows.

    >>> frame_HW = np.zeros((64, 64), np.uint8)
    >>> frame_HW[10:14, 20:24] = 9
    >>> click = click_on_thing(frame_HW, np.random.default_rng(1))
    >>> 20 <= click.x < 24 and 10 <= click.y < 14
    True
    """
    colours = np.asarray(frame_HW[:rows], dtype=np.int64)
    counts = np.bincount(colours.ravel(), minlength=COLOURS)
    present = np.flatnonzero((counts > 0) & (counts < counts.max()))
    if rng.random() < STRAY or len(present) == 0:
        return Action(CLICK, int(rng.integers(SIDE)), int(rng.integers(rows)))
    chance = 1 / np.sqrt(counts[present])
    colour = rng.choice(present, p=chance / chance.sum())
    return _click_where(colours == colour, rng)


def click_on_colours(
    frame_HW: NDArray[np.integer],
    colours: Iterable[int],
    rng: np.random.Generator,
    rows: int = SIDE,
) -> Action:
    """Mostly a click on one of these colours, else on any object."""
    inviting_HW = np.isin(frame_HW[:rows], list(colours))
    if not inviting_HW.any() or rng.random() < DOUBT:
        return click_on_thing(frame_HW, rng, rows)
    return _click_where(inviting_HW, rng)


def _click_where(mask_HW: NDArray[np.bool_], rng: np.random.Generator) -> Action:
    places = np.argwhere(mask_HW)
    y, x = places[int(rng.integers(len(places)))].tolist()
    return Action(CLICK, x, y)


def click_inside(left: int, top: int, width: int, height: int, rng: np.random.Generator) -> Action:
    """A click at a random position in a box, as people do, instead of its centre."""
    return Action(CLICK, left + int(rng.integers(width)), top + int(rng.integers(height)))
