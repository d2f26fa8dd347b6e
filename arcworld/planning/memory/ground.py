"""The ground that a memory stands on: one level's states, and what may be done in each.

Keeps the graph, the mask over clocks and the marker that are taken off frames before they are
compared, and where the player stands. Knows what a frame looks like; knows nothing of what actions
won, lost or changed, which `memory` works out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.choices import (
    CHANGES,
    DISCOVERS,
    ActionRow,
    choices,
    click_kind,
    on_object,
    simple_kind,
)
from arcworld.planning.memory.clicks import ClickModel
from arcworld.planning.memory.deaths import Deaths
from arcworld.planning.memory.foresight import Foresight
from arcworld.planning.memory.graph import Led, LevelGraph, Node, unpack
from arcworld.planning.memory.knowledge import Knowledge
from arcworld.planning.memory.local import LocalModel
from arcworld.planning.memory.marker import ClickMarker
from arcworld.planning.memory.objects import HIDDEN, Objects, find_objects
from arcworld.planning.memory.seen import Seen
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
        curious: kinds that were tried less often come before all others.
    """

    most_nodes: int = 4096
    carried: float = 4.0
    curious: float = 2.0
    most_kinds: int = 20_000


class Ground:
    """Where the player stands in a level; `memory.Memory` goes on from here.

    Attributes:
        here: the node of the state the player is in.
        graph: of the level that is played.
        status, marker: what is taken off frames before they are compared.
        knowledge: chances that a kind of action changes anything, and that a change is new.
        local, clicks, foresight: what simple actions and clicks do nearby, and where they lead.
    """

    here: Node
    graph: LevelGraph
    foresight: Foresight
    _seen: Seen
    _frame_HW: NDArray[np.uint8]
    _news: bool

    def __init__(self, config: MemoryConfig, seed: int) -> None:
        self.config, self.seed = config, seed

    def _enter(self, game_priors: GamePriors) -> None:
        """A game was opened, of which nothing is known but its lore."""
        self.status_bars, self.marker = (
            StatusBarMask(known_HW=game_priors.counter_mask_HW),
            ClickMarker(),
        )
        self.knowledge = Knowledge(CHANGES, DISCOVERS, self.config.curious)
        self.local, self.clicks = LocalModel(), ClickModel()
        self.local.expect(
            sum(1 << colour for colour in game_priors.goal_colours), wins=game_priors.wins
        )
        self._order = np.random.default_rng(self.seed).permutation(8).tolist()

    def _forget_states(self) -> None:
        """Go on from an empty graph; its nodes are numbered on."""
        first = self.graph.next if hasattr(self, "graph") else 0
        self.graph = LevelGraph(self.status_bars.mask_HW, self.config.most_nodes, first)
        self.foresight = Foresight(self.graph, self.local)
        self._deaths = Deaths()

    def _arrive(self, seen: Seen, frame_HW: NDArray[np.uint8], came_by: ActionRow | None) -> None:
        self._seen, self._frame_HW = seen, frame_HW
        node = self.graph.find(frame_HW)
        if node is None:
            objects = self._objects_of(frame_HW)
            available = sorted(seen.available_actions, key=self._order.__getitem__)
            offered = choices(objects, available, came_by)
            untried = {self.knowledge.kind(kind): rows for kind, rows in offered.items()}
            node = self.graph.add(frame_HW, untried, came_by)
            node.place = self.local.avatar.place(objects)
        self.graph.visit(node)
        self._news = self.foresight.visit(node)
        self.here = node
        self.local.see(self.graph.shown(frame_HW), node.place)

    def _forget_level(self, seen: Seen) -> None:
        """Unlearn: what was seen so far was seen wrongly."""
        self.knowledge = Knowledge(CHANGES, DISCOVERS, self.config.curious)
        self._forget_states()
        self._arrive(seen, self.marker.clean(seen.frame_HW, None), None)

    def _mask_anew(self) -> None:
        """The mask is another: states may be one, and what seemed to change something may not."""
        became = self.graph.rekey(self.status_bars.mask_HW)
        self.here = self.graph.nodes[became.get(self.here.number, self.here.number)]
        edges = [edge for node in self.graph.nodes.values() for edge in node.edges.values()]
        self.knowledge.recount([(edge.kind, edge.led is not Led.NOTHING) for edge in edges])
        self.local.clear()
        self.clicks.forget()
        self.foresight = Foresight(self.graph, self.local)

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
            return self.knowledge.kind(simple_kind(row, node.came_by))
        objects = self._objects_of(unpack(node.frame))
        return self.knowledge.kind(click_kind(objects, row, node.came_by))

    def _row(self, action: Action) -> ActionRow:
        """An action as it stands in the graph: clicks on one small object are one."""
        row = action.as_row()
        if action.id != CLICK or self.here.kind_of(row) is not None:
            return row
        return on_object(self.objects(), row)
