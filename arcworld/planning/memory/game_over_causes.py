"""Was it the action, or had the time run out? What ended the game before tells.

Knows after how many actions games ended; knows no frame. Two ends after as many actions are the
work of a clock, and the actions that stood there are not to blame.
"""

from __future__ import annotations

from arcworld.planning.memory.action_kinds import ActionRow
from arcworld.planning.memory.graph import EdgeKind, Node

SLACK = 1
"""Ends that lie so many actions apart are of one clock."""


class GameOverCauses:
    """The ends of one level's lives, the last of each length."""

    def __init__(self) -> None:
        self._ends: dict[int, tuple[Node, ActionRow]] = {}

    def by_clock(self, age: int, node: Node, row: ActionRow) -> bool:
        """Note that an action ended a life of `age` actions; whether a clock did it.

        Where it did, the actions that were blamed for it before are untried again. The same action
        that ends a life in the same state twice running is to blame, whatever the time.
        """
        last = self._ends.get(age)
        if last is not None and last[0] is node and last[1] == row:
            return False
        clocks = [other for other in self._ends if abs(other - age) <= SLACK]
        for other in clocks:
            blamed, choice = self._ends[other]
            edge = blamed.edges.get(choice)
            if edge is not None and edge.edge_kind is EdgeKind.OVER:
                del blamed.edges[choice]
                blamed.untried.setdefault(edge.kind, []).append(choice)
        self._ends[age] = node, row
        return bool(clocks)
