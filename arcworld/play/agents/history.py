"""The context of a world model during play: the last frames as codes, and the actions between them.

Its length is bounded by the model's `context_frames`.
"""

from __future__ import annotations

from arcworld.models.run import Run
from arcworld.models.token_state import encode_frame
from arcworld.play.observation import Observation
from arcworld.recordings.episode import Action
from arcworld.tokens.history import History
from arcworld.tokens.sequence import CodedEpisode


class ModelHistory:
    """The newest frames of one game, as many as the world model's context holds.

    Attributes:
        coded: the frames, ending in the one in which an action is to be chosen.
    """

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
        model = self._run.world_model
        if observation.full_reset or not model.vocabulary.has_action(action.id):
            self._open(observation)
            return None
        codes_C = encode_frame(self._run.tokenizer, observation.frame_HW)
        longer = self.coded.then(action, codes_C, observation.outcome_after(self._levels))
        self.coded = longer.newest(model.config.context_frames)
        self._levels = observation.levels_completed
        return longer.window()

    def now(self) -> CodedEpisode:
        """Return the context in the form that models read."""
        return self.coded.window()

    def _open(self, observation: Observation) -> None:
        self.coded = History((encode_frame(self._run.tokenizer, observation.frame_HW),))
        self._levels = observation.levels_completed
