"""P(level won | action) for every candidate, over one shared history, in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.models.transformer.world_model import WorldModel
from arcworld.planning.candidates import Candidates
from arcworld.planning.encoded_history import EncodedHistory
from arcworld.recordings.episode import Outcome
from arcworld.tokens.sequence import CodedEpisode


def outcome_probabilities(
    model: WorldModel, history: CodedEpisode, candidates: Candidates
) -> NDArray[np.float32]:
    """Probability of each `Outcome` after each candidate, float32 [N, 3].

    The history ends in a frame and is encoded once; all candidates follow it as one tree.
    """
    return EncodedHistory(model, history).outcomes(candidates)


def level_probabilities(
    model: WorldModel, history: CodedEpisode, candidates: Candidates
) -> NDArray[np.float32]:
    """P(level won | action) of each candidate, float32 [N]."""
    return outcome_probabilities(model, history, candidates)[:, Outcome.LEVEL_WON]
