"""The ground that a memory stands on: one level's states, and what may be done in each.

Keeps the graph, the mask over clocks and the marker that are taken off frames before they are
compared, and where the player stands. Knows what a frame looks like; knows nothing of what actions
won, lost or changed, which `memory` works out.
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
    on_object,
    simple_kind,
)
from arcworld.planning.memory.action_statistics import ActionStatistics
from arcworld.planning.memory.avatar_dynamics import AvatarDynamics
from arcworld.planning.memory.click_cursor import ClickCursor
from arcworld.planning.memory.click_model import ClickModel
from arcworld.planning.memory.game_over_causes import GameOverCauses
from arcworld.planning.memory.graph import EdgeKind, LevelGraph, Node, unpack_frame
from arcworld.planning.memory.imagined_states import ImaginedStates
from arcworld.planning.memory.objects import HIDDEN, Objects, find_objects
from arcworld.planning.memory.observed_frame import ObservedFrame
from arcworld.recordings.episode import CLICK, Action
from arcworld.recordings.game_priors import GamePriors
from arcworld.recordings.status_bars import StatusBarMask


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """How much is kept, and what is believed at first.

    Attributes:
        most_nodes: states of a level; beyond, those longest not visited are forgotten.
        carried: tries of the level before that still count on a new one.
        most_kinds: beyond, the level's states are all forgotten.
        min_tries: kinds that were tried less often come before all others.
    """

    most_nodes: int = 4096
    carried: float = 4.0
    min_tries: float = 2.0
    most_kinds: int = 20_000


class LevelState:
    """Where the player stands in a level; `memory.Memory` goes on from here.

    Attributes:
        here: the node of the state the player is in.
        graph: of the level that is played.
        status_bars, cursor: what is taken off frames before they are compared.
        statistics: chances that a kind of action changes anything, and that a change is new.
        dynamics, clicks, imagined_states: what simple actions and clicks do nearby, and where they
        lead.
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
        """A game was opened, of which nothing is known but its game priors."""
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
        """Go on from an empty graph; its nodes are numbered on."""
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
        self._observation, self._frame_HW = observation, frame_HW
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

    def _forget_level(self, observation: ObservedFrame) -> None:
        """Unlearn: what was seen so far was seen wrongly."""
        self.statistics = ActionStatistics(CHANGES, DISCOVERS, self.config.min_tries)
        self._forget_states()
        self._arrive(observation, self.cursor.clean(observation.frame_HW, None), None)

    def _mask_anew(self) -> None:
        """The mask is another: states may be one, and what seemed to change something may not."""
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
        """The objects where the player stands, without what is masked."""
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
        """An action as it stands in the graph: clicks on one small object are one."""
        row = action.as_row()
        if action.id != CLICK or self.here.kind_of(row) is not None:
            return row
        return on_object(self.objects(), row)
