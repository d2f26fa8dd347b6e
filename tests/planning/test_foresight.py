"""What is foretold of states never visited, and how long it is kept."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import ANY
from arcworld.planning.memory.foresight import BY_STATE, Foresight
from arcworld.planning.memory.graph import LevelGraph
from arcworld.planning.memory.local import LocalModel

RIGHT = 4


def frame(x: int, y: int) -> NDArray[np.uint8]:
    """An avatar of 8x8 pixels on bare ground."""
    frame_HW = np.full((64, 64), 1, np.uint8)
    frame_HW[y : y + 8, x : x + 8] = 9
    return frame_HW


@pytest.fixture
def foresight() -> Foresight:
    """Two states, one below the other, and a step to the right that is known; no room beyond."""
    local, graph = LocalModel(), LevelGraph(np.zeros((64, 64), np.bool_))
    local.avatar.group, local.avatar.box = (9, ANY), (0, 0, 8, 8)
    local.avatar.steps = {RIGHT: (8, 0)}
    local.ground_HW[:] = 1
    before_HW, after_HW = frame(0, 0), frame(8, 0)
    at = local.situation(before_HW, local.scene(before_HW, (0, 0)), (0, 0), RIGHT)
    local.observe(at, before_HW, after_HW, (0, 0), (8, 0), news=True)
    for y in (24, 48):
        graph.add(frame(8, y), {}).place = 8, y
    return Foresight(graph, local, most=0)


def imagine(foresight: Foresight, steps: int) -> list[object]:
    """Where so many steps to the right lead from each state that was visited."""
    found: list[object] = []
    for number in foresight.graph.nodes:
        state: int | bytes | None = number
        for _ in range(steps):
            assert state is not None
            _, state = foresight.ahead(state, RIGHT)
            found.append(state)
    return found


def test_a_step_is_foretold_where_nobody_was(foresight: Foresight) -> None:
    keys = [foresight.graph.key(frame(16, y)) for y in (24, 48)]
    assert imagine(foresight, 1) == keys


def test_as_much_is_kept_as_the_level_is_large(
    foresight: Foresight, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = imagine(foresight, BY_STATE)
    foresight.tidy()
    with monkeypatch.context() as patch:
        patch.delattr(LocalModel, "scene")  # what is kept is not worked out again
        assert imagine(foresight, BY_STATE) == first
    imagine(foresight, BY_STATE + 1)
    foresight.tidy()
    with monkeypatch.context() as patch:
        patch.delattr(LocalModel, "scene")
        with pytest.raises(AttributeError, match="scene"):
            imagine(foresight, 1)
    assert imagine(foresight, BY_STATE) == first
