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
from arcworld.tokens.history import History


@dataclass(frozen=True, slots=True, eq=False)
class TokenState:
    """The frame of a state, and the history that ends in it.

    Attributes:
        frame_HW: uint8 [64, 64], the last frame.
        history: up to `context_frames` frames as codes, and the actions between them.
    """

    frame_HW: NDArray[np.uint8]
    history: History


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
    asked = [n for n, action in enumerate(actions) if world_model.vocabulary.has_action(action.id)]
    if asked:
        histories = [state.history.with_action(actions[n]) for n in asked]
        found = predict_next(world_model, histories, draft=draft)
        frames_NHW = tokenizer.decode_frames(found.indices_BC)
        kept = world_model.config.context_frames
        for k, n in enumerate(asked):
            outcomes_NO[n] = found.outcomes_BO[k]
            outcome = Outcome(int(found.outcomes_BO[k].argmax()))
            later = state.history.then(actions[n], found.indices_BC[k], outcome).newest(kept)
            states[n] = TokenState(frames_NHW[k], later)
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
    history = History((encode_frame(tokenizer, frames_THW[0]),))
    for action, frame_HW in zip(actions, frames_THW[1:], strict=True):
        codes_C = encode_frame(tokenizer, frame_HW)
        if world_model.vocabulary.has_action(action.id):
            history = history.then(action, codes_C).newest(world_model.config.context_frames)
        else:
            history = History((codes_C,))
    return TokenState(frames_THW[-1], history)


def encode_frame(tokenizer: FrameTokenizer, frame_HW: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the codes of one frame, int32 [64]."""
    # a copy, since torch warns about read-only arrays
    return tokenizer.encode_frames(frame_HW[None].copy())[0]
