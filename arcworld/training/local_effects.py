"""Transitions that recordings imply: an action has the same local effect wherever it applies.

An effect is an action with the pixels that it changed, and their colours before and after. If every
recorded transition agrees, the same action is taken to have the same effect in any other state of
the level whose pixels have the same colours before. Between two observed states this gives an edge
that nobody took, for example the way back from a wrong click. It is an assumption: it fails where
an effect depends on what is not on the screen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

type ActionRow = tuple[int, int, int]
"""(id, x, y) of an action."""
type MaskedState = tuple[int, bytes]
"""(level, digest of the frame without counters)."""
type Transition = tuple[MaskedState, ActionRow, MaskedState]
MOST_PIXELS = 400
"""An effect is local if it changes at most this many of the 4,096 pixels."""
MOST_EFFECTS = 300
"""The most frequent effects of a level are used, at most this many."""


def digest_of(frame: NDArray[np.uint8]) -> bytes:
    """Return the digest by which states are distinguished."""
    return blake2b(frame.tobytes(), digest_size=16).digest()


@dataclass(frozen=True, eq=False)
class Effect:
    """What an action does to the P pixels that it changes."""

    action: ActionRow
    at_P: NDArray[np.intp]
    before_P: NDArray[np.uint8]
    after_P: NDArray[np.uint8]

    @classmethod
    def of(
        cls, action: ActionRow, before: NDArray[np.uint8], after: NDArray[np.uint8]
    ) -> Effect | None:
        """Return the effect between two flat frames, or None if it is not local."""
        at_P = np.flatnonzero(before != after)
        if not 0 < len(at_P) <= MOST_PIXELS:
            return None
        return cls(action, at_P, before[at_P], after[at_P])

    @property
    def key(self) -> tuple[ActionRow, bytes]:
        """What makes two effects the same one."""
        parts = (self.at_P.tobytes(), self.before_P.tobytes(), self.after_P.tobytes())
        return self.action, b"".join(parts)

    def applies(self, frame: NDArray[np.uint8]) -> bool:
        """Return whether a flat frame has the colours that the effect starts from."""
        return bool((frame[self.at_P] == self.before_P).all())

    def apply(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a flat frame after the effect."""
        found = frame.copy()
        found[self.at_P] = self.after_P
        return found


def local_effects(
    transitions: Iterable[Transition], frames: Mapping[MaskedState, NDArray[np.uint8]]
) -> dict[int, list[Effect]]:
    """Return the effects of each level that no recorded transition contradicts.

    Args:
        transitions: those within a level.
        frames: flat frames by state, uint8 [4096].
    """
    pairs: dict[tuple[int, ActionRow], list[tuple[MaskedState, MaskedState]]] = defaultdict(list)
    for state, action, after in transitions:
        pairs[state[0], action].append((state, after))
    found: dict[int, list[tuple[int, Effect]]] = defaultdict(list)
    for (level, action), taken in pairs.items():
        shown = [(frames[state], frames[after]) for state, after in taken]
        counts: Counter[tuple[ActionRow, bytes]] = Counter()
        effects: dict[tuple[ActionRow, bytes], Effect] = {}
        for before, after in shown:
            effect = Effect.of(action, before, after)
            if effect is not None:
                counts[effect.key] += 1
                effects[effect.key] = effect
        found[level] += [(counts[k], e) for k, e in effects.items() if _is_sure(e, shown)]
    return {level: _most(counted) for level, counted in found.items()}


def _is_sure(effect: Effect, shown: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> bool:
    """Return whether the action always had the effect where it applies."""
    return all(
        np.array_equal(effect.apply(before), after)
        for before, after in shown
        if effect.applies(before)
    )


def _most(counted: list[tuple[int, Effect]]) -> list[Effect]:
    order = sorted(counted, key=lambda pair: (-pair[0], pair[1].key))
    return [effect for _, effect in order[:MOST_EFFECTS]]


def implied_transitions(
    states: Iterable[MaskedState],
    effects: Mapping[int, list[Effect]],
    frames: Mapping[MaskedState, NDArray[np.uint8]],
) -> Iterator[Transition]:
    """Yield the transitions that effects imply from some states to observed states."""
    for state in states:
        level, frame = state[0], frames[state]
        for effect in effects.get(level, ()):
            if effect.applies(frame):
                after = level, digest_of(effect.apply(frame))
                if after in frames and after != state:
                    yield state, effect.action, after
