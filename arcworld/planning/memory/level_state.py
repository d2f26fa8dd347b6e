"""The states of one level, and which actions are possible in each.

Keeps the graph, the current node, and the mask and click marker that are removed from frames before
they are compared. `memory.Memory` adds what actions won, lost or changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import (
    CHANGES,
    DISCOVERS,
    ActionRow,
    actions_by_kind,
    click_kind,
    first_kind,
    on_object,
    simple_kind,
)
from arcworld.planning.memory.action_statistics import ActionStatistics
from arcworld.planning.memory.avatar_dynamics import AvatarDynamics
from arcworld.planning.memory.click_cursor import ClickCursor
from arcworld.planning.memory.click_model import ClickModel
from arcworld.planning.memory.game_over_causes import GameOverCauses
from arcworld.planning.memory.graph import LevelGraph
from arcworld.planning.memory.imagined_states import ImaginedStates
from arcworld.planning.memory.node import EdgeKind, Node, unpack_frame
from arcworld.planning.memory.objects import HIDDEN, Objects, find_objects
from arcworld.planning.memory.observed_frame import ObservedFrame
from arcworld.recordings.episode import CLICK, UNDO, Action
from arcworld.recordings.game_priors import GamePriors
from arcworld.recordings.status_bars import StatusBarMask


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """Limits and priors.

    Attributes:
        most_nodes: maximum number of states of a level; those not visited for the longest time are
            dropped.
        carried: maximum number of tries of earlier levels that count on a new level.
        min_tries: kinds with fewer tries come before all others.
        most_kinds: above this number of kinds, all states of the level are dropped.
    """

    most_nodes: int = 4096
    carried: float = 4.0
    min_tries: float = 2.0
    most_kinds: int = 20_000


class LevelState:
    """The current state within a level; extended by `memory.Memory`.

    Attributes:
        here: node of the current state.
        graph: of the current level.
        status_bars, cursor: what is removed from frames before they are compared.
        statistics: probabilities that a kind of action changes anything, and that a change is new.
        dynamics, clicks: effects of simple actions and of clicks.
        imagined_states: predicted targets of simple actions.
    """

    here: Node
    graph: LevelGraph
    imagined_states: ImaginedStates
    _observation: ObservedFrame
    _frame_HW: NDArray[np.uint8]
    _is_new: bool

    def __init__(self, config: MemoryConfig, seed: int) -> None:
        self.config, self.seed = config, seed

    def _enter(self, game_priors: GamePriors) -> None:
        """Start a game with its priors."""
        self.status_bars, self.cursor = (
            StatusBarMask(known_HW=game_priors.counter_mask_HW),
            ClickCursor(),
        )
        self.statistics = ActionStatistics(CHANGES, DISCOVERS, self.config.min_tries)
        self.dynamics, self.clicks = AvatarDynamics(), ClickModel()
        self.dynamics.set_goal(
            sum(1 << colour for colour in game_priors.goal_colours), wins=game_priors.wins
        )
        self._order = np.random.default_rng(self.seed).permutation(8).tolist()

    def _forget_states(self) -> None:
        """Start an empty graph; node numbers continue."""
        first = self.graph.next if hasattr(self, "graph") else 0
        self.graph = LevelGraph(self.status_bars.mask_HW, self.config.most_nodes, first)
        self.imagined_states = ImaginedStates(self.graph, self.dynamics)
        self._game_over_causes = GameOverCauses()

    def _arrive(
        self,
        observation: ObservedFrame,
        frame_HW: NDArray[np.uint8],
        parent_action: ActionRow | None,
    ) -> None:
        self._frame_HW = frame_HW
        self._answer(observation)
        node = self.graph.find(frame_HW)
        if node is None:
            objects = self._objects_of(frame_HW)
            available = sorted(observation.available_actions, key=self._order.__getitem__)
            offered = actions_by_kind(objects, available, parent_action)
            untried = {self.statistics.kind(kind): rows for kind, rows in offered.items()}
            node = self.graph.add(frame_HW, untried, parent_action)
            node.place = self.dynamics.avatar.place(objects)
        self.graph.visit(node)
        self._is_new = self.imagined_states.visit(node)
        self.here = node
        self.dynamics.see(self.graph.shown(frame_HW), node.place)

    def _answer(self, observation: ObservedFrame) -> None:
        """Note the last answer; what it offers gets a kind here, since queries change nothing."""
        self._observation = observation
        for number in observation.available_actions:
            if number not in (CLICK, UNDO):
                self.statistics.kind(first_kind(number))

    def _forget_level(self, observation: ObservedFrame) -> None:
        """Drop states and statistics that were based on a wrong marker."""
        self.statistics = ActionStatistics(CHANGES, DISCOVERS, self.config.min_tries)
        self._forget_states()
        self._arrive(observation, self.cursor.clean(observation.frame_HW, None), None)

    def _mask_anew(self) -> None:
        """Apply a changed mask: states may merge, and some changes were only those of a clock."""
        became = self.graph.rekey(self.status_bars.mask_HW)
        self.here = self.graph.nodes[became.get(self.here.number, self.here.number)]
        edges = [edge for node in self.graph.nodes.values() for edge in node.edges.values()]
        self.statistics.recount(
            [(edge.kind, edge.edge_kind is not EdgeKind.NOTHING) for edge in edges]
        )
        self.dynamics.clear()
        self.clicks.forget()
        self.imagined_states = ImaginedStates(self.graph, self.dynamics)

    # --- actions of a node ---

    def objects(self) -> Objects:
        """Objects of the current state, without masked pixels."""
        return self._objects_of(self._frame_HW)

    def _objects_of(self, frame_HW: NDArray[np.uint8]) -> Objects:
        return find_objects(np.where(self.status_bars.mask_HW, np.uint8(HIDDEN), frame_HW))

    def _kind(self, node: Node, row: ActionRow) -> int:
        known = node.kind_of(row)
        if known is not None:
            return known
        if row[0] != CLICK:
            return self.statistics.kind(simple_kind(row, node.parent_action))
        objects = self._objects_of(unpack_frame(node.frame))
        return self.statistics.kind(click_kind(objects, row, node.parent_action))

    def _row(self, action: Action) -> ActionRow:
        """The action as a key of the graph; all clicks on one small object have the same key."""
        row = action.as_row()
        if action.id != CLICK or self.here.kind_of(row) is not None:
            return row
        return on_object(self.objects(), row)
