"""`hints`: tiles around a hint tile have or have not the hint's colour, as its small picture says.

A hint is a square tile of 3x3 small squares among plain tiles. The small square towards a neighbour
says of it: a mark of one class, the neighbour has the colour of the hint's centre; any other, it
has not. Classes: (mark,).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arcworld.goals.forms.base import at, clicks
from arcworld.goals.frame_view import FrameView
from arcworld.goals.hypothesis import FAR, ClassKey, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import SIDE, Action, components

FEWEST, LEAST = 4, 2
"""Plain neighbours that make a tile of 3x3 squares a hint; and another one, at the board's edge."""
WIDEST_GAP = 4
SMALLEST_PLATE, MOST_SQUARES = 15, 80
AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


@dataclass(frozen=True, slots=True)
class Hint:
    """One hint tile.

    Attributes:
        place: (y, x) of its middle.
        centre: colour of its middle.
        palette: colours of its marks.
        plain: number of its neighbours that have one colour, for the most part.
        neighbours: (y, x, mark) of the middles of its neighbours, and the hint's mark for each.
    """

    place: tuple[int, int]
    centre: int
    palette: frozenset[int]
    plain: int
    neighbours: tuple[tuple[int, int, int], ...]

    def wrong(self, frame_HW: NDArray[np.uint8], mark: int) -> list[tuple[int, int]]:
        """Middles of the neighbours that disagree with the hint."""
        return [
            (y, x)
            for y, x, shown in self.neighbours
            if (int(frame_HW[y, x]) == self.centre) != (shown == mark)
        ]


class Hints:
    """The form."""

    name = "hints"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """Each colour of the hints as the mark for "the same colour"."""
        marks = {mark for hint in _squares_of(scene) for *_, mark in hint.neighbours}
        for mark in sorted(marks):
            yield Hypothesis(self.name, (ClassKey(mark),))

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """Neighbours that disagree with their hints."""
        mark = hypothesis.classes[0].colour
        hints = hints_of(scene, mark)
        wrong = {place for hint in hints for place in hint.wrong(view.frame_HW, mark)}
        return at(float(len(wrong)) if hints else FAR, memory)

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """The neighbours that disagree."""
        mark = hypothesis.classes[0].colour
        return clicks(p for hint in hints_of(scene, mark) for p in hint.wrong(view.frame_HW, mark))

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words."""
        mark = hypothesis.classes[0].label
        return (
            f"give tiles the colour of the hint beside them where it is marked {mark}, only there"
        )


def hints_of(scene: Scene, mark: int) -> tuple[Hint, ...]:
    """The hint tiles of a scene, where a colour marks "the same colour".

    Squares without any colour of those with the mark are tiles with a pattern: they say nothing,
    but hints speak of them.
    """
    return scene.once(("hints", mark), lambda: _hints_with(scene, mark))


def _hints_with(scene: Scene, mark: int) -> tuple[Hint, ...]:
    squares = _squares_of(scene)
    colours = frozenset[int]().union(*(h.palette for h in squares if mark in h.palette))
    hints = [hint for hint in squares if hint.palette <= colours]
    places = {hint.place for hint in hints}
    return tuple(
        replace(hint, neighbours=tuple(n for n in hint.neighbours if n[:2] not in places))
        for hint in hints
    )


def _squares_of(scene: Scene) -> tuple[Hint, ...]:
    """Squares of 3x3 small ones, hints or not; () unless one is a hint for sure."""
    squares = scene.once("hints", lambda: tuple(_hints(scene)))
    return squares if any(square.plain >= FEWEST for square in squares) else ()


def solved(hypothesis: Hypothesis, scene: Scene) -> float:
    """Share of the hints that agree with their neighbours in the first frame."""
    mark = hypothesis.classes[0].colour
    hints = hints_of(scene, mark)
    right = sum(not hint.wrong(scene.first_frame_HW, mark) for hint in hints)
    return right / len(hints) if hints else 0.0


def _hints(scene: Scene) -> Iterator[Hint]:
    """Hints on the background, and on plates of their own."""
    frame_HW = scene.first_frame_HW
    yield from _hints_on(frame_HW, scene.background, 0, 0, (SIDE, SIDE))
    for part in scene.segmenter.view(frame_HW).parts:
        if part.colour != scene.background and min(part.height, part.width) >= SMALLEST_PLATE:
            yield from _hints_on(frame_HW, part.colour, part.y, part.x, (part.height, part.width))


def _hints_on(
    frame_HW: NDArray[np.uint8], ground: int, top: int, left: int, size: tuple[int, int]
) -> Iterator[Hint]:
    """Hints among the squares that stand on one colour in a box."""
    box = frame_HW[top : top + size[0], left : left + size[1]]
    labels, count = components(box != ground)
    for found in ndimage.find_objects(labels)[: min(count, MOST_SQUARES)]:
        height, width = (s.stop - s.start for s in found)
        filled = height == width and height % 3 == 0 and (box[found] != ground).all()
        if filled:
            y, x = top + found[0].start, left + found[1].start
            yield from _hint_at(frame_HW, ground, y, x, height)


def _hint_at(frame_HW: NDArray[np.uint8], ground: int, y: int, x: int, size: int) -> Iterator[Hint]:
    """The hint in a square of the frame, if it is one."""
    square = frame_HW[y : y + size, x : x + size]
    small = size // 3
    marks = square[small // 2 :: small, small // 2 :: small]
    if not (np.repeat(np.repeat(marks, small, 0), small, 1) == square).all():
        return
    if len(np.unique(marks)) < 2:
        return
    for gap in range(1, WIDEST_GAP + 1):
        found = [
            (y + dy * (size + gap) + size // 2, x + dx * (size + gap) + size // 2, dy, dx)
            for dy, dx in AROUND
            if _tile(frame_HW, ground, y + dy * (size + gap), x + dx * (size + gap), size)
        ]
        half = size // 2
        plain = sum(_plain(frame_HW, v - half, u - half, size) for v, u, *_ in found)
        if plain >= LEAST:
            neighbours = tuple((v, u, int(marks[1 + dy, 1 + dx])) for v, u, dy, dx in found)
            palette = frozenset(np.delete(marks.reshape(-1), 4).tolist())
            yield Hint((y + half, x + half), int(marks[1, 1]), palette, plain, neighbours)
            return


def _tile(frame_HW: NDArray[np.uint8], ground: int, y: int, x: int, size: int) -> bool:
    """Whether a square holds no ground, but has it around."""
    if not (y > 0 and y + size < SIDE and x > 0 and x + size < SIDE):
        return False
    tile = frame_HW[y : y + size, x : x + size]
    beside = frame_HW[[y - 1, y + size], x].tolist() + frame_HW[y, [x - 1, x + size]].tolist()
    return bool((tile != ground).all()) and set(beside) == {ground}


def _plain(frame_HW: NDArray[np.uint8], y: int, x: int, size: int) -> bool:
    """Whether half of a tile or more has one colour."""
    counts = np.bincount(frame_HW[y : y + size, x : x + size].reshape(-1))
    return bool(2 * counts.max() >= size * size)
