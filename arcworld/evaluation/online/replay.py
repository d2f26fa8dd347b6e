"""Replay a play to a world model: it predicts each transition, then learns from it.

This is prequential evaluation (Dawid 1984): every transition is first a test, then an example.
Rollouts are scored at the same time, with what the model has learned up to that action.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.evaluation.online.plays import DEPTHS, HORIZON, LAST_ACTION, Play, is_scored
from arcworld.models.interface import Prediction, WorldModel, faults_of
from arcworld.recordings.episode import Action, Step

COUNTS = (
    "changed", "changed_right", "unchanged", "unchanged_wrong",
    "exact", "exact_masked", "changed_masked",
)  # fmt: skip
"""Counts of one prediction: pixels, then whole frames as 0 or 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """Results of a model in one play: N scored transitions, S rollouts, 3 depths, 7 counts.

    Attributes:
        play: the replayed play.
        counts_NK: int64, see `COUNTS`.
        confidence_N: confidence in each predicted frame.
        predict_ms_N, learn_ms_N: time of `predict` and of `observe`.
        loop_exact_SD: bool, whether the frame at the depth is right, masked.
        loop_copy_SD: bool, whether that frame equals the start frame, masked.
        loop_sure_SD: float32, the lowest confidence of the steps up to the depth.
        imagine_ms_S: mean time of one imagined step.
    """

    play: Play
    counts_NK: NDArray[np.int64]
    confidence_N: NDArray[np.float32]
    predict_ms_N: NDArray[np.float64]
    learn_ms_N: NDArray[np.float64]
    loop_exact_SD: NDArray[np.bool_]
    loop_copy_SD: NDArray[np.bool_]
    loop_sure_SD: NDArray[np.float32]
    imagine_ms_S: NDArray[np.float64]


def replay(model: WorldModel[Any], play: Play) -> Replay:
    """Evaluate a new model on one play.

    Raises:
        ArcworldError: the model raised an exception, or its prediction has a wrong form; the
            message names the recording and the action.
    """
    return _Replay(model, play).run()


@dataclass(slots=True)
class _Replay:
    model: WorldModel[Any]
    play: Play
    counts: list[list[int]] = field(default_factory=list[list[int]])
    confidence: list[float] = field(default_factory=list[float])
    predict_ms: list[float] = field(default_factory=list[float])
    learn_ms: list[float] = field(default_factory=list[float])
    loops: list[_Loop] = field(default_factory=list["_Loop"])
    doing: str = ""

    def run(self) -> Replay:
        for number, episode in enumerate(self.play.episodes):
            if episode.start >= LAST_ACTION:
                break
            try:
                self._episode(number)
            except ArcworldError as error:
                raise ArcworldError(f"{self._where()}: {error}") from error
            except Exception as error:
                raise ArcworldError(
                    f"{self._where()}: the model {self.model.name!r} raised"
                    f" {type(error).__name__}: {error}; expected a result; correct the model"
                ) from error
        return self._result()

    def _where(self) -> str:
        return f"{self.play.source}, {self.doing}"

    def _episode(self, number: int) -> None:
        episode, model = self.play.episodes[number], self.model
        starts = set(self.play.starts_S.tolist())
        self.doing = f"action {episode.start}, reset()"
        state = model.reset(episode.frames_THW[0], episode.available_actions(0))
        for t, step in enumerate(episode.steps()):
            if episode.start + t >= LAST_ACTION:
                return
            self.doing = f"action {episode.start + t} ({step.action.name}), predict()"
            scored = is_scored(episode, t)
            if scored:
                if len(self.counts) in starts:
                    self.loops.append(self._loop(state, number, t))
                self._predict(state, step)
            self.doing = f"action {episode.start + t} ({step.action.name}), observe()"
            began = time.perf_counter()
            state = model.observe(state, step)
            if scored:
                self.learn_ms.append((time.perf_counter() - began) * 1e3)

    def _ask(self, state: Any, action: Action) -> tuple[Prediction[Any], float]:
        began = time.perf_counter()
        prediction = self.model.predict(state, [action])
        spent = (time.perf_counter() - began) * 1e3
        faults = faults_of(prediction, 1)
        if faults:
            raise ArcworldError(f"model {self.model.name!r}: {'; '.join(faults)}; correct it")
        return prediction, spent

    def _predict(self, state: Any, step: Step) -> None:
        prediction, spent = self._ask(state, step.action)
        self.predict_ms.append(spent)
        self.confidence.append(float(prediction.confidence_N[0]))
        self.counts.append(self._count(step, prediction.frames_NHW[0]))

    def _count(self, step: Step, predicted_HW: NDArray[np.uint8]) -> list[int]:
        changed_HW = step.frame_HW != step.next_frame_HW
        wrong_HW = predicted_HW != step.next_frame_HW
        changed, wrong = int(np.count_nonzero(changed_HW)), int(np.count_nonzero(wrong_HW))
        missed = int(np.count_nonzero(wrong_HW & changed_HW))
        counted_HW = self.play.counted_HW
        return [
            changed,
            changed - missed,
            changed_HW.size - changed,
            wrong - missed,
            int(wrong == 0),
            int(not (wrong_HW & counted_HW).any()),
            int((changed_HW & counted_HW).any()),
        ]

    def _loop(self, state: Any, number: int, t: int) -> _Loop:
        """Roll out the true actions from `state`; the model sees none of the true frames."""
        episode, counted_HW = self.play.episodes[number], self.play.counted_HW
        exact, copied, sure = [], [], []
        lowest, spent = 1.0, 0.0
        for depth in range(1, HORIZON + 1):
            prediction, ms = self._ask(state, episode.action(t + depth - 1))
            state, spent = prediction.states[0], spent + ms
            lowest = min(lowest, float(prediction.confidence_N[0]))
            if depth in DEPTHS:
                true_HW = episode.frames_THW[t + depth][counted_HW]
                exact.append(np.array_equal(prediction.frames_NHW[0][counted_HW], true_HW))
                copied.append(np.array_equal(episode.frames_THW[t][counted_HW], true_HW))
                sure.append(lowest)
        return _Loop(exact, copied, sure, spent / HORIZON)

    def _result(self) -> Replay:
        return Replay(
            play=self.play,
            counts_NK=np.array(self.counts, np.int64).reshape(-1, len(COUNTS)),
            confidence_N=np.array(self.confidence, np.float32),
            predict_ms_N=np.array(self.predict_ms),
            learn_ms_N=np.array(self.learn_ms),
            loop_exact_SD=_stack([loop.exact for loop in self.loops], np.bool_),
            loop_copy_SD=_stack([loop.copied for loop in self.loops], np.bool_),
            loop_sure_SD=_stack([loop.sure for loop in self.loops], np.float32),
            imagine_ms_S=np.array([loop.ms for loop in self.loops]),
        )


@dataclass(frozen=True, slots=True)
class _Loop:
    """One rollout. By depth: frame right, frame unchanged, confidence; and ms per step."""

    exact: list[bool]
    copied: list[bool]
    sure: list[float]
    ms: float


def _stack[T: np.generic](rows: list[Any], dtype: type[T]) -> NDArray[T]:
    return np.array(rows, dtype).reshape(-1, len(DEPTHS))
