"""The cheapest way between two classes over the cells of the lattice (0-1 breadth-first search)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.goals.frame_view import FrameView, Places
from arcworld.goals.hypothesis import FAR, ClassKey
from arcworld.goals.lattice import SMALLEST
from arcworld.goals.scene import Scene
from arcworld.online.view import COLOURS, SIDE

COARSE = 4
"""Size of cells where there is no lattice."""
GROUND, LAID, OTHER, NEVER = 1, 0, 3, 255
"""Cost of a cell: ground still to be laid, what clicks changed, other things, padding."""
STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))

type Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Way:
    """A way from one class to another.

    Attributes:
        cost: cells still to be laid; 0 where they are connected, `FAR` where there is no way.
        cells: centres (y, x) in pixels of the cells between, from the first class on.
    """

    cost: float
    cells: tuple[tuple[int, int], ...]


NO_WAY = Way(FAR, ())


def cheapest_way(scene: Scene, view: FrameView, start: ClassKey, goal: ClassKey) -> Way:
    """The cheapest way from a unit of one class to one of another, or between two of one class."""
    memo = ("way", view.frame_HW.tobytes(), start, goal)
    found = scene.memo.get(memo)
    if isinstance(found, Way):
        return found
    if len(scene.memo) > 2000:
        scene.memo.clear()
    way = scene.memo[memo] = _search(scene, view, start, goal)
    return way


def _search(scene: Scene, view: FrameView, start: ClassKey, goal: ClassKey) -> Way:
    size = scene.cell if scene.cell >= SMALLEST else COARSE
    top, left = scene.lattice.top % size, scene.lattice.left % size
    colours = view.frame_HW[top + size // 2 :: size, left + size // 2 :: size]
    costs = _costs(scene, colours, start)
    starts, goals = (_cells(scene.units.get(k), top, left, size, colours) for k in (start, goal))
    if start == goal:
        starts, goals = starts[:1], goals[1:]
    if not starts or not goals:
        return NO_WAY
    cost, cells = _shortest(costs, starts, set(goals))
    half = size // 2
    return Way(cost, tuple((y * size + top + half, x * size + left + half) for y, x in cells))


def _costs(scene: Scene, colours: NDArray[np.uint8], start: ClassKey) -> list[list[int]]:
    table = np.full(COLOURS, OTHER)
    table[list(scene.evidence.changed)] = LAID
    table[start.colour] = LAID
    table[list(scene.grounds)] = NEVER
    table[scene.background] = GROUND
    return table[colours].tolist()


def _cells(
    places: Places | None, top: int, left: int, size: int, colours: NDArray[np.uint8]
) -> list[Cell]:
    if places is None:
        return []
    rows, columns = (places[:, 0] - top) // size, (places[:, 1] - left) // size
    inside = (rows >= 0) & (rows < colours.shape[0]) & (columns >= 0) & (columns < colours.shape[1])
    return list(zip(rows[inside].tolist(), columns[inside].tolist(), strict=True))


def _shortest(
    costs: list[list[int]], starts: list[Cell], goals: set[Cell]
) -> tuple[float, list[Cell]]:
    """Cost and cells of the way; the cells of the two ends are left out."""
    best = dict.fromkeys(starts, 0)
    back: dict[Cell, Cell] = {}
    queue = deque(starts)
    while queue:
        here = queue.popleft()
        if here in goals:
            return float(best[here]), _trace(back, here)
        for dy, dx in STEPS:
            there = here[0] + dy, here[1] + dx
            if not (0 <= there[0] < len(costs) and 0 <= there[1] < len(costs[0])):
                continue
            step = 0 if there in goals else costs[there[0]][there[1]]
            if step != NEVER and best[here] + step < best.get(there, SIDE * SIDE):
                best[there] = best[here] + step
                back[there] = here
                (queue.append if step else queue.appendleft)(there)
    return FAR, []


def _trace(back: dict[Cell, Cell], end: Cell) -> list[Cell]:
    way: list[Cell] = []
    while end in back:
        end = back[end]
        way.append(end)
    return way[-2::-1]
