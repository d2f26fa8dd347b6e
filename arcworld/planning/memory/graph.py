"""Graph of one level's states and the actions between them.

States are identified by a hash of the masked frame, actions by rows (id, x, y). The number of
states is bounded; those not visited for the longest time are dropped first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import ActionRow
from arcworld.planning.memory.avatar import Place
from arcworld.recordings.episode import SIDE


class EdgeKind(Enum):
    """Effect of an action in a node."""

    NOTHING = "changes nothing"
    ELSEWHERE = "leads to another state"
    OVER = "ends the game"
    WON = "wins the level"


@dataclass(slots=True)
class Edge:
    """An action that was tried.

    Attributes:
        kind: number of the action's kind, as among the untried actions.
        edge_kind: what the action did.
        target: the node that it led to last, if `edge_kind` is ELSEWHERE (it may be dropped by
            now).
        contradictions: how often its effect differed from the effect before.
    """

    kind: int
    edge_kind: EdgeKind
    target: int = -1
    contradictions: int = 0


@dataclass(slots=True)
class Node:
    """One state.

    Attributes:
        number: unique within the game.
        frame: the frame, two pixels per byte.
        untried: actions not tried here, by the number of their kind.
        edges: actions that were tried here.
        parent_action: the action that first led here; None for a level's first state.
        visited: time of the last visit.
        place: position of the avatar, if known.
        odds: log-odds that untried actions here lead to new states, predicted by a network; None if
            none were computed.
    """

    number: int
    frame: bytes
    untried: dict[int, list[ActionRow]]
    edges: dict[ActionRow, Edge] = field(default_factory=dict[ActionRow, Edge])
    parent_action: ActionRow | None = None
    visited: int = 0
    place: Place | None = None
    odds: Mapping[ActionRow, float] | None = None

    def kind_of(self, choice: ActionRow) -> int | None:
        """Kind of an action that is untried or tried here; None for others."""
        if choice in self.edges:
            return self.edges[choice].kind
        return next((kind for kind, rows in self.untried.items() if choice in rows), None)

    def take(self, choice: ActionRow) -> int | None:
        """Remove an action from the untried ones; return its kind, or None if it was not among
        them."""
        for kind, actions_by_kind in self.untried.items():
            if choice in actions_by_kind:
                actions_by_kind.remove(choice)
                if not actions_by_kind:
                    del self.untried[kind]
                return kind
        return None


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
        edge = node.edges.get(choice)
        if edge is None:
            node.edges[choice] = Edge(kind, edge_kind, target)
            return False
        surprise = edge.edge_kind != edge_kind or edge.target != target
        edge.contradictions += int(surprise)
        edge.edge_kind, edge.target = edge_kind, target
        return surprise

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
            for edge in node.edges.values():
                edge.target = became.get(edge.target, edge.target)
                if edge.target == node.number:
                    edge.edge_kind, edge.target = EdgeKind.NOTHING, -1
        if self.opening is not None:
            self.opening = became.get(self.opening, self.opening)
        return became

    def known_edges(self, node: Node) -> Iterator[tuple[ActionRow, int]]:
        """Edges to nodes that are still known, without edges that were contradicted three times."""
        for choice, edge in node.edges.items():
            if (
                edge.edge_kind is EdgeKind.ELSEWHERE
                and edge.contradictions < 3
                and edge.target in self.nodes
            ):
                yield choice, edge.target

    def path(self, start: int, end: int) -> tuple[ActionRow, ...] | None:
        """Shortest known path between two nodes; None if there is none."""
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
        for choice, edge in other.edges.items():
            kept.take(choice)
            kept.edges.setdefault(choice, edge)
        kept.visited = max(kept.visited, other.visited)

    def _forget(self, keep: int) -> None:
        """Drop the eighth of the nodes that was not visited for the longest time."""
        old = sorted(self.nodes.values(), key=lambda node: node.visited)
        for node in old[: max(self.most_nodes // 8, 1)]:
            if node.number not in (keep, self.opening):
                del self.nodes[node.number]
        self._numbers = {k: n for k, n in self._numbers.items() if n in self.nodes}


def backtrack[S](parents: dict[S, tuple[S, ActionRow] | None], end: S) -> tuple[ActionRow, ...]:
    """Actions from the state without a parent to `end`."""
    rows: list[ActionRow] = []
    while (step := parents[end]) is not None:
        end, row = step
        rows.append(row)
    return tuple(reversed(rows))


def pack_frame(frame_HW: NDArray[np.uint8]) -> bytes:
    """Pack a frame with two pixels per byte.

    >>> frame = np.arange(4096, dtype=np.uint8).reshape(64, 64) % 16
    >>> len(pack_frame(frame)), bool((unpack_frame(pack_frame(frame)) == frame).all())
    (2048, True)
    """
    return (frame_HW[:, ::2] << 4 | frame_HW[:, 1::2]).tobytes()


def unpack_frame(frame: bytes) -> NDArray[np.uint8]:
    """Return the frame [64, 64] that `pack_frame` packed."""
    pairs = np.frombuffer(frame, dtype=np.uint8).reshape(SIDE, SIDE // 2)
    frame_HW = np.empty((SIDE, SIDE), dtype=np.uint8)
    frame_HW[:, ::2], frame_HW[:, 1::2] = pairs >> 4, pairs & 15
    return frame_HW
