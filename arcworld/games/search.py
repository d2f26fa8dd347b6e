"""Exhaustive search over a game's rules, and winning walks that differ from one another.

States are hashable values; a function lists their successors. One search per level gives the
distance to the win from every state. A walk can therefore leave the shortest path and still win
within a limit, so that demos win by different paths.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable

import numpy as np

type Successor[State: Hashable] = tuple[int, State, bool]
"""(action id, state it leads to, whether it wins the level)."""

MAX_STATES = 300_000


class Solver[State: Hashable]:
    """Distances to the win from every state that can be reached without losing.

    >>> line = Solver(0, lambda n: [(3, max(n - 1, 0), False), (4, n + 1, n + 1 == 5)])
    >>> line.distance(0), line.distance(4)
    (5, 1)
    >>> line.walk(np.random.default_rng(0), limit=5)
    [4, 4, 4, 4, 4]
    """

    def __init__(
        self, start: State, successors: Callable[[State], Iterable[Successor[State]]]
    ) -> None:
        self.start = start
        self._edges: dict[State, list[Successor[State]]] = {}
        self._explore(successors)
        self._distances = self._measure()

    def distance(self, state: State) -> int | None:
        """Minimum number of actions from `state` to the win; None if it cannot be reached."""
        return self._distances.get(state)

    def walk(
        self, rng: np.random.Generator, limit: int, wander: float = 0.1, state: State | None = None
    ) -> list[int]:
        """Return actions that win within `limit` actions; a share `wander` may be suboptimal.

        Raises:
            ValueError: the win cannot be reached within `limit` actions.
        """
        here = self.start if state is None else state
        left = self.distance(here)
        if left is None or left > limit:
            raise ValueError(f"victory is {left} actions away; the limit is {limit}")
        actions: list[int] = []
        won = False
        while not won:
            action, here, won = self._choose(here, rng, limit - len(actions), wander)
            actions.append(action)
        return actions

    def _choose(
        self, state: State, rng: np.random.Generator, limit: int, wander: float
    ) -> Successor[State]:
        left = self._distances[state]
        slack = 1 if rng.random() < wander and limit > left + 2 else -1
        able = [edge for edge in self._edges[state] if self._left(edge) <= left + slack]
        return able[int(rng.integers(len(able)))]

    def _left(self, edge: Successor[State]) -> float:
        _, state, won = edge
        return 0 if won else self._distances.get(state, float("inf"))

    def _explore(self, successors: Callable[[State], Iterable[Successor[State]]]) -> None:
        queue = deque([self.start])
        seen = {self.start}
        while queue:
            state = queue.popleft()
            edges = [edge for edge in successors(state) if edge[2] or edge[1] != state]
            self._edges[state] = edges
            for _, after, won in edges:
                if not won and after not in seen:
                    seen.add(after)
                    queue.append(after)
            assert len(seen) <= MAX_STATES, "a level too large to search"

    def _measure(self) -> dict[State, int]:
        before: dict[State, list[State]] = {}
        distances: dict[State, int] = {}
        for state, edges in self._edges.items():
            for _, after, won in edges:
                if won:
                    distances[state] = 1
                else:
                    before.setdefault(after, []).append(state)
        queue = deque(distances)
        while queue:
            state = queue.popleft()
            for earlier in before.get(state, ()):
                if earlier not in distances:
                    distances[earlier] = distances[state] + 1
                    queue.append(earlier)
        return distances
