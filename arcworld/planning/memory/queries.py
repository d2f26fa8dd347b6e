"""What may be asked of the memory of a game. No query changes what was observed or learned.

Predictions that a query needs are cached (`imagined_states`), within bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import ActionRow
from arcworld.planning.memory.imagined_states import StateKey
from arcworld.planning.memory.level_state import LevelState
from arcworld.planning.memory.node import Edge, EdgeKind, unpack_frame
from arcworld.planning.memory.routing import Routing
from arcworld.planning.memory.search import Route
from arcworld.recordings.episode import CLICK, NO_PLACE, RESET, UNDO, Action

RESET_ROW: ActionRow = (RESET, NO_PLACE, NO_PLACE)


@dataclass(frozen=True, slots=True)
class Untried:
    """An action not tried in this state.

    Attributes:
        action: the action.
        novelty: probability that it leads to a state never seen.
    """

    action: Action
    novelty: float


class MemoryQueries(LevelState):
    """The queries; `memory.Memory` adds what changes the answers."""

    level: int
    _expected: NDArray[np.floating] | None
    _won: dict[int, tuple[ActionRow, ...]]

    def untried(self) -> list[Untried]:
        """Actions not tried in the current state, most promising first."""
        novelties = self.statistics.novelties()
        found = [
            Untried(Action.from_row(row), novelties[kind])
            for kind, rows in self.here.untried.items()
            for row in rows
            if row[0] in self._observation.legal_actions
        ]
        return sorted(found, key=lambda one: -one.novelty)

    def movers(self) -> list[Action]:
        """Actions that changed something on this level, the newest first."""
        nodes = sorted(self.graph.nodes.values(), key=lambda node: -node.visited)
        rows = [
            row
            for node in nodes
            for row, edge in node.edges.items()
            if edge.edge_kind is EdgeKind.ELSEWHERE and row[0] in self._observation.legal_actions
        ]
        return [Action.from_row(row) for row in dict.fromkeys(rows)]

    def opening(self) -> NDArray[np.uint8] | None:
        """The frame in which the level began or was last reset; None if it was dropped."""
        node = self.graph.nodes.get(-1 if self.graph.opening is None else self.graph.opening)
        return None if node is None else unpack_frame(node.frame)

    def displaced(self) -> list[Action]:
        """Clicks on this level whose changed pixels differ from the level's first frame."""
        home_HW = self.opening()
        if home_HW is None:
            return []
        shown = self.graph.shown
        rows = self.clicks.displaced(shown(self._frame_HW), shown(home_HW))
        return [Action.from_row(row) for row in rows]

    def is_useless(self, action: Action) -> bool:
        """Whether an action is known to change nothing in this state, or to end the game."""
        edge = self.here.edges.get(self._row(action))
        return edge is not None and edge.edge_kind in (EdgeKind.NOTHING, EdgeKind.OVER)

    def is_frozen(self) -> bool:
        """Whether every action worth trying in this state was tried and changed nothing."""
        effects = self.here.effects.values()
        return not self.here.untried and all(
            isinstance(edge, Edge) and edge.edge_kind is EdgeKind.NOTHING for edge in effects
        )

    def route(self) -> Route | None:
        """Route over observed and imagined edges to the untried action with the lowest cost per
        discovery."""
        reset = RESET_ROW if RESET in self._observation.legal_actions else None
        simple = [n for n in self._observation.available_actions if n not in (CLICK, UNDO)]
        return self._routing().best(self.here, simple, reset)

    def _routing(self) -> Routing:
        return Routing(self.statistics, self.imagined_states, self.clicks, self._expected)

    def is_at(self, state: StateKey) -> bool:
        """Whether the current state is the given state of a route."""
        return state in (self.here.number, self.graph.key(self._frame_HW))

    def winning_path(self, level: int) -> tuple[Action, ...]:
        """Actions that won a level from its first state; empty if none are known."""
        return tuple(Action.from_row(row) for row in self._won.get(level, ()))

    def describe(self) -> str:
        """Describe the memory in one line."""
        masked = int(self.status_bars.mask_HW.sum())
        cursor = f", a marker of {len(self.cursor.dots)} pixels" if self.cursor.dots else ""
        return f"{len(self.graph)} states on level {self.level}, {masked} pixels masked{cursor}"
