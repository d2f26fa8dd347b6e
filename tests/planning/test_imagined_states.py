"""Predicted states that were never visited, and how long they are kept."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import ANY
from arcworld.planning.memory.avatar_dynamics import AvatarDynamics
from arcworld.planning.memory.graph import LevelGraph
from arcworld.planning.memory.imagined_states import BY_STATE, ImaginedStates

RIGHT = 4


def frame(x: int, y: int) -> NDArray[np.uint8]:
    """An avatar of 8x8 pixels on empty ground."""
    frame_HW = np.full((64, 64), 1, np.uint8)
    frame_HW[y : y + 8, x : x + 8] = 9
    return frame_HW


@pytest.fixture
def imagined_states() -> ImaginedStates:
    """Two states, one below the other, and a known step to the right; the cache is full at once."""
    dynamics, graph = AvatarDynamics(), LevelGraph(np.zeros((64, 64), np.bool_))
    dynamics.avatar.group, dynamics.avatar.box = (9, ANY), (0, 0, 8, 8)
    dynamics.avatar.steps = {RIGHT: (8, 0)}
    dynamics.background_HW[:] = 1
    before_HW, after_HW = frame(0, 0), frame(8, 0)
    at = dynamics.local_context(before_HW, dynamics.background(before_HW, (0, 0)), (0, 0), RIGHT)
    dynamics.observe(at, before_HW, after_HW, (0, 0), (8, 0), discovery=True)
    for y in (24, 48):
        graph.add(frame(8, y), {}).place = 8, y
    return ImaginedStates(graph, dynamics, most=0)


def imagine(imagined_states: ImaginedStates, steps: int) -> list[object]:
    """Predict this number of steps to the right from each visited state."""
    found: list[object] = []
    for number in imagined_states.graph.nodes:
        state: int | bytes | None = number
        for _ in range(steps):
            assert state is not None
            _, state = imagined_states.predict(state, RIGHT)
            found.append(state)
    return found


def test_a_step_is_predicted_in_a_state_never_visited(imagined_states: ImaginedStates) -> None:
    keys = [imagined_states.graph.key(frame(16, y)) for y in (24, 48)]
    assert imagine(imagined_states, 1) == keys


def test_the_bound_grows_with_the_level(
    imagined_states: ImaginedStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = imagine(imagined_states, BY_STATE)
    imagined_states.tidy()
    with monkeypatch.context() as patch:
        patch.delattr(AvatarDynamics, "background")  # what is kept is not worked out again
        assert imagine(imagined_states, BY_STATE) == first
    imagine(imagined_states, BY_STATE + 1)
    imagined_states.tidy()
    with monkeypatch.context() as patch:
        patch.delattr(AvatarDynamics, "background")
        with pytest.raises(AttributeError, match="background"):
            imagine(imagined_states, 1)
    assert imagine(imagined_states, BY_STATE) == first
