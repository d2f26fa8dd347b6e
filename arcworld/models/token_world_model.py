"""Adapter: the token world model of a trained run with the `WorldModel` interface.

A state has what the transformer reads: the codes of the last frames and the actions between them.
The weights do not change. `observe` learns how often the model was right about whole frames in
this play, for each action id; this is its confidence.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.models.decoding.drafts import TransitionMemory
from arcworld.models.interface import Prediction
from arcworld.models.run import Run, from_pretrained
from arcworld.models.token_state import TokenState, encode_frame, predict_actions
from arcworld.recordings.episode import Action, Outcome, Step
from arcworld.tokens.history import History

REMEMBERED = 256
"""Number of cached predictions, so that `observe` need not repeat the last `predict`."""


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
        return TokenState(frame_HW, History((self._encode(frame_HW),)))

    def observe(self, state: TokenState, step: Step) -> TokenState:
        """Append the true frame, and count whether the prediction was right."""
        action = step.action
        if not self._run.world_model.vocabulary.has_action(action.id):
            return self.reset(step.next_frame_HW)
        codes_C = self._encode(step.next_frame_HW)
        if step.outcome == Outcome.NOTHING and action.id != 0:
            predicted_HW = self._predict_once(state, (action,)).frames_NHW[0]
            right, tries = self._right.get(action.id, (0, 0))
            hit = np.array_equal(predicted_HW, step.next_frame_HW)
            self._right[action.id] = right + hit, tries + 1
        self._drafts.learn([state.history.with_action(action)], codes_C[None])
        self._predict_once.cache_clear()
        later = state.history.then(action, codes_C, step.outcome).newest(self._frames)
        return TokenState(step.next_frame_HW, later)

    def predict(self, state: TokenState, actions: Sequence[Action]) -> Prediction[TokenState]:
        """Predict all actions in one batch. An action without a token is predicted as no change."""
        return self._predict_once(state, tuple(actions))

    def _predict(self, state: TokenState, actions: tuple[Action, ...]) -> Prediction[TokenState]:
        confidence = [self._confidence(action) for action in actions]
        run = self._run
        return predict_actions(
            run.world_model, run.tokenizer, state, actions, confidence, self._drafts
        )

    def _confidence(self, action: Action) -> float:
        """Return the share of right predictions for this action id, by Laplace's rule."""
        right, tries = self._right.get(action.id, (0, 0))
        return (right + 1) / (tries + 2)

    def _encode(self, frame_HW: NDArray[np.uint8]) -> NDArray[np.int32]:
        return encode_frame(self._run.tokenizer, frame_HW)

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
