"""The best way on from a state, and what is predicted of clicks on the way, written down.

Joins search, foresight and the memory of clicks; knows no game, and decides nothing.
"""

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
    """What is known of a level's ways.

    Attributes:
        expected_64: what a click in each cell should change, as a share of the most, or None.
    """

    statistics: ActionStatistics
    imagined_states: ImaginedStates
    clicks: ClickModel
    expected_64: NDArray[np.floating] | None = None

    def best(self, here: Node, simple: Sequence[int], reset: ActionRow | None) -> Route | None:
        """The way over known edges to the untried action that is cheapest for what it promises.

        Args:
            here: where it begins.
            simple: ids of the actions without a place that the game offers.
            reset: leads to the level's opening, where it is legal.
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
        """Where an untried click is predicted to lead to another state that is known, write that
        down as if it had been tried, and so for all such clicks there; whether it was.
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
