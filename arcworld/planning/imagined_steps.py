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
from arcworld.recordings.episode import CLICK, Action, Outcome

MOST_KEPT = 4000
"""Imagined steps kept from decision to decision, the latest, and as many observed ones; each holds
a state of some 12 kB."""


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
    """One imagined step, or one that was observed.

    Attributes:
        state: None if the step is not followed: confidence is low, or nothing changes.
        guess: the predicted state, also where confidence is low.
        sure: whether confidence is high, or the game would be over.
    """

    action: Action
    state: S | None
    guess: S
    sure: bool


@dataclass(eq=False)
class ImaginedSteps[S: WorldModelState]:
    """Steps for searches, shared between hypotheses, and between decisions until the model errs.

    What was observed on the level comes before what is imagined: where a status bar ticks, no frame
    returns exactly, and a model may doubt for long what was seen to do nothing.

    Attributes:
        by_place: step by the frame it starts from (without the rim) and its action.
        observed: the same of steps of the game itself, the latest of each.
        imagined: number of steps that the model was asked for.
    """

    by_place: dict[tuple[bytes, Action], ImaginedStep[S]] = field(default_factory=dict)
    observed: dict[tuple[bytes, Action], ImaginedStep[S]] = field(default_factory=dict)
    imagined: int = 0

    @property
    def useful_clicks(self) -> tuple[Action, ...]:
        """Clicks that changed something on the level, each once, the latest first."""
        found = [a for (_, a), s in self.observed.items() if a.id == CLICK and s.state is not None]
        return tuple(dict.fromkeys(found[::-1]))

    def get(self, key: bytes, action: Action) -> ImaginedStep[S] | None:
        """The step from a place as it was observed, else as it was imagined; None: neither."""
        return self.observed.get((key, action)) or self.by_place.get((key, action))

    def after(
        self,
        model: WorldModel[S],
        state: S,
        actions: Sequence[Action],
        visible_HW: NDArray[np.bool_],
        limits: Limits,
    ) -> list[ImaginedStep[S]]:
        """Return a step for each action; the model is asked for those that are not kept."""
        key = place(state.frame_HW, visible_HW)
        fresh = [action for action in actions if self.get(key, action) is None]
        if fresh:
            self.imagined += len(fresh)
            prediction = model.predict(state, fresh)
            for k, action in enumerate(fresh):
                changed_HW = (prediction.frames_NHW[k] != state.frame_HW) & visible_HW
                self.by_place[key, action] = _judged(prediction, k, action, changed_HW, limits)
        return [step for action in actions if (step := self.get(key, action)) is not None]

    def note(
        self,
        before_HW: NDArray[np.uint8],
        action: Action,
        state: S,
        visible_HW: NDArray[np.bool_],
        *,
        continues: bool,
    ) -> None:
        """Keep a step that was observed.

        Args:
            before_HW: the frame acted in, uint8 [64, 64].
            action: the action.
            state: the state after it.
            visible_HW: pixels outside the rim, bool [64, 64].
            continues: whether the level was neither won nor lost.
        """
        key = place(before_HW, visible_HW), action
        changes = bool(((before_HW != state.frame_HW) & visible_HW).any())
        self.observed.pop(key, None)
        follows = state if continues and changes else None
        self.observed[key] = ImaginedStep(action, follows, state, sure=True)
        if len(self.observed) > MOST_KEPT:
            del self.observed[next(iter(self.observed))]

    def renew(self, surprised: bool) -> None:
        """An action was observed: forget what may be predicted otherwise now.

        Args:
            surprised: whether something else happened than was predicted. If not, the model only
                became surer, and steps that it was sure of are kept.
        """
        sure = {} if surprised else {at: s for at, s in self.by_place.items() if s.sure}
        self.by_place = dict(list(sure.items())[-MOST_KEPT:])


def place(frame_HW: NDArray[np.uint8], visible_HW: NDArray[np.bool_]) -> bytes:
    """A frame without the rim, as a key."""
    return (frame_HW * visible_HW).tobytes()


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
