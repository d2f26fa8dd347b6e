"""The test of the world-model interface: good models pass, and each violation is reported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from arcworld.evaluation.online.baselines import (
    BASELINES,
    CopyModel,
    FrameState,
    LastEffectModel,
    LookupModel,
)
from arcworld.models.conformance import check_world_model, made_up_steps
from arcworld.models.interface import Prediction, faults_of, make_prediction
from arcworld.recordings.episode import Action, Outcome, Step


@pytest.mark.parametrize("model", BASELINES)
def test_baselines_keep_the_interface(model: Any) -> None:
    assert check_world_model(model) == check_world_model(model)


def test_predictions_are_the_same_in_another_process() -> None:
    code = (
        "from arcworld.evaluation.online.baselines import LastEffectModel\n"
        "from arcworld.models.conformance import check_world_model\n"
        "import sys\n"
        "print(check_world_model(LastEffectModel), 'torch' in sys.modules)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {f"{check_world_model(LastEffectModel)} False\n"}


class Learns(LookupModel):
    """`predict` learns: the second answer differs from the first."""

    def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
        prediction = super().predict(state, actions)
        for action in actions:
            self._next[state.frame_HW.tobytes(), action] = state
        return prediction


class Draws(CopyModel):
    """Draws numbers that no seed sets."""

    def __init__(self, seed: int = 0) -> None:
        self._confidence = float(np.random.default_rng().random())

    def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
        return make_prediction([state] * len(actions), self._confidence)


class Writes(CopyModel):
    """Writes into the state that it is given."""

    def predict(self, state: Any, actions: Sequence[Action]) -> Prediction[Any]:
        prediction = super().predict(FrameState(state.frame_HW.copy()), actions)
        state.frame_HW[0, 0] ^= 1
        return prediction


class Stays(CopyModel):
    """Ignores the true next frame."""

    def observe(self, state: FrameState, step: Step) -> FrameState:
        return state


class Mixes(CopyModel):
    """Predicts by the index of the action in the batch."""

    def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
        frames = [np.roll(state.frame_HW, number, 0) for number in range(len(actions))]
        return make_prediction([FrameState(frame) for frame in frames])


class Wide(CopyModel):
    """Returns a confidence of the wrong dtype."""

    def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
        wrong: Any = np.zeros(len(actions))
        return replace(super().predict(state, actions), confidence_N=wrong)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Learns, "the same question got two answers"),
        (Draws, "two instances differ"),
        (Writes, "two answers|changed its state"),
        (Stays, "another frame than the next one"),
        (Mixes, "alone and among others"),
        (Wide, "confidence_N of float64"),
    ],
)
def test_a_violation_is_named_with_its_step(model: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=f"^step .*({message})"):
        check_world_model(model)


def test_made_up_steps_hold_every_kind_of_scene_change() -> None:
    steps = list(made_up_steps())
    assert {step.outcome for step in steps} == set(Outcome)
    assert sum(step.action.id == 0 for step in steps) == 2
    jumps = [
        number
        for number, (a, b) in enumerate(pairwise(steps))
        if not np.array_equal(a.next_frame_HW, b.frame_HW)
    ]
    assert len(jumps) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames_NHW": np.zeros((1, 64, 64), np.int64)}, "frames_NHW of int64"),
        ({"frames_NHW": np.full((2, 64, 64), 16, np.uint8)}, "colour 16"),
        ({"confidence_N": np.array([0, np.nan], np.float32)}, "confidence_N from nan"),
        ({"outcomes_NO": np.ones((2, 3), np.float32)}, "sum to 3.000"),
        ({"states": ()}, "0 states"),
        ({"pixel_confidence_NHW": np.full((2, 64, 64), 2, np.float32)}, "pixel_confidence_NHW"),
    ],
)
def test_faults_name_what_was_found_and_expected(change: dict[str, Any], message: str) -> None:
    good = make_prediction([FrameState(np.zeros((64, 64), np.uint8))] * 2, 0.5)
    assert faults_of(good, 2) == []
    faults = faults_of(replace(good, **change), 2)
    assert any(message in fault and "expected" in fault for fault in faults), faults
