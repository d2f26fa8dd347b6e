"""Graph of one level's states and the actions between them.

States are identified by a hash of the masked frame, actions by rows (id, x, y). The number of
states is bounded; those not visited for the longest time are dropped first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import ActionRow
from arcworld.planning.memory.node import (
    Edge,
    EdgeKind,
    ImaginedEdge,
    Node,
    pack_frame,
    unpack_frame,
)


class LevelGraph:
    """Nodes by number and by key."""

    def __init__(self, mask_HW: NDArray[np.bool_], most_nodes: int = 4096, first: int = 0) -> None:
        """Make an empty graph whose nodes are numbered from `first`."""
        self.most_nodes = most_nodes
        self.nodes: dict[int, Node] = {}
        self.opening: int | None = None
        self._numbers: dict[bytes, int] = {}
        self.next = first
        self._shown_HW = ~mask_HW
        self._time = 0

    def __len__(self) -> int:
        return len(self.nodes)

    def shown(self, frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A frame with the masked pixels set to 0."""
        return frame_HW * self._shown_HW

    def key(self, frame_HW: NDArray[np.uint8]) -> bytes:
        """Hash of the masked frame; equal for equal states."""
        return blake2b(self.shown(frame_HW).tobytes(), digest_size=16).digest()

    def number(self, key: bytes) -> int | None:
        """Number of the node with a key, or None."""
        return self._numbers.get(key)

    def find(self, frame_HW: NDArray[np.uint8]) -> Node | None:
        """Node of a frame, or None."""
        number = self._numbers.get(self.key(frame_HW))
        return None if number is None else self.nodes[number]

    def add(
        self,
        frame_HW: NDArray[np.uint8],
        untried: dict[int, list[ActionRow]],
        parent_action: ActionRow | None = None,
    ) -> Node:
        """Add a node for a frame that has none."""
        node = Node(self.next, pack_frame(frame_HW), untried, parent_action=parent_action)
        self.next += 1
        self.nodes[node.number] = node
        self._numbers[self.key(frame_HW)] = node.number
        self.visit(node)
        if len(self.nodes) > self.most_nodes:
            self._forget(keep=node.number)
        return node

    def visit(self, node: Node) -> None:
        """Note that the player is in a node."""
        self._time += 1
        node.visited = self._time

    def record(
        self, node: Node, choice: ActionRow, kind: int, edge_kind: EdgeKind, target: int = -1
    ) -> bool:
        """Store the effect of an action; return whether it contradicts the effect stored before."""
        node.take(choice)
        edge = node.effects.get(choice)
        if not isinstance(edge, Edge):
            node.effects[choice] = Edge(kind, edge_kind, target)
            return False
        surprise = edge.edge_kind != edge_kind or edge.target != target
        edge.contradictions += int(surprise)
        edge.edge_kind, edge.target = edge_kind, target
        return surprise

    def imagine(self, node: Node, choice: ActionRow, target: int) -> None:
        """Store the predicted effect of an untried action."""
        kind = node.take(choice)
        assert kind is not None, "only an untried action is imagined"
        node.effects[choice] = ImaginedEdge(kind, target)

    def rekey(self, mask_HW: NDArray[np.bool_]) -> dict[int, int]:
        """Identify states by another mask; return which nodes were merged into which others."""
        self._shown_HW = ~mask_HW
        self._numbers.clear()
        became: dict[int, int] = {}
        for node in list(self.nodes.values()):
            key = self.key(unpack_frame(node.frame))
            first = self._numbers.setdefault(key, node.number)
            if first != node.number:
                became[node.number] = first
                del self.nodes[node.number]
                self._merge(self.nodes[first], node)
        for node in self.nodes.values():
            _retarget(node, became)
        if self.opening is not None:
            self.opening = became.get(self.opening, self.opening)
        return became

    def leads(self, node: Node) -> Iterator[tuple[ActionRow, int]]:
        """Observed and imagined edges to nodes that are still known, without edges that were
        contradicted three times."""
        for choice, edge in node.effects.items():
            if edge.target in self.nodes and (isinstance(edge, ImaginedEdge) or edge.is_reliable):
                yield choice, edge.target

    def known_edges(self, node: Node) -> Iterator[tuple[ActionRow, int]]:
        """The observed edges among `leads`."""
        return (lead for lead in self.leads(node) if isinstance(node.effects[lead[0]], Edge))

    def path(self, start: int, end: int) -> tuple[ActionRow, ...] | None:
        """Shortest observed path between two nodes; None if there is none."""
        if start not in self.nodes:
            return None
        parents: dict[int, tuple[int, ActionRow] | None] = {start: None}
        queue = deque([start])
        while queue and end not in parents:
            number = queue.popleft()
            for choice, target in self.known_edges(self.nodes[number]):
                if target not in parents:
                    parents[target] = (number, choice)
                    queue.append(target)
        return backtrack(parents, end) if end in parents else None

    def _merge(self, kept: Node, other: Node) -> None:
        for choice, edge in other.effects.items():
            kept.take(choice)
            if choice not in kept.edges:
                kept.effects[choice] = edge
        kept.visited = max(kept.visited, other.visited)

    def _forget(self, keep: int) -> None:
        """Drop the eighth of the nodes that was not visited for the longest time."""
        old = sorted(self.nodes.values(), key=lambda node: node.visited)
        for node in old[: max(self.most_nodes // 8, 1)]:
            if node.number not in (keep, self.opening):
                del self.nodes[node.number]
        self._numbers = {k: n for k, n in self._numbers.items() if n in self.nodes}


def _retarget(node: Node, became: Mapping[int, int]) -> None:
    """Replace targets that were merged into other nodes.

    An edge to the node itself then changes nothing; if it was imagined, its action is untried.
    """
    for choice, edge in list(node.effects.items()):
        edge.target = became.get(edge.target, edge.target)
        if edge.target != node.number:
            continue
        if isinstance(edge, Edge):
            edge.edge_kind, edge.target = EdgeKind.NOTHING, -1
        else:
            del node.effects[choice]
            node.untried.setdefault(edge.kind, []).append(choice)


def backtrack[S](parents: dict[S, tuple[S, ActionRow] | None], end: S) -> tuple[ActionRow, ...]:
    """Actions from the state without a parent to `end`."""
    rows: list[ActionRow] = []
    while (step := parents[end]) is not None:
        end, row = step
        rows.append(row)
    return tuple(reversed(rows))
