"""Search for the untried action with the lowest cost, over known edges and predicted steps.

The cost of a route is the expected number of actions per discovery: the number of its actions,
including the untried one, divided by the novelty of the untried action.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import ActionRow
from arcworld.planning.memory.avatar_dynamics import PREDICTED
from arcworld.planning.memory.imagined_states import ImaginedStates, StateKey
from arcworld.planning.memory.node import Node
from arcworld.recordings.episode import CLICK, NO_PLACE, UNDO
from arcworld.tokens.cells import cell_of

NEW = 0.01
"""Minimum novelty of a predicted state that was never visited."""
NEW_BACKGROUND = 0.2
"""The same if its background was never seen."""
MOST_IMAGINED = 300
"""Maximum number of expanded states that were never visited."""
LEAST_EXPECTED = 0.02
"""Minimum factor for clicks predicted to change nothing, because the model may be wrong."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path to an untried action.

    Attributes:
        rows: the actions of the path; the first may be RESET.
        states: the state that each of them should lead to.
        last: the untried action.
        novelty: probability that it discovers something.
    """

    rows: tuple[ActionRow, ...]
    states: tuple[StateKey, ...]
    last: ActionRow
    novelty: float

    @property
    def cost(self) -> float:
        """Expected number of actions per discovery."""
        return (len(self.rows) + 1) / self.novelty

    @property
    def imagined(self) -> int:
        """Number of states that were never visited."""
        return sum(isinstance(state, bytes) for state in self.states)


@dataclass(slots=True)
class _Outlook:
    """The most promising action of a state, and the targets of its other actions."""

    leads: list[tuple[ActionRow, StateKey]]
    novelty: float = 1e-9
    row: ActionRow | None = None

    def offer(self, row: ActionRow, novelty: float) -> None:
        """Take an action if it is the most promising so far."""
        if novelty > self.novelty:
            self.novelty, self.row = novelty, row


def likeliest(node: Node, rows: Sequence[ActionRow], novelty: float) -> tuple[ActionRow, float]:
    """The action of a kind to try first, and its novelty.

    The counted rate of the kind and the log-odds of the network have equal weight. Novelty 1 (kinds
    with few tries) is kept.
    """
    if node.odds is None or novelty >= 1.0:
        return rows[0], novelty
    row = max(rows, key=lambda row: node.odds.get(row, -math.inf) if node.odds else 0.0)
    if row not in node.odds:
        return rows[0], novelty
    counted = min(max(novelty / PREDICTED, 1e-4), 1 - 1e-4)
    odds = (math.log(counted / (1 - counted)) + node.odds[row]) / 2
    return row, PREDICTED / (1 + math.exp(-odds))


class Search:
    """One breadth-first search."""

    def __init__(
        self,
        imagined_states: ImaginedStates,
        novelties: Sequence[float],
        fresh: Mapping[int, float],
        expected: NDArray[np.floating] | None = None,
    ) -> None:
        """Prepare a search.

        Args:
            imagined_states: predicted states, with the graph.
            novelties: by kind.
            fresh: novelty of each simple action in a state that was never visited.
            expected: predicted effect of a click in each cell, as a share of the largest, [64].
        """
        self._expected = expected
        self._imagined_states, self._graph = imagined_states, imagined_states.graph
        self._novelties, self._fresh = novelties, fresh
        self._imagine = MOST_IMAGINED
        self._most = max([*novelties, *fresh.values(), imagined_states.dynamics.most])
        self._parents: dict[StateKey, tuple[StateKey, ActionRow] | None] = {}

    def route(self, start: Node, reset: ActionRow | None) -> Route | None:
        """Return the cheapest route from a node; `reset` leads to the level's first state."""
        self._parents = {start.number: None}
        queue: deque[tuple[StateKey, int]] = deque([(start.number, 0)])
        best: tuple[float, StateKey, _Outlook] | None = None
        while queue:
            state, far = queue.popleft()
            if best is not None and (far + 1) / self._most >= best[0]:
                break
            outlook = self._look(state)
            cost = (far + 1) / outlook.novelty
            if outlook.row is not None and (best is None or cost < best[0]):
                best = cost, state, outlook
            if far == 0 and reset is not None and self._graph.opening in self._graph.nodes:
                outlook.leads.append((reset, self._graph.opening))
            for row, target in outlook.leads:
                if target not in self._parents:
                    self._parents[target] = (state, row)
                    queue.append((target, far + 1))
        return None if best is None else self._route(best[1], best[2])

    def _route(self, end: StateKey, outlook: _Outlook) -> Route:
        steps = list(self._back(end))[::-1]
        assert outlook.row is not None
        rows, states = tuple(row for row, _ in steps), tuple(state for _, state in steps)
        return Route(rows, states, outlook.row, outlook.novelty)

    def _back(self, end: StateKey) -> Iterator[tuple[ActionRow, StateKey]]:
        while (step := self._parents[end]) is not None:
            yield step[1], end
            end = step[0]

    def _look(self, state: StateKey) -> _Outlook:
        if isinstance(state, bytes):
            self._imagine -= 1
            outlook = _Outlook([])
            for number, novelty in self._fresh.items():
                self._predict(outlook, state, (number, NO_PLACE, NO_PLACE), novelty)
            return outlook
        node = self._graph.nodes[state]
        outlook = _Outlook(list(self._graph.leads(node)))
        for kind, rows in node.untried.items():
            row, novelty = likeliest(node, rows, self._novelties[kind])
            if self._expected is not None and row[0] == CLICK:
                row, novelty = self._as_expected(self._expected, rows, novelty)
            if node.place is None or row[0] in (CLICK, UNDO):
                outlook.offer(row, novelty)
            else:
                self._predict(outlook, state, row, novelty)
        return outlook

    @staticmethod
    def _as_expected(
        expected_64: NDArray[np.floating], rows: Sequence[ActionRow], novelty: float
    ) -> tuple[ActionRow, float]:
        """The click of a kind with the largest predicted effect; its novelty is scaled by the
        effect."""
        shares = [float(expected_64[cell_of(x, y)]) for _, x, y in rows]
        best = int(np.argmax(shares))
        return rows[best], novelty * max(shares[best], LEAST_EXPECTED)

    def _predict(self, outlook: _Outlook, state: StateKey, row: ActionRow, novelty: float) -> None:
        """Offer a simple action, with a low novelty if its effect is known."""
        effect, target = self._imagined_states.predict(state, row[0])
        at = self._imagined_states.local_context(state, row[0])
        novelty = self._imagined_states.dynamics.novelty(at, effect, novelty)
        if isinstance(target, bytes):
            novelty = max(
                novelty, NEW_BACKGROUND if self._imagined_states.is_new_background(target) else NEW
            )
        if target is not None and (self._imagine > 0 or not isinstance(target, bytes)):
            outlook.leads.append((row, target))
        outlook.offer(row, novelty)
