"""The state of the token world model, and predictions from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.tokenizer import FrameTokenizer
from arcworld.models.decoding.decode import predict_next
from arcworld.models.decoding.drafts import Draft, last_frame
from arcworld.models.interface import Prediction, make_prediction
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings.episode import Action, Outcome
from arcworld.tokens.sequence import CodedEpisode, cells_of

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


def predict_actions(
    world_model: WorldModel,
    tokenizer: FrameTokenizer,
    state: TokenState,
    actions: Sequence[Action],
    confidence: Sequence[float],
    draft: Draft = last_frame,
) -> Prediction[TokenState]:
    """Predict what follows from each action, in one batch, decoded greedily.

    An action without a token is predicted as no change, with confidence 0.

    Args:
        world_model: predicts codes.
        tokenizer: the one it was trained with.
        state: where each action is taken.
        actions: one or more.
        confidence: one for each action.
        draft: the guess for speculative decoding; it changes the time, not the result.
    """
    outcomes_NO = np.zeros((len(actions), len(Outcome)), np.float32)
    outcomes_NO[:, Outcome.NOTHING] = 1
    states, sure = [state] * len(actions), [0.0] * len(actions)
    asked = [n for n, action in enumerate(actions) if has_token(world_model, action)]
    if asked:
        histories = [state.pending(actions[n]) for n in asked]
        found = predict_next(world_model, histories, draft=draft)
        frames_NHW = tokenizer.decode_frames(found.indices_BC)
        kept = world_model.config.context_frames
        for k, n in enumerate(asked):
            outcomes_NO[n] = found.outcomes_BO[k]
            outcome = Outcome(int(found.outcomes_BO[k].argmax()))
            states[n] = state.after(actions[n], outcome, frames_NHW[k], found.indices_BC[k], kept)
            sure[n] = confidence[n]
    return make_prediction(states, sure, outcomes_NO)


def state_of(
    world_model: WorldModel,
    tokenizer: FrameTokenizer,
    frames_THW: NDArray[np.uint8],
    actions: Sequence[Action],
) -> TokenState:
    """Return the state in the last of T frames; `actions` are the T - 1 between them.

    The actions count as ones that won no level. A frame that an action without a token led to
    begins a new history.
    """
    state = TokenState(frames_THW[0], (encode_frame(tokenizer, frames_THW[0]),))
    for action, frame_HW in zip(actions, frames_THW[1:], strict=True):
        codes_C = encode_frame(tokenizer, frame_HW)
        if has_token(world_model, action):
            kept = world_model.config.context_frames
            state = state.after(action, Outcome.NOTHING, frame_HW, codes_C, kept)
        else:
            state = TokenState(frame_HW, (codes_C,))
    return state


def has_token(world_model: WorldModel, action: Action) -> bool:
    """Return whether the vocabulary of the world model has the action."""
    return action.id < world_model.vocabulary.actions


def encode_frame(tokenizer: FrameTokenizer, frame_HW: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the codes of one frame, int32 [64]."""
    # a copy, since torch warns about read-only arrays
    return tokenizer.encode_frames(frame_HW[None].copy())[0]


def _row(action: Action, outcome: Outcome) -> tuple[int, int, int]:
    cell = int(cells_of(np.array([action.as_row()]))[0])
    return action.id, cell, int(outcome)
