"""Where a person clicks who does not know the game: on things, seldom on the background.

Sees one frame. A thing is a patch of one colour with a border around it; small patches stand
out more than large ones. Knows no game.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import CLICK, COLOURS, SIDE, GameAction

STRAY = 0.1
"""How often a click goes anywhere at all."""


def click_on_thing(
    frame_HW: NDArray[np.integer], rng: np.random.Generator, rows: int = SIDE
) -> GameAction:
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
        return GameAction(CLICK, int(rng.integers(SIDE)), int(rng.integers(rows)))
    chance = 1 / np.sqrt(counts[present])
    colour = rng.choice(present, p=chance / chance.sum())
    places = np.argwhere(colours == colour)
    y, x = places[int(rng.integers(len(places)))].tolist()
    return GameAction(CLICK, x, y)


def click_inside(
    left: int, top: int, width: int, height: int, rng: np.random.Generator
) -> GameAction:
    """A click somewhere in a box, as hands do, rather than always on its centre."""
    return GameAction(CLICK, left + int(rng.integers(width)), top + int(rng.integers(height)))
