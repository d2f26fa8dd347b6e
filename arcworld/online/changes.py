"""What changed between two frames: things that moved, changed colour or vanished, and patches.

Parts are matched by look: a part of the frame before is found again in the frame after at the
nearest place with the same look, the usual step of the action first. A part that is half hidden is
matched by most of its pixels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arcworld.online.view import (
    EIGHT,
    LARGE,
    SIDE,
    Flat,
    Part,
    Shift,
    View,
    components,
    shifted,
)

FAR, TINY = 24, 4
"""Parts with fewer pixels are not matched beyond this distance: more likely another one."""
WHOLE = 150
"""Parts up to this size belong to a patch as a whole."""
type Fate = tuple[str, int, int]
"""(`stay` | `step` | `move` | `vanish` | `recolour`, dy or colour, dx)."""
STAY: Fate = ("stay", 0, 0)
STEP: Fate = ("step", 0, 0)
VANISH: Fate = ("vanish", 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """The difference between two frames.

    Attributes:
        pixels: those that differ.
        changed: the same as a mask, bool [4096].
        moved: shift by number of the part in the frame before.
        turned: fate by number of parts that vanished or changed colour.
        patches: connected patches of changed pixels, each with the small parts it touches.
    """

    pixels: Flat
    changed: NDArray[np.bool_]
    moved: Mapping[int, Shift]
    turned: Mapping[int, Fate]
    patches: tuple[Flat, ...]


def changes_between(
    before: View,
    after: View,
    usual: Callable[[Part], Mapping[Shift, int]],
    background: Callable[[Part], NDArray[np.uint8]],
) -> Changes:
    """The changes between two views.

    Args:
        before: the frame acted in.
        after: the true next frame.
        usual: shifts that the action is known to give a part.
        background: ground colours under a part.
    """
    changed = before.flat != after.flat
    pixels = np.flatnonzero(changed)
    if not len(pixels):
        return Changes(pixels, changed, {}, {}, ())
    here = np.unique(before.labels[pixels]).tolist()
    there = np.unique(after.labels[pixels]).tolist()
    moved = _matched(before, after, here, there, usual)
    turned = {
        n: fate for n in here if n not in moved and (fate := _fate(before, after, n, background))
    }
    return Changes(pixels, changed, moved, turned, tuple(_patches(changed, pixels, before, after)))


def _matched(
    before: View,
    after: View,
    here: list[int],
    there: list[int],
    usual: Callable[[Part], Mapping[Shift, int]],
) -> dict[int, Shift]:
    by_look: dict[int, list[int]] = defaultdict(list)
    for number in there:
        if after.parts[number].area <= LARGE:
            by_look[after.parts[number].look].append(number)
    pairs: list[tuple[int, int, int, Shift]] = []
    for number in here:
        part = before.parts[number]
        if part.area > LARGE or part.look not in by_look:
            continue
        known = usual(part)
        for other in by_look[part.look][:40]:
            shift = (after.parts[other].y - part.y, after.parts[other].x - part.x)
            distance = abs(shift[0]) + abs(shift[1])
            pairs.append((distance - (1000 if shift in known else 0), number, other, shift))
    moved: dict[int, Shift] = {}
    used: set[int] = set()
    for _, number, other, shift in sorted(pairs):
        far = abs(shift[0]) + abs(shift[1]) > FAR and before.parts[number].area < TINY
        if number not in moved and other not in used and not far:
            moved[number] = shift
            used.add(other)
    _match_hidden(before, after, [n for n in here if n not in moved], there, used, moved)
    return moved


def _match_hidden(
    before: View,
    after: View,
    here: list[int],
    there: list[int],
    used: set[int],
    moved: dict[int, Shift],
) -> None:
    """Parts that something covers before or after: at least three quarters are found again."""
    for number in here:
        part = before.parts[number]
        if not 5 <= part.area <= LARGE or (after.flat[part.pixels] == part.colour).all():
            continue
        best: tuple[float, Shift, int] | None = None
        for other in there:
            found = after.parts[other]
            alike = found.colour == part.colour and 0.7 <= found.area / part.area <= 1.4
            if not alike or other in used:
                continue
            for shift in _corner_shifts(part, found):
                pixels, _ = shifted(part.pixels, shift)
                share = float((after.flat[pixels] == part.colour).sum()) / part.area
                if share >= 0.75 and (best is None or share > best[0]):
                    best = share, shift, other
        if best:
            moved[number] = best[1]
            used.add(best[2])


def _corner_shifts(part: Part, found: Part) -> list[Shift]:
    top, left = found.y - part.y, found.x - part.x
    bottom, right = top + found.height - part.height, left + found.width - part.width
    shifts = {(top, left), (bottom, right), (top, right), (bottom, left)}
    return sorted(shifts - {(0, 0)})


def _fate(
    before: View, after: View, number: int, background: Callable[[Part], NDArray[np.uint8]]
) -> Fate | None:
    part = before.parts[number]
    if part.area > 2500:
        return None
    colours = after.flat[part.pixels]
    if (colours == part.colour).any():
        return None
    first = int(colours[0])
    if (colours == first).all():
        return ("recolour", first, 0)
    return VANISH if (colours == background(part)).all() else None


def _patches(changed: NDArray[np.bool_], pixels: Flat, before: View, after: View) -> list[Flat]:
    marked = changed.reshape(SIDE, SIDE)
    grown = np.asarray(ndimage.binary_dilation(marked, EIGHT), np.bool_).reshape(-1)
    for view in (before, after):
        for number in np.unique(view.labels[pixels]).tolist():
            if view.parts[number].area <= WHOLE:
                grown[view.parts[number].pixels] = True
    labels, _ = components(grown.reshape(SIDE, SIDE))
    numbers = labels.reshape(-1)[pixels]
    order = np.argsort(numbers, kind="stable")
    cuts = np.flatnonzero(np.diff(numbers[order])) + 1
    return np.split(pixels[order], cuts)
