"""Baselines of online evaluation, and reference implementations of the `WorldModel` interface.

- `CopyModel`: nothing changes.
- `LookupModel`: the same action in the same frame leads to the same frame as it did before.
- `LastEffectModel`: an action does again what it did the last time. The effect of a click belongs
  to the colour and shape of the clicked object, and moves to where that object is now.

A model that learns something general must beat all three. None of them depends on the seed.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.models.interface import Prediction, make_prediction
from arcworld.planning.memory.objects import Objects, find_objects
from arcworld.recordings.episode import CLICK, RESET, SIDE, Action, Outcome, Step

type EffectKey = tuple[int, ...]
"""The action's id; of a click also the colour and shape hash of the clicked object."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameState:
    """A state that consists of its frame only, uint8 [64, 64]."""

    frame_HW: NDArray[np.uint8]


def changes_scene(step: Step) -> bool:
    """Whether a transition leads to another scene: RESET, a level won, the game over."""
    return step.action.id == RESET or step.outcome != Outcome.NOTHING


class CopyModel:
    """Predicts that nothing changes. Learns nothing; its confidence is always 0."""

    name = "copy"

    def __init__(self, seed: int = 0) -> None:
        del seed

    def reset(
        self, frame_HW: NDArray[np.uint8], available_actions: Sequence[int] = ()
    ) -> FrameState:
        """Return the frame as a state."""
        return FrameState(frame_HW)

    def observe(self, state: FrameState, step: Step) -> FrameState:
        """Return the next frame as a state."""
        return FrameState(step.next_frame_HW)

    def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
        """Predict that nothing changes."""
        return make_prediction([state] * len(actions))


class LookupModel:
    """Remembers every transition exactly; predicts no change for a new frame and action.

    The confidence is 1.0 for a known frame and action, else 0. It is wrong there only if the game
    has hidden state.
    """

    name = "lookup"

    def __init__(self, seed: int = 0) -> None:
        del seed
        self._next: dict[tuple[bytes, Action], FrameState] = {}

    def reset(
        self, frame_HW: NDArray[np.uint8], available_actions: Sequence[int] = ()
    ) -> FrameState:
        """Return the frame as a state."""
        return FrameState(frame_HW)

    def observe(self, state: FrameState, step: Step) -> FrameState:
        """Remember the transition, unless it leads to another scene."""
        after = FrameState(step.next_frame_HW)
        if not changes_scene(step):
            self._next[step.frame_HW.tobytes(), step.action] = after
        return after

    def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
        """Predict what followed the last time."""
        key = state.frame_HW.tobytes()
        found = [self._next.get((key, action)) for action in actions]
        confidence = [float(one is not None) for one in found]
        return make_prediction([one or state for one in found], confidence)


@dataclass(frozen=True, slots=True, eq=False)
class _Effect:
    """Changed pixels, relative to an origin, and their new colours."""

    y_P: NDArray[np.intp]
    x_P: NDArray[np.intp]
    colours_P: NDArray[np.uint8]


class LastEffectModel:
    """Repeats the last effect of the same action, or of a click on an object of equal appearance.

    The confidence is the share of right predictions so far, per action or object appearance
    (Laplace's rule of succession).
    """

    name = "last effect"

    def __init__(self, seed: int = 0) -> None:
        del seed
        self._effects: dict[EffectKey, _Effect] = {}
        self._right: dict[EffectKey, tuple[int, int]] = {}

    def reset(
        self, frame_HW: NDArray[np.uint8], available_actions: Sequence[int] = ()
    ) -> FrameState:
        """Return the frame as a state."""
        return FrameState(frame_HW)

    def observe(self, state: FrameState, step: Step) -> FrameState:
        """Remember the effect in place of the last one, unless the step leads to another scene."""
        after = FrameState(step.next_frame_HW)
        if changes_scene(step):
            return after
        key, y, x = _key_and_origin(step.frame_HW, step.action)
        predicted_HW = self._apply(step.frame_HW, key, y, x)
        right, tries = self._right.get(key, (0, 0))
        was_right = np.array_equal(predicted_HW, step.next_frame_HW)
        self._right[key] = right + was_right, tries + 1
        changed_y, changed_x = np.nonzero(step.frame_HW != step.next_frame_HW)
        colours = step.next_frame_HW[changed_y, changed_x]
        self._effects[key] = _Effect(changed_y - y, changed_x - x, colours)
        return after

    def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
        """Predict the last effect; its pixels outside the frame are dropped."""
        keys = [_key_and_origin(state.frame_HW, action) for action in actions]
        states = [FrameState(self._apply(state.frame_HW, *key)) for key in keys]
        return make_prediction(states, [self._confidence(key) for key, _, _ in keys])

    def _confidence(self, key: EffectKey) -> float:
        right, tries = self._right.get(key, (0, 0))
        return (right + 1) / (tries + 2)

    def _apply(
        self, frame_HW: NDArray[np.uint8], key: EffectKey, y: int, x: int
    ) -> NDArray[np.uint8]:
        effect = self._effects.get(key)
        if effect is None:
            return frame_HW
        y_P, x_P = effect.y_P + y, effect.x_P + x
        inside = (y_P >= 0) & (y_P < SIDE) & (x_P >= 0) & (x_P < SIDE)
        after_HW = frame_HW.copy()
        after_HW[y_P[inside], x_P[inside]] = effect.colours_P[inside]
        return after_HW


def _key_and_origin(frame_HW: NDArray[np.uint8], action: Action) -> tuple[EffectKey, int, int]:
    """The key of an effect, and the pixel (y, x) that its coordinates are relative to."""
    if action.id != CLICK:
        return (action.id,), 0, 0
    assert action.x is not None and action.y is not None
    objects = _objects(frame_HW.tobytes())
    number = objects.at(action.x, action.y)
    key = (action.id, *objects.group(number))
    return key, int(objects.top_N[number]), int(objects.left_N[number])


@functools.lru_cache(maxsize=64)
def _objects(frame: bytes) -> Objects:
    """Objects of a frame, cached: each transition needs them twice, at about 1 ms per frame."""
    return find_objects(np.frombuffer(frame, np.uint8).reshape(SIDE, SIDE))


BASELINES = (CopyModel, LookupModel, LastEffectModel)
"""Evaluated together with every model."""
