"""One state of a level's graph, and the actions in it: untried, tried, imagined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

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

    @property
    def is_reliable(self) -> bool:
        """Whether it leads to another state, and was contradicted less than three times."""
        return self.edge_kind is EdgeKind.ELSEWHERE and self.contradictions < 3


@dataclass(slots=True)
class ImaginedEdge:
    """A click that was never tried in a state, and is predicted to lead to a known state.

    Attributes:
        kind: number of the action's kind, as among the untried actions.
        target: the node that it should lead to.
    """

    kind: int
    target: int


@dataclass(slots=True)
class Node:
    """One state. Every action worth trying is either untried or has an effect.

    Attributes:
        number: unique within the game.
        frame: the frame, two pixels per byte.
        untried: actions not tried here, by the number of their kind.
        effects: actions that were tried here (`Edge`), and untried ones whose effect is predicted
            (`ImaginedEdge`).
        parent_action: the action that first led here; None for a level's first state.
        visited: time of the last visit.
        place: position of the avatar, if known.
        odds: log-odds that untried actions here lead to new states, predicted by a network; None if
            none were computed.
    """

    number: int
    frame: bytes
    untried: dict[int, list[ActionRow]]
    effects: dict[ActionRow, Edge | ImaginedEdge] = field(
        default_factory=dict[ActionRow, Edge | ImaginedEdge]
    )
    parent_action: ActionRow | None = None
    visited: int = 0
    place: Place | None = None
    odds: Mapping[ActionRow, float] | None = None

    def kind_of(self, choice: ActionRow) -> int | None:
        """Kind of an action that is untried, tried or imagined here; None for others."""
        if choice in self.effects:
            return self.effects[choice].kind
        return next((kind for kind, rows in self.untried.items() if choice in rows), None)

    @property
    def edges(self) -> dict[ActionRow, Edge]:
        """Actions that were tried here."""
        return {row: edge for row, edge in self.effects.items() if isinstance(edge, Edge)}

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
