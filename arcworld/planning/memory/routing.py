"""Find the best route, and predict the clicks at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import ActionRow, first_kind
from arcworld.planning.memory.action_statistics import ActionStatistics
from arcworld.planning.memory.click_model import ClickModel
from arcworld.planning.memory.imagined_states import ImaginedStates
from arcworld.planning.memory.node import Node, unpack_frame
from arcworld.planning.memory.search import Route, Search
from arcworld.recordings.episode import CLICK


@dataclass(frozen=True, slots=True)
class Routing:
    """All that the search for a route uses. It changes none of it, except for cached predictions.

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
        kinds = [self.statistics.kind(first_kind(number)) for number in simple]
        novelties = self.statistics.novelties()
        fresh = {number: novelties[kind] for number, kind in zip(simple, kinds, strict=True)}
        search = Search(self.imagined_states, novelties, fresh, expected=self.expected_64)
        return search.route(here, reset)

    def predicted_clicks(self, here: Node, route: Route) -> tuple[Node, dict[ActionRow, int]]:
        """The last state of a route, and its untried clicks that should lead to a known state.

        Returns:
            The state, and the number of the node by click; empty if the effect of the route's last
            action is not predicted.
        """
        graph, end = self.imagined_states.graph, route.states[-1] if route.states else here.number
        if route.last[0] != CLICK or isinstance(end, bytes):
            return here, {}
        node = graph.nodes[end]
        frame_HW = graph.shown(unpack_frame(node.frame))
        if self._predicted(node, frame_HW, route.last) is None:
            return node, {}
        clicks = [row for rows in node.untried.values() for row in rows if row[0] == CLICK]
        found = [(row, self._predicted(node, frame_HW, row)) for row in clicks]
        return node, {row: to.number for row, to in found if to is not None}

    def _predicted(self, node: Node, frame_HW: NDArray[np.uint8], click: ActionRow) -> Node | None:
        """The other node to which a click is predicted to lead, if it is known."""
        after_HW = self.clicks.predict(click, frame_HW)
        to = None if after_HW is None else self.imagined_states.graph.find(after_HW)
        return None if to is node else to
