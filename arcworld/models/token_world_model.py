"""Adapter: the token world model of a trained run with the `WorldModel` interface.

A state has what the transformer reads: the codes of the last frames and the actions between them.
The weights do not change. `observe` learns how often the model was right about whole frames in
this play, for each action id; this is its confidence.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.models.decode import predict_next
from arcworld.models.drafts import TransitionMemory
from arcworld.models.interface import Prediction, make_prediction
from arcworld.models.run import Run, from_pretrained
from arcworld.recordings.episode import Action, Outcome, Step
from arcworld.tokens.sequence import CodedEpisode, cells_of

REMEMBERED = 256
"""Number of cached predictions, so that `observe` need not repeat the last `predict`."""

type Past = tuple[tuple[int, int, int], ...]
"""(action id, cell of the click or 64, outcome) of each action."""


@dataclass(frozen=True, slots=True, eq=False)
class TokenState:
    """Up to `context_frames` frames, and the actions between them.

    Attributes:
        frame_HW: uint8 [64, 64], the last frame.
        codes: int32 [64] for each frame.
        past: the actions between the frames, one less than `codes`.
        opens: whether the first frame begins a scene.
    """

    frame_HW: NDArray[np.uint8]
    codes: tuple[NDArray[np.int32], ...]
    past: Past = ()
    opens: bool = True

    def after(
        self,
        action: Action,
        outcome: Outcome,
        frame_HW: NDArray[np.uint8],
        codes_C: NDArray[np.int32],
        frames: int,
    ) -> TokenState:
        """Return the state one action later, cut to `frames` frames."""
        codes = (*self.codes, codes_C)[-frames:]
        past = (*self.past, _row(action, outcome))
        opens = self.opens and len(self.codes) < frames
        return TokenState(frame_HW, codes, past[len(past) - len(codes) + 1 :], opens)

    def pending(self, action: Action) -> CodedEpisode:
        """Return the history with a pending action, whose next frame is to be predicted."""
        rows = np.array([*self.past, _row(action, Outcome.NOTHING)], np.int16)
        winning = np.zeros(len(rows), np.bool_)
        outcomes = rows[:, 2].astype(np.uint8)
        return CodedEpisode(
            np.stack(self.codes), rows[:, 0], rows[:, 1], outcomes, winning, self.opens
        )


class TokenWorldModel:
    """The tokenizer and the world model of a run, with greedy decoding.

    Args:
        run: trained models, on the device where they shall run.
        seed: without effect, since greedy decoding is deterministic.
    """

    def __init__(self, run: Run, *, seed: int = 0) -> None:
        del seed
        self.name = run.name
        self._run = run
        self._drafts = TransitionMemory()
        self._right: dict[int, tuple[int, int]] = {}
        self._predict_once = functools.lru_cache(maxsize=REMEMBERED)(self._predict)

    def reset(
        self, frame_HW: NDArray[np.uint8], available_actions: Sequence[int] = ()
    ) -> TokenState:
        """Return a state without history."""
        return TokenState(frame_HW, (self._encode(frame_HW),))

    def observe(self, state: TokenState, step: Step) -> TokenState:
        """Append the true frame, and count whether the prediction was right."""
        action = step.action
        if not self._can_express(action):
            return self.reset(step.next_frame_HW)
        codes_C = self._encode(step.next_frame_HW)
        if step.outcome == Outcome.NOTHING and action.id != 0:
            predicted_HW = self._predict_once(state, (action,)).frames_NHW[0]
            right, tries = self._right.get(action.id, (0, 0))
            hit = np.array_equal(predicted_HW, step.next_frame_HW)
            self._right[action.id] = right + hit, tries + 1
        self._drafts.learn([state.pending(action)], codes_C[None])
        self._predict_once.cache_clear()
        return state.after(action, step.outcome, step.next_frame_HW, codes_C, self._frames)

    def predict(self, state: TokenState, actions: Sequence[Action]) -> Prediction[TokenState]:
        """Predict all actions in one batch. An action without a token is predicted as no change."""
        return self._predict_once(state, tuple(actions))

    def _predict(self, state: TokenState, actions: tuple[Action, ...]) -> Prediction[TokenState]:
        outcomes_NO = np.zeros((len(actions), len(Outcome)), np.float32)
        outcomes_NO[:, Outcome.NOTHING] = 1
        states, confidence = [state] * len(actions), [0.0] * len(actions)
        asked = [n for n, action in enumerate(actions) if self._can_express(action)]
        if asked:
            histories = [state.pending(actions[n]) for n in asked]
            found = predict_next(self._run.world_model, histories, draft=self._drafts)
            frames_NHW = self._run.tokenizer.decode_frames(found.indices_BC)
            for k, n in enumerate(asked):
                outcomes_NO[n] = found.outcomes_BO[k]
                outcome = Outcome(int(found.outcomes_BO[k].argmax()))
                states[n] = state.after(
                    actions[n], outcome, frames_NHW[k], found.indices_BC[k], self._frames
                )
                confidence[n] = self._confidence(actions[n])
        return make_prediction(states, confidence, outcomes_NO)

    def _confidence(self, action: Action) -> float:
        """Return the share of right predictions for this action id, by Laplace's rule."""
        right, tries = self._right.get(action.id, (0, 0))
        return (right + 1) / (tries + 2)

    def _encode(self, frame_HW: NDArray[np.uint8]) -> NDArray[np.int32]:
        # a copy, since torch warns about read-only arrays
        return self._run.tokenizer.encode_frames(frame_HW[None].copy())[0]

    def _can_express(self, action: Action) -> bool:
        return action.id < self._run.world_model.vocabulary.actions

    @property
    def _frames(self) -> int:
        return self._run.world_model.config.context_frames


def open_token_model(run: str | Path) -> functools.partial[TokenWorldModel]:
    """Return a factory of token models of a run, on a GPU if there is one.

    Args:
        run: a folder that `arcworld train` made, or the name of shipped weights.

    Raises:
        ArcworldError: there is no such run, or a part of it cannot be used.
    """
    import torch

    opened = from_pretrained(run).to("cuda" if torch.cuda.is_available() else "cpu")
    return functools.partial(TokenWorldModel, opened)


def _row(action: Action, outcome: Outcome) -> tuple[int, int, int]:
    cell = int(cells_of(np.array([action.as_row()]))[0])
    return action.id, cell, int(outcome)
