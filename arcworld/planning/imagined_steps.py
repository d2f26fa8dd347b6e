"""Imagined steps of a search: what a world model predicts, and which steps may be followed.

The confidence of a step is that of the pixels it changes outside the rim, so that a status bar does
not lower it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcworld.models.interface import Prediction, WorldModel, WorldModelState
from arcworld.recordings.episode import Action, Outcome

MOST_KEPT = 4000
"""Imagined steps kept from decision to decision, the latest; each holds a state of some 12 kB."""


@dataclass(frozen=True)
class Limits:
    """Which steps are followed.

    Attributes:
        sure: minimum confidence of a step.
        deadly: a step with this probability of game over is not taken.
    """

    sure: float = 0.7
    deadly: float = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class ImaginedStep[S]:
    """One imagined step.

    Attributes:
        state: None if the step is not followed: confidence is low, or no change is predicted.
        guess: the predicted state, also where confidence is low.
        sure: whether confidence is high, or the game would be over.
    """

    action: Action
    state: S | None
    guess: S
    sure: bool


@dataclass(eq=False)
class ImaginedSteps[S: WorldModelState]:
    """Imagined steps, shared between hypotheses, and between decisions until the model errs.

    Attributes:
        by_place: step by the frame it starts from (without the rim) and its action.
        imagined: number of steps that the model was asked for.
    """

    by_place: dict[tuple[bytes, Action], ImaginedStep[S]] = field(default_factory=dict)
    imagined: int = 0

    def after(
        self,
        model: WorldModel[S],
        state: S,
        actions: Sequence[Action],
        visible_HW: NDArray[np.bool_],
        limits: Limits,
    ) -> list[ImaginedStep[S]]:
        """Return a step for each action; those that were imagined before are kept."""
        steps, key = self.by_place, place(state, visible_HW)
        fresh = [action for action in actions if (key, action) not in steps]
        if fresh:
            self.imagined += len(fresh)
            prediction = model.predict(state, fresh)
            for k, action in enumerate(fresh):
                changed_HW = (prediction.frames_NHW[k] != state.frame_HW) & visible_HW
                steps[key, action] = _judged(prediction, k, action, changed_HW, limits)
        return [steps[key, action] for action in actions]

    def renew(self, surprised: bool) -> None:
        """An action was observed: forget what may be predicted otherwise now.

        Args:
            surprised: whether something else happened than was predicted. If not, the model only
                became surer, and steps that it was sure of are kept.
        """
        sure = {} if surprised else {at: s for at, s in self.by_place.items() if s.sure}
        self.by_place = dict(list(sure.items())[-MOST_KEPT:])


def place(state: WorldModelState, visible_HW: NDArray[np.bool_]) -> bytes:
    """The frame of a state without the rim, as a key."""
    return (state.frame_HW * visible_HW).tobytes()


def _judged[S: WorldModelState](
    prediction: Prediction[S], k: int, action: Action, changed_HW: NDArray[np.bool_], limits: Limits
) -> ImaginedStep[S]:
    """The step of prediction `k`: whether it is sure, and whether it is followed."""
    confidence = float(prediction.confidence_N[k])
    if prediction.pixel_confidence_NHW is not None and changed_HW.any():
        confidence = float(prediction.pixel_confidence_NHW[k][changed_HW].mean())
    sure = confidence >= limits.sure
    deadly = prediction.outcomes_NO[k, Outcome.GAME_OVER] >= limits.deadly
    goes = sure and not deadly and bool(changed_HW.any())
    guess = prediction.states[k]
    return ImaginedStep(action, guess if goes else None, guess, sure or deadly)
