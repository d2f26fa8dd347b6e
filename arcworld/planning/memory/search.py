"""The way to what is worth trying: over edges that were walked, and over steps that are predicted.

Knows the graph, the promises of kinds, and foresight. The cost of a way is the expected number of
actions for one discovery: its length with the untried action, over that action's promise.
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
from arcworld.planning.memory.graph import Node
from arcworld.planning.memory.imagined_states import ImaginedStates, StateKey
from arcworld.recordings.episode import CLICK, NO_PLACE, UNDO
from arcworld.tokens.cells import cell_of

NEW = 0.01
"""The least promise of a state never seen, where it is predicted: a discovery it hardly is."""
NEW_BACKGROUND = 0.2
"""The same where something else than the avatar stands as it never stood."""
LEAST_EXPECTED = 0.02
"""A click that should do nothing promises so little of what its kind does: the model may err."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way to an untried action.

    Attributes:
        rows: the actions up to there; the first may be RESET.
        states: where each of them should lead.
        last: the untried action. novelty: the chance that it discovers something.
    """

    rows: tuple[ActionRow, ...]
    states: tuple[StateKey, ...]
    last: ActionRow
    novelty: float

    @property
    def cost(self) -> float:
        """Expected actions for one discovery."""
        return (len(self.rows) + 1) / self.novelty

    @property
    def imagined(self) -> int:
        """How many of the states were never visited."""
        return sum(isinstance(state, bytes) for state in self.states)


@dataclass(slots=True)
class _Outlook:
    """The most promising action of a state, and where the others lead."""

    leads: list[tuple[ActionRow, StateKey]]
    novelty: float = 1e-9
    row: ActionRow | None = None

    def offer(self, row: ActionRow, novelty: float) -> None:
        """Take an action where it is the most promising so far."""
        if novelty > self.novelty:
            self.novelty, self.row = novelty, row


def likeliest(node: Node, rows: Sequence[ActionRow], novelty: float) -> tuple[ActionRow, float]:
    """The action of a kind to try first, and its promise: what is counted of its kind and what is
    learned of it weigh alike. Kinds hardly tried stay what they are.
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
    """One search, breadth first."""

    def __init__(
        self,
        imagined_states: ImaginedStates,
        novelties: Sequence[float],
        fresh: Mapping[int, float],
        most_imagined: int = 300,
        expected: NDArray[np.floating] | None = None,
    ) -> None:
        """Prepare.

        Args:
            imagined_states: with the graph in it.
            novelties: by kind.
            fresh: by simple action, its promise where it was never visited.
            most_imagined: at most so many states that were never visited are looked at.
            expected: how much a click in each cell should change, as a share of the most, [64].
        """
        self._expected = expected
        self._imagined_states, self._graph = imagined_states, imagined_states.graph
        self._novelties, self._fresh = novelties, fresh
        self._imagine = most_imagined
        self._most = max([*novelties, *fresh.values(), imagined_states.dynamics.most])
        self._parents: dict[StateKey, tuple[StateKey, ActionRow] | None] = {}

    def route(self, start: Node, reset: ActionRow | None) -> Route | None:
        """The cheapest way from a node; RESET leads to the level's opening, where it is legal."""
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
        outlook = _Outlook(list(self._graph.known_edges(node)))
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
        """The click of a kind that should change most, which promises in proportion."""
        shares = [float(expected_64[cell_of(x, y)]) for _, x, y in rows]
        best = int(np.argmax(shares))
        return rows[best], novelty * max(shares[best], LEAST_EXPECTED)

    def _predict(self, outlook: _Outlook, state: StateKey, row: ActionRow, novelty: float) -> None:
        """Offer a simple action, which promises little where its effect is known."""
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
