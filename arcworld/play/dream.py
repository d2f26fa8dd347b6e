"""Play in the imagination of a run's world model, with observations in the form of the game's.

A dream starts at a true frame. Each further frame is predicted from the frames before it, predicted
ones included. The model predicts neither the available actions nor the number of levels; both keep
their last true values.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from arcworld.models.decoding.decode import predict_next
from arcworld.models.decoding.drafts import TransitionMemory
from arcworld.models.run import Run
from arcworld.models.token_state import encode_frame
from arcworld.play.observation import (
    GAME_OVER,
    NOT_FINISHED,
    WIN,
    IllegalActionError,
    Observation,
    legal_actions,
)
from arcworld.recordings.episode import Action, Outcome
from arcworld.tokens.history import History
from arcworld.tokens.sequence import CodedEpisode


class Dream:
    """An imagined game: `step` predicts, `follow` takes in a true step, `fork` copies.

    Attributes:
        observation: the current observation, in the form of a game's answer.
        outcomes_O: float32, probability of each `Outcome` at the last predicted step; None if there
            is none.
        depth: predicted steps since the last true frame.
    """

    def __init__(self, run: Run, observation: Observation) -> None:
        """Start at a true frame, without history."""
        self._run, self._drafts = run, TransitionMemory()
        self._open(observation)

    def step(self, action: Action) -> Observation:
        """Predict the result of one action.

        Raises:
            IllegalActionError: the dream is over, or the run has no token for the action.
        """
        if action.id not in self.observation.legal_actions:
            raise IllegalActionError(self._refusal(action))
        window = self._history.with_action(action)
        reported = predict_next(self._run.world_model, [window], draft=self._drafts)
        self._drafts.learn([window], reported.indices_BC)
        self.outcomes_O = reported.outcomes_BO[0]
        outcome = Outcome(int(reported.outcomes_BO[0].argmax()))
        frame_HW = self._run.tokenizer.decode_frames(reported.indices_BC)[0]
        self._append(action, outcome, reported.indices_BC[0])
        self.observation = self._answer(frame_HW, outcome)
        self.depth += 1
        return self.observation

    def follow(self, action: Action, observation: Observation) -> None:
        """Append a true step; the dream continues from its frame, with depth 0."""
        if observation.full_reset or not self._run.world_model.vocabulary.has_action(action.id):
            self._open(observation)
            return
        outcome = observation.outcome_after(self.observation.levels_completed)
        codes = encode_frame(self._run.tokenizer, observation.frame_HW)
        self._drafts.learn([self._history.with_action(action)], codes[None])
        self._append(action, outcome, codes)
        self.observation, self.outcomes_O, self.depth = self._offered(observation), None, 0

    def fork(self) -> Dream:
        """Return a copy with the same history; later steps of one do not change the other."""
        other = Dream.__new__(Dream)
        other.__dict__.update(self.__dict__)
        return other

    def now(self) -> CodedEpisode:
        """Return the context of the model, ending in the current frame."""
        return self._history.window()

    def _open(self, observation: Observation) -> None:
        self._history = History((encode_frame(self._run.tokenizer, observation.frame_HW),))
        self.depth = 0
        self.observation = self._offered(observation)
        self.outcomes_O: NDArray[np.float32] | None = None

    def _append(self, action: Action, outcome: Outcome, codes_C: NDArray[np.int32]) -> None:
        frames = self._run.world_model.config.context_frames
        self._history = self._history.then(action, codes_C, outcome).newest(frames)

    def _answer(self, frame_HW: NDArray[np.uint8], outcome: Outcome) -> Observation:
        before = self.observation
        levels = min(before.levels_completed + (outcome == Outcome.LEVEL_WON), before.win_levels)
        won = outcome == Outcome.LEVEL_WON and levels == before.win_levels
        state = WIN if won else GAME_OVER if outcome == Outcome.GAME_OVER else NOT_FINISHED
        return self._offered(
            replace(
                before,
                frame_HW=frame_HW,
                grids=(frame_HW,),
                state=state,
                levels_completed=levels,
                full_reset=False,
            )
        )

    def _offered(self, seen: Observation) -> Observation:
        """The observation with its legal actions: RESET is always legal until the game is won."""
        legal = legal_actions(seen.state, seen.available_actions, reset_is_safe=True)
        has_token = self._run.world_model.vocabulary.has_action
        return replace(seen, legal_actions=tuple(filter(has_token, legal)))

    def _refusal(self, action: Action) -> str:
        legal = ", ".join(
            Action(k, 0, 0).name if k == 6 else Action(k).name
            for k in self.observation.legal_actions
        )
        return (
            f"{action.name} cannot be predicted in state {self.observation.state}; expected"
            f" {legal or 'no action: the game is won'}"
        )
