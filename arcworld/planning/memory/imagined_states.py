"""States that were never visited, predicted from effects that simple actions had elsewhere.

Predictions are cached until an effect turns out to be different. The cache is bounded: when it is
full, all of it is dropped. A search over many states needs many predictions, so the bound grows
with the number of visited states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import Place
from arcworld.planning.memory.avatar_dynamics import AvatarDynamics
from arcworld.planning.memory.effect import Effect
from arcworld.planning.memory.graph import LevelGraph
from arcworld.planning.memory.local_context import Background, LocalContext
from arcworld.planning.memory.node import Node, unpack_frame

type StateKey = int | bytes
"""A visited state by its node number, or a predicted state by its hash."""
BY_STATE = 4
"""Imagined states kept for each visited state, if that is more than the minimum."""


@dataclass(frozen=True, slots=True)
class Imagined:
    """Frame of a state, position of its avatar, and hash of its background."""

    frame_HW: NDArray[np.uint8]
    place: Place
    background: Background


class ImaginedStates:
    """Predicted targets of untried simple actions."""

    def __init__(self, graph: LevelGraph, dynamics: AvatarDynamics, most: int = 2000) -> None:
        self.graph, self.dynamics = graph, dynamics
        self._most = most
        self._imagined: dict[bytes, Imagined] = {}
        self._local_contexts: dict[tuple[StateKey, int], LocalContext] = {}
        self._backgrounds: dict[int, Background] = {}
        self._visited: set[Background] = set()
        self._targets: dict[tuple[StateKey, int], tuple[Effect, bytes | None]] = {}

    def tidy(self) -> None:
        """Keep within bounds; call between searches."""
        most = max(self._most, BY_STATE * len(self.graph))
        if len(self._imagined) > most or len(self._local_contexts) > 20 * most:
            self._imagined.clear()
            self._local_contexts.clear()
            self._backgrounds.clear()
            self._targets.clear()

    def visit(self, node: Node) -> bool:
        """Note that a state was visited; return whether its background was never seen before."""
        if node.place is None:
            return False
        before = len(self._visited)
        self._visited.add(self._look(node.number).background)
        return len(self._visited) > before

    def is_new_background(self, state: StateKey) -> bool:
        """Whether the background of a state was never seen on this level."""
        return self._look(state).background not in self._visited

    def predict(self, state: StateKey, action: int) -> tuple[Effect | None, StateKey | None]:
        """Predict the effect of an action in a state in which the avatar is visible.

        Returns:
            The effect observed in this context, or None. The state that it leads to, by this effect
            or by the usual one; None if the state stays the same or cannot be predicted.
        """
        at, local_context = (state, action), self.local_context(state, action)
        observed = self.dynamics.effect(local_context)
        effect = self.dynamics.predicted(local_context)
        if effect is None or not effect.moves:
            return observed, None
        known = self._targets.get(at)
        if known is None or known[0] is not effect:
            known = effect, self._apply(self._look(state), effect)
            self._targets[at] = known
        if known[1] is None:
            return observed, None
        number = self.graph.number(known[1])
        return observed, known[1] if number is None else number

    def _look(self, state: StateKey) -> Imagined:
        if isinstance(state, bytes):
            return self._imagined[state]
        node = self.graph.nodes[state]
        assert node.place is not None
        shown_HW = self.graph.shown(unpack_frame(node.frame))
        background = self._backgrounds.get(state)
        if background is None:
            background = self._backgrounds[state] = self.dynamics.background(shown_HW, node.place)
        return Imagined(shown_HW, node.place, background)

    def _apply(self, known: Imagined, effect: Effect) -> bytes | None:
        dynamics = self.dynamics
        after_HW = effect.apply(
            known.frame_HW, dynamics.background_HW, dynamics.avatar.box, known.place
        )
        if after_HW is None:
            return None
        assert effect.step is not None
        key = self.graph.key(after_HW)
        place = known.place[0] + effect.step[0], known.place[1] + effect.step[1]
        self._imagined[key] = Imagined(after_HW, place, self.dynamics.background(after_HW, place))
        return key

    def local_context(self, state: StateKey, action: int) -> LocalContext:
        """Context of an action in a state."""
        at = state, action
        found = self._local_contexts.get(at)
        if found is None:
            known = self._look(state)
            found = self.dynamics.local_context(
                known.frame_HW, known.background, known.place, action
            )
            self._local_contexts[at] = found
        return found
