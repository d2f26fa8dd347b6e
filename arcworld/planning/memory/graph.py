"""The states of one level and what led from which to which.

Knows frames by the bytes of what the mask leaves of them, actions as rows (id, x, y), and where
each led; knows neither objects nor how good an action is. Bounded: the states that were longest
not visited are forgotten.
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
    """What an action did in a node."""

    NOTHING = "changes nothing"
    ELSEWHERE = "leads to another state"
    OVER = "ends the game"
    WON = "wins the level"


@dataclass(slots=True)
class Edge:
    """An action that was tried.

    Attributes:
        kind: as it was among the untried actions.
        target: the node it led to last, where it led elsewhere (which may be forgotten by now).
        contradictions: how often it did not do what it had done before.
    """

    kind: int
    edge_kind: EdgeKind
    target: int = -1
    contradictions: int = 0


@dataclass(slots=True)
class Node:
    """One state.

    Attributes:
        frame: the frame, two pixels a byte.
        untried: actions not tried here, by the number of their kind.
        edges: actions that were.
        parent_action: the action that first led here; None for a level's opening.
        visited: the time of the last visit.
        place: where the avatar is, where that is known.
        odds: log-odds of actions not tried here, learned from others, where any were asked for.
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
        """The kind of an action that was offered or tried here."""
        if choice in self.edges:
            return self.edges[choice].kind
        return next((kind for kind, rows in self.untried.items() if choice in rows), None)

    def take(self, choice: ActionRow) -> int | None:
        """Strike an action off the untried ones; its kind, None where it was not among them."""
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
        """An empty graph, whose nodes are numbered from `first`."""
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
        """A frame without what is masked."""
        return frame_HW * self._shown_HW

    def key(self, frame_HW: NDArray[np.uint8]) -> bytes:
        """What tells states apart."""
        return blake2b(self.shown(frame_HW).tobytes(), digest_size=16).digest()

    def number(self, key: bytes) -> int | None:
        """The node with a key."""
        return self._numbers.get(key)

    def find(self, frame_HW: NDArray[np.uint8]) -> Node | None:
        """The node of a frame, where it is known."""
        number = self._numbers.get(self.key(frame_HW))
        return None if number is None else self.nodes[number]

    def add(
        self,
        frame_HW: NDArray[np.uint8],
        untried: dict[int, list[ActionRow]],
        parent_action: ActionRow | None = None,
    ) -> Node:
        """A new node for a frame that has none."""
        node = Node(self.next, pack_frame(frame_HW), untried, parent_action=parent_action)
        self.next += 1
        self.nodes[node.number] = node
        self._numbers[self.key(frame_HW)] = node.number
        self.visit(node)
        if len(self.nodes) > self.most_nodes:
            self._forget(keep=node.number)
        return node

    def visit(self, node: Node) -> None:
        """The node is where the player is."""
        self._time += 1
        node.visited = self._time

    def record(
        self, node: Node, choice: ActionRow, kind: int, edge_kind: EdgeKind, target: int = -1
    ) -> bool:
        """Write down what an action did; whether it contradicts what it had done."""
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
        """Tell states apart by another mask; which nodes became which others."""
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
        """Edges that lead to nodes which are known, those left out that broke again and again."""
        for choice, edge in node.edges.items():
            if (
                edge.edge_kind is EdgeKind.ELSEWHERE
                and edge.contradictions < 3
                and edge.target in self.nodes
            ):
                yield choice, edge.target

    def path(self, start: int, end: int) -> tuple[ActionRow, ...] | None:
        """The fewest actions from one node to another; None where no way is known."""
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
        """Drop the eighth of the nodes that was longest not visited."""
        old = sorted(self.nodes.values(), key=lambda node: node.visited)
        for node in old[: max(self.most_nodes // 8, 1)]:
            if node.number not in (keep, self.opening):
                del self.nodes[node.number]
        self._numbers = {k: n for k, n in self._numbers.items() if n in self.nodes}


def backtrack[S](parents: dict[S, tuple[S, ActionRow] | None], end: S) -> tuple[ActionRow, ...]:
    """The actions from the state without a parent to `end`."""
    rows: list[ActionRow] = []
    while (step := parents[end]) is not None:
        end, row = step
        rows.append(row)
    return tuple(reversed(rows))


def pack_frame(frame_HW: NDArray[np.uint8]) -> bytes:
    """A frame with two pixels a byte.

    >>> frame = np.arange(4096, dtype=np.uint8).reshape(64, 64) % 16
    >>> len(pack_frame(frame)), bool((unpack_frame(pack_frame(frame)) == frame).all())
    (2048, True)
    """
    return (frame_HW[:, ::2] << 4 | frame_HW[:, 1::2]).tobytes()


def unpack_frame(frame: bytes) -> NDArray[np.uint8]:
    """The inverse of `pack_frame`, [64, 64]."""
    pairs = np.frombuffer(frame, dtype=np.uint8).reshape(SIDE, SIDE // 2)
    frame_HW = np.empty((SIDE, SIDE), dtype=np.uint8)
    frame_HW[:, ::2], frame_HW[:, 1::2] = pairs >> 4, pairs & 15
    return frame_HW
