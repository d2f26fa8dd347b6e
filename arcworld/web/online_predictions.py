"""The online model's predictions for a frame or a step, with the claims behind them.

Every step is predicted from the true frame before it, and learned only then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.tokenizer import GRID
from arcworld.models.interface import Prediction
from arcworld.online.claims import Claim
from arcworld.online.model import OnlineWorldModel
from arcworld.online.scene import OnlineState
from arcworld.planning.candidates import Candidates
from arcworld.recordings.episode import CLICK, RESET, SIDE, Action, Outcome, Step
from arcworld.web.predictions import ActionScores, StepPredictions, rounded
from arcworld.web.recording_view import RecordingView

MOST_CLAIMS = 8
"""Claims in one answer; those that change something come first."""
LEAST = 1e-3
"""Probabilities are kept away from 0 and 1 by this, so that a surprise is finite."""


@dataclass(frozen=True, eq=False)
class OnlineStepPredictions(StepPredictions):
    """Predictions for a step, made before it was learned.

    `surprise_C` is the surprise of the most surprising pixel in each cell. `nats` is the surprise
    that the frame was right, or that it was wrong, by its confidence.

    Attributes:
        confidence: probability that the whole frame is right, status bars left out.
        right: whether it was; None for actions that reset, won a level or lost the game.
        claims: see `claims_view`.
    """

    confidence: float
    right: bool | None
    claims: dict[str, Any]

    @property
    def nats(self) -> float:
        """The surprise of the frame; 0 for a step that is not scored."""
        if self.right is None:
            return 0.0
        return float(_nats(self.confidence if self.right else 1 - self.confidence))

    def as_view(self) -> dict[str, Any]:
        """Plain JSON types."""
        own = {"confidence": rounded(self.confidence), "right": self.right}
        return super().as_view() | own | self.claims


class OnlineRecording:
    """A model that learns a recording step by step.

    Args:
        recording_view: the recording; `predict` is called once for each of its steps, in order.
    """

    def __init__(self, recording_view: RecordingView) -> None:
        self._recording_view = recording_view
        self._model = OnlineWorldModel()
        self._state: OnlineState | None = None

    def predict(self, number: int) -> OnlineStepPredictions:
        """Predict one step, then learn it."""
        episode, t = self._recording_view.at(number)
        model, action, available = self._model, episode.action(t), episode.available_actions(t)
        frames = episode.frames_THW
        if t == 0 or self._state is None:
            self._state = model.reset(frames[t], available)
        state = replace(self._state, available=available)
        step = Step(frames[t], action, Outcome(int(episode.outcomes_A[t])), frames[t + 1])
        prediction = model.predict(state, [action])
        claims = model.explain(state, action) if action.id != RESET else []
        scores = score_online(model, state, available)
        self._state = model.observe(state, step)
        scored = action.id != RESET and step.outcome == Outcome.NOTHING
        right = not model.surprised if scored else None
        truth = step.next_frame_HW if scored else None
        return OnlineStepPredictions(
            prediction.frame_HW,
            _surprise(prediction, step.next_frame_HW),
            prediction.outcomes_NO[0],
            scores,
            float(prediction.confidence_N[0]),
            right,
            claims_view(claims, truth),
        )


def score_online(
    model: OnlineWorldModel, state: OnlineState, available: Collection[int]
) -> ActionScores:
    """Scores of the actions that are no clicks; the confidence takes the policy's place."""
    candidates = Candidates.legal([kind for kind in available if kind != CLICK])
    if not len(candidates):
        return ActionScores(candidates, np.zeros(0, np.float32), np.zeros(0))
    made = model.predict(state, [Action(int(kind)) for kind in candidates.types_N])
    return ActionScores(
        candidates, made.outcomes_NO[:, Outcome.LEVEL_WON], made.confidence_N.astype(np.float64)
    )


def claims_view(claims: Sequence[Claim], truth_HW: NDArray[np.uint8] | None) -> dict[str, Any]:
    """The first claims as plain JSON types, and how many more there are.

    Args:
        claims: behind one predicted frame.
        truth_HW: the true frame, to say which claims were right; None where there is none.
    """
    ordered = sorted(claims, key=lambda claim: claim.verb == "stay")
    flat = None if truth_HW is None else truth_HW.reshape(-1)
    shown = [_claim_view(claim, flat) for claim in ordered[:MOST_CLAIMS]]
    return {"claims": shown, "more_claims": len(ordered) - len(shown)}


def _claim_view(claim: Claim, truth: NDArray[np.uint8] | None) -> dict[str, Any]:
    return {
        "expert": claim.expert,
        "says": words_of(claim),
        "rule": claim.rule,
        "trust": rounded(claim.trust),
        "box": list(box_of(claim)),
        "right": None if truth is None else claim.holds(truth),
    }


VERBS = {
    "stay": "does not change",
    "vanish": "vanishes",
    "recolour": "changes colour",
    "rewrite": "is redrawn as seen before",
    "tick": "status bar advances",
}


def words_of(claim: Claim) -> str:
    """What a claim says.

    >>> pixels = np.arange(3)
    >>> words_of(Claim("objects", "ahead", "move", 0.9, pixels, pixels, movers=((7, 0, 0, 5, 0),)))
    'moves 5 down (3 pixels at 0, 0)'
    >>> words_of(Claim("bars", "time", "tick", 0.5, pixels, pixels[:1]))
    'status bar advances (1 pixel at 0, 0)'
    """
    x, y, _, _ = box_of(claim)
    size = len(claim.region)
    what = VERBS.get(claim.verb, claim.verb)
    if claim.movers:
        dy, dx = claim.movers[0][3:]
        ways = [(dy, "down", "up"), (dx, "right", "left")]
        what = "moves " + " and ".join(f"{abs(d)} {a if d > 0 else b}" for d, a, b in ways if d)
    return f"{what} ({size} pixel{'' if size == 1 else 's'} at {x}, {y})"


def box_of(claim: Claim) -> tuple[int, int, int, int]:
    """The box around the pixels of a claim: x, y, width, height.

    >>> pixels = np.array([65, 130])
    >>> box_of(Claim("objects", "ahead", "stay", 0.9, pixels, pixels))
    (1, 1, 2, 2)
    """
    if not len(claim.region):
        return 0, 0, 0, 0
    rows, columns = np.divmod(claim.region, SIDE)
    x, y = int(columns.min()), int(rows.min())
    return x, y, int(columns.max()) - x + 1, int(rows.max()) - y + 1


def _surprise(prediction: Prediction[Any], truth_HW: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Nats of the most surprising pixel of each cell, float32 [64]."""
    pixels = prediction.pixel_confidence_NHW
    assert pixels is not None  # the online model always estimates it
    right = prediction.frame_HW == truth_HW
    nats = _nats(np.where(right, pixels[0], 1 - pixels[0]))
    cell = SIDE // GRID
    return nats.reshape(GRID, cell, GRID, cell).max(axis=(1, 3)).reshape(-1).astype(np.float32)


def _nats(probability: Any) -> NDArray[np.float64]:
    return -np.log(np.clip(probability, LEAST, 1.0))
