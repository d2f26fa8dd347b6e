"""Decide whether an action or a clock ended the game.

If two lives ended after the same number of actions, a clock ended them, and the last actions were
not the cause.
"""

from __future__ import annotations

from arcworld.planning.memory.action_kinds import ActionRow
from arcworld.planning.memory.node import EdgeKind, Node

SLACK = 1
"""Lives whose lengths differ by at most this number of actions were ended by the same clock."""


class GameOverCauses:
    """The ends of one level's lives, the last one of each length."""

    def __init__(self) -> None:
        self._ends: dict[int, tuple[Node, ActionRow]] = {}

    def by_clock(self, age: int, node: Node, row: ActionRow) -> bool:
        """Note that an action ended a life of `age` actions; return whether a clock did it.

        If so, the actions that were seen as the cause before become untried again. If the same
        action ends a life in the same state twice in a row, it is the cause, whatever the length.
        """
        last = self._ends.get(age)
        if last is not None and last[0] is node and last[1] == row:
            return False
        clocks = [other for other in self._ends if abs(other - age) <= SLACK]
        for other in clocks:
            blamed, choice = self._ends[other]
            edge = blamed.edges.get(choice)
            if edge is not None and edge.edge_kind is EdgeKind.OVER:
                del blamed.effects[choice]
                blamed.untried.setdefault(edge.kind, []).append(choice)
        self._ends[age] = node, row
        return bool(clocks)
