"""A run's predictions for one frame or one step, as plain numbers that a page or picture shows.

A frame is sent as 4,096 hexadecimal digits, one for each pixel.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.tokenizer import CELLS
from arcworld.models.decoding.decode import predict_next
from arcworld.models.run import Run
from arcworld.planning.candidates import Candidates, prior_over
from arcworld.planning.encoded_history import EncodedHistory
from arcworld.planning.surprise import cell_surprise
from arcworld.recordings.episode import CLICK, Outcome
from arcworld.tokens.sequence import CodedEpisode

DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


def as_hex(frame_HW: NDArray[np.integer]) -> str:
    """A frame as 4,096 digits.

    >>> as_hex(np.full((64, 64), 11, np.uint8))[:4]
    'bbbb'
    """
    return DIGITS[frame_HW].tobytes().decode()


@dataclass(frozen=True, eq=False)
class ActionScores:
    """P(level won) and the policy's probability of every legal action, before it is taken.

    Attributes:
        candidates: the actions.
        level_N: P(LEVEL_COMPLETE | action).
        prior_N: the policy's probability; sums to 1. Without a policy, the confidence of the
            prediction for the action.
    """

    candidates: Candidates
    level_N: NDArray[np.float32]
    prior_N: NDArray[np.float64]

    @property
    def clicks(self) -> bool:
        """Whether a click is among them."""
        return bool((self.candidates.types_N == CLICK).any())

    def by_cell(self, values_N: NDArray[np.floating]) -> NDArray[np.float64]:
        """Values of the clicks by cell, [64]; 0 where there is none."""
        clicks = self.candidates.types_N == CLICK
        cells = np.zeros(CELLS)
        cells[self.candidates.cells_N[clicks]] = values_N[clicks]
        return cells

    def as_view(self) -> dict[str, Any]:
        """Bars by type, the best cell standing for a click, and maps of clicks by cell."""
        types, cells = self.candidates.types_N, self.candidates.cells_N
        bars: list[dict[str, Any]] = []
        for kind in sorted(set(types.tolist())):
            at = np.flatnonzero(types == kind)
            best = at[self.level_N[at].argmax()]
            bar: dict[str, Any] = {"id": kind, "level": rounded(float(self.level_N[best]))}
            bar |= {"prior": rounded(self.prior_N[at].sum()), "cell": int(cells[best])}
            bars.append(bar)
        maps = (self.by_cell(self.prior_N), self.by_cell(self.level_N))
        prior, level = ([rounded(value) for value in values] for values in maps)
        return {"bars": bars, "clicks": {"prior": prior, "level": level} if self.clicks else None}


def score_actions(run: Run, history: CodedEpisode, available: Collection[int]) -> ActionScores:
    """Scores by world model and policy of the actions available in a history's last frame."""
    known = run.world_model.vocabulary.actions
    candidates = Candidates.legal([kind for kind in available if kind < known])
    if not len(candidates):
        return ActionScores(candidates, np.zeros(0, np.float32), np.zeros(0))
    level = EncodedHistory(run.world_model, history).outcomes(candidates)[:, Outcome.LEVEL_WON]
    types, places = run.policy.prior_logits(run.world_model, [history])
    prior = prior_over(candidates, types[0].cpu().numpy(), places[0].cpu().numpy())
    return ActionScores(candidates, level, prior)


@dataclass(frozen=True, eq=False)
class StepPredictions:
    """A run's predictions for a step that was taken.

    Attributes:
        predicted_HW: the predicted next frame.
        surprise_C: nats of each cell of the actual next frame.
        outcomes_O: the probability of each `Outcome`.
        scores: of all available actions.
    """

    predicted_HW: NDArray[np.uint8]
    surprise_C: NDArray[np.float32]
    outcomes_O: NDArray[np.float32]
    scores: ActionScores

    @property
    def nats(self) -> float:
        """The surprise of the whole frame."""
        return float(self.surprise_C.sum())

    def as_view(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "predicted": as_hex(self.predicted_HW),
            "surprise": [rounded(value) for value in self.surprise_C],
            "nats": rounded(self.nats),
            "outcomes": [rounded(value) for value in self.outcomes_O],
            **self.scores.as_view(),
        }


def predict_step(
    run: Run, coded: CodedEpisode, t: int, available: Collection[int]
) -> StepPredictions:
    """Predictions for action t of an encoded episode.

    The actual next frame serves as the draft: it changes the time of decoding, not the result.
    """
    frames = run.world_model.config.context_frames
    start = max(0, t + 1 - frames)
    seen = coded.window(start, t + 1 - start)
    pending = coded.window(start, t + 1 - start, pending=True)
    draft = coded.indices_TC[t + 1].reshape(1, CELLS)
    reported = predict_next(run.world_model, [pending], draft=lambda _: draft)
    return StepPredictions(
        run.tokenizer.decode_frames(reported.indices_BC)[0],
        cell_surprise(run.world_model, coded.window(start, t + 2 - start)),
        reported.outcomes_BO[0],
        score_actions(run, seen, available),
    )


def rounded(value: float | np.floating) -> float:
    """Rounded to four digits, so that views stay small.

    >>> rounded(np.float32(0.123456))
    0.1235
    """
    return round(float(value), 4)
