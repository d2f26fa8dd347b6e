"""P(LEVEL_COMPLETE | action) for every candidate, over one shared history, in one pass.

Knows the world model; knows nothing of how the answer is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arcworld.models.branches import read_branches
from arcworld.models.world_model import WorldModel
from arcworld.planning.candidates import Candidates
from arcworld.recordings.episode import Outcome
from arcworld.tokens.sequence import CodedEpisode, pack


@torch.inference_mode()
def outcome_probabilities(
    model: WorldModel, history: CodedEpisode, candidates: Candidates
) -> NDArray[np.float32]:
    """Probability of each `Outcome` after each candidate, float32 [N, 3].

    The history ends in a frame and is read once; all candidates are then one tree behind it.
    """
    from transformers import DynamicCache

    ids = torch.from_numpy(pack(model.vocabulary, history)).long().to(model.device)
    cache = DynamicCache()
    model.hidden(ids[None], cache=cache, last=len(ids))
    return outcomes_behind(model, ids, cache, candidates)


@torch.inference_mode()
def outcomes_behind(
    model: WorldModel, ids_L: Tensor, cache: Any, candidates: Candidates
) -> NDArray[np.float32]:
    """The same, of a history that a cache of one row holds."""
    actions = torch.from_numpy(action_tokens(model, candidates)).long().to(model.device)
    if not len(actions):
        return np.zeros((0, len(Outcome)), np.float32)
    hidden = read_branches(model, ids_L, actions, cache)
    return model.outcome_logits(hidden).softmax(-1).cpu().numpy()


def level_probabilities(
    model: WorldModel, history: CodedEpisode, candidates: Candidates
) -> NDArray[np.float32]:
    """P(LEVEL_COMPLETE | action) of each candidate, float32 [N]."""
    return outcome_probabilities(model, history, candidates)[:, Outcome.LEVEL_WON]


def action_tokens(model: WorldModel, candidates: Candidates) -> NDArray[np.int32]:
    """The tokens of each candidate, int32 [N, 2] in v1 and [N, 3] in v2."""
    vocabulary = model.vocabulary
    for kind in set(candidates.types_N.tolist()):
        vocabulary.action_id(kind)
    columns = [
        np.full(len(candidates), vocabulary.act),
        vocabulary.codebook_size + candidates.types_N,
    ]
    if vocabulary.has_locations:
        columns.append(vocabulary.location_id(0) + candidates.cells_N)
    return np.stack(columns, axis=1).astype(np.int32)
