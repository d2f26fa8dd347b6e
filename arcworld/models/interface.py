"""The interface of world models, as planning, evaluation, environments and agents use it.

A `WorldModel` is a model of one game at a time. It has two jobs, kept apart:

- `predict` answers "what would follow from each of these actions?". It is pure: it changes nothing,
  and the same call returns the same result.
- `observe` learns from one true transition. It is the only method that may change the model.

A *state* is what the model needs to predict from a moment of play: the frame, and its own context
(a history of codes, a hidden counter). States are immutable values, cheap to keep and safe to
share. A search holds thousands of them and continues from any.

A play in which the model learns online looks like this:

    model = MyModel(seed=0)
    state = model.reset(first_frame_HW, available_actions)
    for step in steps:                                  # recordings.episode.Step
        prediction = model.predict(state, [step.action])
        state = model.observe(state, step)              # the state of step.next_frame_HW

and a search in imagination like this:

    prediction = model.predict(state, actions)
    deeper = model.predict(prediction.states[0], actions)

`arcworld.models.conformance.check_world_model` tests an implementation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import SIDE, Action, Outcome, Step

SURE = 0.9
"""A prediction with this frame confidence or more is called sure, in measures and in plans."""


class WorldModelState(Protocol):
    """What every state must have; the rest is the model's own."""

    @property
    def frame_HW(self) -> NDArray[np.uint8]:
        """The frame of the state, observed or imagined: uint8 [64, 64], colours 0-15."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Prediction[State: WorldModelState]:
    """What follows from each of N actions taken in one state.

    Attributes:
        frames_NHW: uint8 [N, 64, 64], the next frame.
        confidence_N: float32 [N] in 0-1, the probability that the whole next frame is right, status
            bars left out. Calibrated: of predictions with 0.9, 90 % should be right.
        outcomes_NO: float32 [N, 3], the probability of each `Outcome`; rows sum to 1.
        states: N imagined states, one behind each action; `predict` accepts them.
        pixel_confidence_NHW: float32 [N, 64, 64] in 0-1, the probability that the pixel is right;
            None where the model does not estimate it.

    >>> run = arcworld.from_pretrained("small")
    >>> episode = arcworld.load_dataset("demos").episodes[0]
    >>> prediction = run.predict(episode.frames_THW[0], episode.action(0))
    >>> len(prediction), prediction.frame_HW.shape, prediction.outcomes_NO.shape
    (1, (64, 64), (1, 3))
    """

    frames_NHW: NDArray[np.uint8]
    confidence_N: NDArray[np.float32]
    outcomes_NO: NDArray[np.float32]
    states: tuple[State, ...]
    pixel_confidence_NHW: NDArray[np.float32] | None = None

    @property
    def frame_HW(self) -> NDArray[np.uint8]:
        """The next frame after the first action: uint8 [64, 64]."""
        return self.frames_NHW[0]

    def __len__(self) -> int:
        """The number of actions."""
        return len(self.frames_NHW)


class WorldModel[State: WorldModelState](Protocol):
    """A model of one game at a time; make a new one for each play.

    Constructors take `seed: int = 0` as a keyword and have defaults for everything else. The same
    seed and the same calls give the same predictions, in any process.

    Attributes:
        name: a short name for tables and messages.
    """

    name: str

    def reset(self, frame_HW: NDArray[np.uint8], available_actions: Sequence[int] = ()) -> State:
        """Return the state of a new scene that no known transition led to.

        Called when a game is opened and after a full reset. What was learned stays; history and
        everything else that belongs to the old scene is dropped.

        Args:
            frame_HW: uint8 [64, 64].
            available_actions: ids that the game offers, without RESET; empty where unknown.
        """
        ...

    def observe(self, state: State, step: Step) -> State:
        """Learn from one true transition, and return the state of its next frame.

        Also called for RESET, for actions that won a level and for those that ended the game. Those
        lead to a new scene: the model may learn their outcome, but no rule about pixels from them.

        Args:
            state: where the transition began; `state.frame_HW` equals `step.frame_HW`.
            step: frame, action, outcome, next frame.
        """
        ...

    def predict(self, state: State, actions: Sequence[Action]) -> Prediction[State]:
        """Predict what follows from each action, each taken in `state`. Pure: nothing is learned.

        Args:
            state: returned by `reset` or `observe`, or imagined (`Prediction.states`).
            actions: one or more. RESET may be among them; no model is asked to be right about it.
        """
        ...


class WorldModelFactory[State: WorldModelState](Protocol):
    """Makes a model for each play; usually the class itself."""

    def __call__(self, *, seed: int = 0) -> WorldModel[State]:
        """Return a model that has learned nothing of this play."""
        ...


def make_prediction[State: WorldModelState](
    states: Sequence[State],
    confidence: float | Sequence[float] = 0.0,
    outcomes_NO: NDArray[np.float32] | None = None,
    pixel_confidence_NHW: NDArray[np.float32] | None = None,
) -> Prediction[State]:
    """Return a prediction whose frames are those of the imagined states.

    Args:
        states: one for each action.
        confidence: one for all predictions, or one for each.
        outcomes_NO: None says that nothing but the frame changes.
        pixel_confidence_NHW: as in `Prediction`.
    """
    if outcomes_NO is None:
        outcomes_NO = np.zeros((len(states), len(Outcome)), dtype=np.float32)
        outcomes_NO[:, Outcome.NOTHING] = 1
    return Prediction(
        frames_NHW=np.stack([state.frame_HW for state in states]),
        confidence_N=np.broadcast_to(np.asarray(confidence, np.float32), (len(states),)),
        outcomes_NO=outcomes_NO,
        states=tuple(states),
        pixel_confidence_NHW=pixel_confidence_NHW,
    )


def faults_of[State: WorldModelState](prediction: Prediction[State], actions: int) -> list[str]:
    """Return what is wrong with the form of a prediction for `actions` actions; empty if nothing.

    Each fault is "found ..., expected ...". Checked in about 20 us for one action.
    """
    frames, confidence = prediction.frames_NHW, prediction.confidence_N
    outcomes, pixels = prediction.outcomes_NO, prediction.pixel_confidence_NHW
    shape = (actions, SIDE, SIDE)
    faults = [
        _form("frames_NHW", frames, np.uint8, shape),
        _form("confidence_N", confidence, np.float32, (actions,)),
        _form("outcomes_NO", outcomes, np.float32, (actions, len(Outcome))),
        None if pixels is None else _form("pixel_confidence_NHW", pixels, np.float32, shape),
    ]
    if len(prediction.states) != actions:
        faults.append(f"found {len(prediction.states)} states, expected {actions}")
    if not any(faults):
        faults = [
            None if frames.max() < 16 else f"found colour {frames.max()}, expected 0-15",
            _range("confidence_N", confidence),
            _range("outcomes_NO", outcomes),
            None if pixels is None else _range("pixel_confidence_NHW", pixels),
        ]
        if np.abs(outcomes.sum(1) - 1).max() > 1e-3:
            faults.append(f"found outcomes_NO that sum to {outcomes.sum(1)[0]:.3f}, expected 1")
    return [fault for fault in faults if fault]


def _form(
    name: str, array: NDArray[np.generic], dtype: type[np.generic], shape: tuple[int, ...]
) -> str | None:
    if getattr(array, "dtype", None) == dtype and array.shape == shape:
        return None
    found = (getattr(array, "dtype", type(array).__name__), getattr(array, "shape", ""))
    return f"found {name} of {found[0]} {found[1]}, expected {dtype.__name__} {shape}"


def _range(name: str, array: NDArray[np.float32]) -> str | None:
    low, high = float(array.min()), float(array.max())
    if low >= 0 and high <= 1 + 1e-5:
        return None
    return f"found {name} from {low:.3g} to {high:.3g}, expected 0-1"
