"""Find the best route, and store what is predicted of clicks on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import ActionRow, simple_kind
from arcworld.planning.memory.action_statistics import ActionStatistics
from arcworld.planning.memory.click_model import ClickModel
from arcworld.planning.memory.graph import EdgeKind, Node, unpack_frame
from arcworld.planning.memory.imagined_states import ImaginedStates, StateKey
from arcworld.planning.memory.search import Route, Search
from arcworld.recordings.episode import CLICK, NO_PLACE


@dataclass(frozen=True, slots=True)
class Routing:
    """All that the search for a route uses.

    Attributes:
        statistics: novelty of kinds of actions.
        imagined_states: the graph and predicted states.
        clicks: predicted effects of clicks.
        expected_64: predicted effect of a click in each cell, as a share of the largest; or None.
    """

    statistics: ActionStatistics
    imagined_states: ImaginedStates
    clicks: ClickModel
    expected_64: NDArray[np.floating] | None = None

    def best(self, here: Node, simple: Sequence[int], reset: ActionRow | None) -> Route | None:
        """Route over known edges to the untried action with the lowest cost per discovery.

        Args:
            here: where the route begins.
            simple: ids of the actions other than clicks that the game offers.
            reset: the RESET action if it is legal; leads to the level's first state.
        """
        rows: list[ActionRow] = [(number, NO_PLACE, NO_PLACE) for number in simple]
        kinds = [self.statistics.kind(simple_kind(row, None)) for row in rows]
        novelties = self.statistics.novelties()
        fresh = {number: novelties[kind] for number, kind in zip(simple, kinds, strict=True)}
        self.imagined_states.tidy()
        while True:
            search = Search(self.imagined_states, novelties, fresh, expected=self.expected_64)
            route = search.route(here, reset)
            if route is None:
                return None
            end = route.states[-1] if route.states else here.number
            if not self._record_predicted(end, route.last):
                return route

    def _record_predicted(self, state: StateKey, row: ActionRow) -> bool:
        """Store untried clicks of a state as edges if they are predicted to lead to a known state.

        Returns:
            Whether the click `row` was one of them.
        """
        if row[0] != CLICK or isinstance(state, bytes):
            return False
        node = self.imagined_states.graph.nodes[state]
        frame_HW = self.imagined_states.graph.shown(unpack_frame(node.frame))
        if self._predicted(node, frame_HW, row) is None:
            return False
        clicks = [(k, r) for k, rows in node.untried.items() for r in rows if r[0] == CLICK]
        for kind, click in clicks:
            to = self._predicted(node, frame_HW, click)
            if to is not None:
                self.imagined_states.graph.record(node, click, kind, EdgeKind.ELSEWHERE, to.number)
        return True

    def _predicted(self, node: Node, frame_HW: NDArray[np.uint8], click: ActionRow) -> Node | None:
        """The other node to which a click is predicted to lead, if it is known."""
        after_HW = self.clicks.predict(click, frame_HW)
        to = None if after_HW is None else self.imagined_states.graph.find(after_HW)
        return None if to is node else to
