"""Find the avatar: the object that simple actions move, and its step for each action.

An object that moves on its own is not an avatar: an avatar moves differently for different actions,
and the same way for the same action.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.objects import Group, Objects

type Place = tuple[int, int]
"""x and y of the top left corner of a box."""
type Box = tuple[int, int, int, int]
"""Left and top relative to the avatar's corner, width, height."""
ENOUGH = 3
"""Minimum number of observed moves of an avatar."""


ANY = 0
"""Stands for every shape, in the group of an object whose drawing changes when it turns."""


def singles(objects: Objects) -> dict[Group, int]:
    """Objects that are the only one of their group, and those that are the only one of their
    colour."""
    pairs = list(zip(objects.colours_N.tolist(), objects.shapes_N.tolist(), strict=True))
    every = [*enumerate(pairs), *((n, (colour, ANY)) for n, (colour, _) in enumerate(pairs))]
    often = Counter(group for _, group in every)
    return {group: number for number, group in every if often[group] == 1}


class Avatar:
    """Learns which group of objects the actions move.

    Attributes:
        group: colour and shape; None if there is no avatar or it is not known yet.
        steps: (dx, dy) by action.
        settled: whether enough actions were observed to stop looking for another avatar.
        box: the pixels drawn for the avatar, relative to the corner of its group's object.
    """

    def __init__(self) -> None:
        self.group: Group | None = None
        self.steps: dict[int, Place] = {}
        self.box: Box = (0, 0, 1, 1)
        self.settled = False
        self._seen = 0
        self._moves: defaultdict[Group, Counter[tuple[int, Place]]] = defaultdict(Counter)
        self._boxes: defaultdict[Group, Counter[Box]] = defaultdict(Counter)

    def place(self, objects: Objects) -> Place | None:
        """Position of the avatar; None if it is not visible or not unique."""
        if self.group is None:
            return None
        colour, shape = self.group
        same = (objects.colours_N == colour) & ((objects.shapes_N == shape) | (shape == ANY))
        found = np.flatnonzero(same)
        if len(found) != 1:
            return None
        return int(objects.left_N[found[0]]), int(objects.top_N[found[0]])

    def observe(
        self, before: Objects, action: int, after: Objects, changed_HW: NDArray[np.bool_]
    ) -> bool:
        """Learn from a simple action that changed something; return whether the avatar changed."""
        old, new = singles(before), singles(after)
        for group in old.keys() & new.keys():
            x, y = int(before.left_N[old[group]]), int(before.top_N[old[group]])
            to_x, to_y = int(after.left_N[new[group]]), int(after.top_N[new[group]])
            if (x, y) != (to_x, to_y):
                step = (to_x - x, to_y - y)
                self._moves[group][action, step] += 1
                near_HW = _near(after.labels_HW == new[group], step) & changed_HW
                if not near_HW.any():
                    continue
                box = _box_of(near_HW, step)
                self._boxes[group][(box[0] - to_x, box[1] - to_y, box[2], box[3])] += 1
        self._seen += 1
        self.settled = self._seen > 64
        return _is_time(self._seen) and self._choose()

    def _choose(self) -> bool:
        """Choose the group that moved most, if it moves consistently with actions."""
        best, most = None, (ENOUGH - 1, True)
        for group, moves in self._moves.items():
            steps = _steps(moves)
            obeyed = sum(moves[one] for one in steps.items())
            rank = obeyed, group[1] != ANY
            if len(set(steps.values())) > 1 and obeyed >= 0.8 * moves.total() and rank > most:
                best, most = group, rank
        if best is None:
            return False
        found = best, _steps(self._moves[best]), _alone(self._boxes[best])
        known = self.group, self.steps, self.box
        self.group, self.steps, self.box = found
        return found != known


def _is_time(seen: int) -> bool:
    """Whether to choose the avatar now; ever more rarely, because a change drops what was learned.

    >>> [seen for seen in range(70) if _is_time(seen)]
    [3, 4, 6, 8, 12, 16, 24, 32, 48, 64]
    """
    power = 1 << max(seen.bit_length() - 1, 0)
    return seen > 2 and seen in (power, power + power // 2)


def _steps(moves: Counter[tuple[int, Place]]) -> dict[int, Place]:
    """Most frequent step of each action."""
    steps: dict[int, Place] = {}
    for (action, step), _ in moves.most_common():
        steps.setdefault(action, step)
    return steps


def _near(object_HW: NDArray[np.bool_], step: Place) -> NDArray[np.bool_]:
    """Mask of the box around an object and its previous position, with a margin of its own size."""
    ys, xs = np.flatnonzero(object_HW.any(axis=1)), np.flatnonzero(object_HW.any(axis=0))
    left, top, right, bottom = int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1
    more = max(right - left, bottom - top)
    left, right = left - max(step[0], 0) - more, right - min(step[0], 0) + more
    top, bottom = top - max(step[1], 0) - more, bottom - min(step[1], 0) + more
    near_HW = np.zeros_like(object_HW)
    near_HW[max(top, 0) : bottom, max(left, 0) : right] = True
    return near_HW


def _alone(boxes: Counter[Box]) -> Box:
    """The smallest box that is not rare; in larger boxes the avatar pushed something."""
    often = [box for box, count in boxes.items() if 5 * count >= boxes.total()]
    return min(often or boxes, key=lambda box: box[2] * box[3])


def _box_of(changed_HW: NDArray[np.bool_], step: Place) -> Box:
    """Box of the changed pixels, without those that the step left."""
    ys, xs = np.flatnonzero(changed_HW.any(axis=1)), np.flatnonzero(changed_HW.any(axis=0))
    left, top, right, bottom = int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1
    dx, dy = step
    left, right = left + max(dx, 0), right + min(dx, 0)
    top, bottom = top + max(dy, 0), bottom + min(dy, 0)
    return left, top, max(right - left, 1), max(bottom - top, 1)
