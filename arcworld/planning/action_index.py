"""The position of each action in a vector of logits: five simple actions, then each pixel."""

from __future__ import annotations

from arcworld.recordings.episode import CLICK, SIDE, Action

SIMPLE = (1, 2, 3, 4, 5)
"""Actions with their own logit. Undo (7) has none: it always changes something."""
PIXELS = SIDE * SIDE


def action_index(action: Action) -> int | None:
    """Index of an action's logit; None for RESET and undo.

    >>> action_index(Action(1)), action_index(Action(6, 3, 2)), action_index(Action(0))
    (0, 136, None)
    """
    if action.id == CLICK:
        assert action.x is not None and action.y is not None
        return len(SIMPLE) + action.y * SIDE + action.x
    return SIMPLE.index(action.id) if action.id in SIMPLE else None


def action_from_index(place: int) -> Action:
    """Return the action of a logit.

    >>> action_from_index(136)
    Action(id=6, x=3, y=2)
    """
    if place < len(SIMPLE):
        return Action(SIMPLE[place])
    y, x = divmod(place - len(SIMPLE), SIDE)
    return Action(CLICK, x, y)
