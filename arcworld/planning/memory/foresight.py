"""States that were never visited, but are foretold by what simple actions did elsewhere.

Knows the graph's states and the local model; joins them, and keeps what it worked out until an
effect turns out otherwise. Bounded: when too much is kept, all of it is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import Place
from arcworld.planning.memory.graph import LevelGraph, Node, unpack
from arcworld.planning.memory.local import Context, Effect, LocalModel

type State = int | bytes
"""A node by its number, or a state never visited by its key."""


@dataclass(frozen=True, slots=True)
class Imagined:
    """What a state looks like, and where its avatar stands."""

    frame_HW: NDArray[np.uint8]
    place: Place


class Foresight:
    """Where untried simple actions lead, as far as that can be told."""

    def __init__(self, graph: LevelGraph, local: LocalModel, most: int = 2000) -> None:
        self.graph, self.local = graph, local
        self._most = most
        self._imagined: dict[bytes, Imagined] = {}
        self._contexts: dict[tuple[State, int], Context] = {}
        self._targets: dict[tuple[State, int], tuple[Effect, bytes | None]] = {}

    def tidy(self) -> None:
        """Keep within bounds; call between searches."""
        if len(self._imagined) > self._most or len(self._contexts) > 20 * self._most:
            self._imagined.clear()
            self._contexts.clear()
            self._targets.clear()

    def ahead(self, state: State, action: int) -> tuple[Effect | None, State | None]:
        """What an action would do in a state in which the avatar is seen, and where it would lead.

        Returns:
            The effect, None where nothing is known; the state, None where it stays, or cannot be
            told.
        """
        at = state, action
        context = self._contexts.get(at)
        if context is None:
            seen = self._look(state)
            context = self.local.context(seen.frame_HW, seen.place, action)
            self._contexts[at] = context
        effect = self.local.effect(context)
        if effect is None or not effect.moves:
            return effect, None
        known = self._targets.get(at)
        if known is None or known[0] is not effect:
            known = effect, self._apply(self._look(state), effect)
            self._targets[at] = known
        if known[1] is None:
            return effect, None
        number = self.graph.number(known[1])
        return effect, known[1] if number is None else number

    def _look(self, state: State) -> Imagined:
        if isinstance(state, bytes):
            return self._imagined[state]
        node = self.graph.nodes[state]
        assert node.place is not None
        return Imagined(self.graph.shown(unpack(node.frame)), node.place)

    def _apply(self, seen: Imagined, effect: Effect) -> bytes | None:
        local = self.local
        after_HW = effect.apply(seen.frame_HW, local.ground_HW, local.avatar.box, seen.place)
        if after_HW is None:
            return None
        assert effect.step is not None
        key = self.graph.key(after_HW)
        place = seen.place[0] + effect.step[0], seen.place[1] + effect.step[1]
        self._imagined[key] = Imagined(after_HW, place)
        return key

    def context(self, node: Node, action: int) -> Context:
        """What the local model knows an action in a node by."""
        seen = self._look(node.number)
        return self.local.context(seen.frame_HW, seen.place, action)
