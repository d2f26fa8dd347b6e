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
from arcworld.play.observation import (
    GAME_OVER,
    NOT_FINISHED,
    WIN,
    IllegalActionError,
    Observation,
    legal_actions,
)
from arcworld.recordings.episode import Action, Outcome
from arcworld.tokens.cells import type_and_cell
from arcworld.tokens.sequence import CodedEpisode

type Past = tuple[tuple[int, int, int], ...]
"""(type, cell, outcome) of each action between the frames of the context."""


class Dream:
    """An imagined game: `step` predicts, `follow` takes in a true step, `fork` copies.

    Attributes:
        observation: the current observation, in the form of a game's answer.
        outcomes_O: float32, probability of each `Outcome` at the last predicted step; None if there
            is none.
        depth: predicted steps since the last true frame.
    """

    def __init__(
        self, run: Run, observation: Observation, drafts: TransitionMemory | None = None
    ) -> None:
        """Start at a true frame, without history."""
        self._run, self._drafts = run, drafts or TransitionMemory()
        self._open(observation)

    def step(self, action: Action) -> Observation:
        """Predict the result of one action.

        Raises:
            IllegalActionError: the dream is over, or the run has no token for the action.
        """
        if action.id not in self.observation.legal_actions:
            raise IllegalActionError(self._refusal(action))
        window = self._pending(action)
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
        if observation.full_reset or not self.expresses(action.id):
            self._open(observation)
            return
        outcome = observation.outcome_after(self.observation.levels_completed)
        codes = self._run.tokenizer.encode_frames(observation.frame_HW[None])[0]
        self._drafts.learn([self._pending(action)], codes[None])
        self._append(action, outcome, codes)
        self.observation, self.outcomes_O, self.depth = self._offered(observation), None, 0

    def fork(self) -> Dream:
        """Return a copy with the same history; later steps of one do not change the other."""
        other = Dream.__new__(Dream)
        other.__dict__.update(self.__dict__)
        return other

    def now(self) -> CodedEpisode:
        """Return the context of the model, ending in the current frame."""
        return self._episode(self._codes, self._past)

    def expresses(self, kind: int) -> bool:
        """Whether the run's scheme has a token for an action id."""
        return kind < self._run.world_model.vocabulary.actions

    def _open(self, observation: Observation) -> None:
        codes = self._run.tokenizer.encode_frames(observation.frame_HW[None])
        self._codes: tuple[NDArray[np.int32], ...] = (codes[0],)
        self._past: Past = ()
        self._opens, self.depth = True, 0
        self.observation = self._offered(observation)
        self.outcomes_O: NDArray[np.float32] | None = None

    def _append(self, action: Action, outcome: Outcome, codes_C: NDArray[np.int32]) -> None:
        frames = self._run.world_model.config.context_frames
        self._opens = self._opens and len(self._codes) < frames
        self._codes = (*self._codes, codes_C)[-frames:]
        self._past = (*self._past, (*type_and_cell(action), int(outcome)))
        self._past = self._past[len(self._past) - len(self._codes) + 1 :]

    def _pending(self, action: Action) -> CodedEpisode:
        return self._episode(self._codes, (*self._past, (*type_and_cell(action), 0)))

    def _episode(self, codes: tuple[NDArray[np.int32], ...], past: Past) -> CodedEpisode:
        steps = np.array(past, dtype=np.int16).reshape(-1, 3)
        winning = np.zeros(len(steps), dtype=np.bool_)
        outcomes = steps[:, 2].astype(np.uint8)
        return CodedEpisode(
            np.stack(codes), steps[:, 0], steps[:, 1], outcomes, winning, self._opens
        )

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
        return replace(seen, legal_actions=tuple(k for k in legal if self.expresses(k)))

    def _refusal(self, action: Action) -> str:
        legal = ", ".join(
            Action(k, 0, 0).name if k == 6 else Action(k).name
            for k in self.observation.legal_actions
        )
        return (
            f"{action.name} cannot be predicted in state {self.observation.state}; expected"
            f" {legal or 'no action: the game is won'}"
        )
