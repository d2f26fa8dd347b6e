"""The actions worth trying in a state, grouped into kinds.

Each simple action is a kind. Clicks are grouped by position, by object group (shape and colour), by
colour and size, and as points inside large objects.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from arcworld.planning.memory.action_statistics import Contexts, Kind
from arcworld.planning.memory.objects import MEDIUM, Objects, size_of
from arcworld.recordings.episode import CLICK, NO_PLACE, UNDO

type ActionRow = tuple[int, int, int]
"""An action as `Action.as_row`: id, x, y; x and y are -1 except for clicks."""

CHANGES = {
    "simple": 0.7,
    "undo": 0.3,
    "click on speck": 0.15,
    "click on small": 0.35,
    "click on medium": 0.2,
    "click on vast": 0.06,
    "click inside": 0.04,
}
"""Prior probability that an action of this kind changes anything."""
DISCOVERS = {"simple": 0.8, "undo": 0.05, "click": 0.8}
"""Prior probability that a change leads to a state never seen."""
_SIZES = ("click on speck", "click on small", "click on medium", "click on vast")


@dataclass(frozen=True, slots=True)
class _Place:
    """A clicked pixel; not transferred to other levels."""

    x: int
    y: int


def holds_on_other_levels(context: Hashable) -> bool:
    """Whether a context has the same meaning on another level."""
    return not isinstance(context, _Place)


def actions_by_kind(
    objects: Objects, available: Sequence[int], parent_action: ActionRow | None
) -> dict[Kind, list[ActionRow]]:
    """Return every action worth trying, by kind.

    Args:
        objects: of the frame.
        available: action ids, without RESET.
        parent_action: the action that first led to this state.
    """
    found: dict[Kind, list[ActionRow]] = {}
    for number in available:
        if number != CLICK:
            row = (number, NO_PLACE, NO_PLACE)
            found.setdefault(simple_kind(row, parent_action), []).append(row)
    if CLICK in available:
        for row, kind in _clicks(objects, parent_action):
            found.setdefault(kind, []).append(row)
    return found


def simple_kind(row: ActionRow, parent_action: ActionRow | None) -> Kind:
    """Kind of an action that is not a click."""
    general = "undo" if row[0] == UNDO else "simple"
    after = (row[0], "after", parent_action[0] if parent_action else None)
    return Kind((row[0], general), (after, general))


def first_kind(number: int) -> Kind:
    """Kind of a simple action in a level's first state."""
    return simple_kind((number, NO_PLACE, NO_PLACE), None)


def click_kind(objects: Objects, row: ActionRow, parent_action: ActionRow | None) -> Kind:
    """Kind of a click."""
    after = ("again" if row == parent_action else "elsewhere", "click")
    return Kind(_what(objects, row[1], row[2]), after)


def _what(objects: Objects, x: int, y: int) -> Contexts:
    number = objects.at(x, y)
    if number < 0:
        return (_Place(x, y), "hidden", "click inside")
    colour, size = int(objects.colours_N[number]), size_of(int(objects.areas_N[number]))
    if (x, y) != objects.click_point(number):
        return (_Place(x, y), ("inside", colour), "click inside")
    return (_Place(x, y), objects.group(number), ("on", colour, size), _SIZES[size])


def _clicks(objects: Objects, parent_action: ActionRow | None) -> Iterator[tuple[ActionRow, Kind]]:
    """A click on each object, small ones first, and clicks inside large objects."""
    for number in np.argsort(objects.areas_N, kind="stable").tolist():
        points = [objects.click_point(number)]
        if size_of(int(objects.areas_N[number])) >= MEDIUM:
            points += [point for point in objects.inner_points(number) if point != points[0]]
        for x, y in points:
            row = (CLICK, x, y)
            yield row, click_kind(objects, row, parent_action)


def on_object(objects: Objects, row: ActionRow) -> ActionRow:
    """Replace a click on a small object by a click on the object's click point."""
    number = objects.at(row[1], row[2])
    if number < 0 or size_of(int(objects.areas_N[number])) >= MEDIUM:
        return row
    return (CLICK, *objects.click_point(number))
