"""The context of a world model during play: the last frames as codes, and the actions between them.

Its length is bounded by the model's `context_frames`.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from arcworld.models.run import Run
from arcworld.play.observation import Observation
from arcworld.recordings.episode import Action
from arcworld.tokens.cells import type_and_cell
from arcworld.tokens.sequence import CodedEpisode


class ModelHistory:
    """The newest frames of one game, as many as the world model's context holds."""

    def __init__(self, run: Run, observation: Observation) -> None:
        """Start at a frame, without history."""
        self._run = run
        self._open(observation)

    def observe(self, action: Action, observation: Observation) -> CodedEpisode | None:
        """Append a step.

        Returns:
            The window that ends in the new frame, one frame longer than the context. None if the
            history starts again: the whole game was reset, or the scheme has no token for the
            action.
        """
        if observation.full_reset or not self.expresses(action.id):
            self._open(observation)
            return None
        outcome = observation.outcome_after(self._levels)
        self._steps.append((*type_and_cell(action), int(outcome)))
        self._codes.append(self._encode(observation))
        self._count += 1
        self._levels = observation.levels_completed
        return self._episode(len(self._codes))

    def now(self) -> CodedEpisode:
        """Return the context, ending in the frame in which an action is to be chosen."""
        return self._episode(min(len(self._codes), self._frames))

    def expresses(self, kind: int) -> bool:
        """Whether the run's scheme has a token for an action id."""
        return kind < self._run.world_model.vocabulary.actions

    def _open(self, observation: Observation) -> None:
        self._frames = self._run.world_model.config.context_frames
        self._codes = deque([self._encode(observation)], maxlen=self._frames + 1)
        self._steps = deque[tuple[int, int, int]](maxlen=self._frames)
        self._count, self._levels = 1, observation.levels_completed

    def _episode(self, frames: int) -> CodedEpisode:
        steps = np.array(self._steps, dtype=np.int16).reshape(-1, 3)
        steps = steps[len(steps) - frames + 1 :]
        return CodedEpisode(
            np.stack(self._codes)[len(self._codes) - frames :],
            steps[:, 0],
            steps[:, 1],
            steps[:, 2].astype(np.uint8),
            np.zeros(len(steps), dtype=np.bool_),
            opens=self._count == frames,
        )

    def _encode(self, observation: Observation) -> NDArray[np.int32]:
        return self._run.tokenizer.encode_frames(observation.frame_HW[None])[0]
