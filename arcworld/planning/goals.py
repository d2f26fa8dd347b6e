"""P(LEVEL_COMPLETE | action) for every candidate, over one shared history.

Knows the world model; knows nothing of how the answer is used.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.models.world_model import WorldModel
from arcworld.planning.candidates import Candidates
from arcworld.recordings.episode import Outcome
from arcworld.tokens.sequence import CodedEpisode, pack


@torch.inference_mode()
def outcome_probabilities(
    model: WorldModel, history: CodedEpisode, candidates: Candidates
) -> NDArray[np.float32]:
    """Probability of each `Outcome` after each candidate, float32 [N, 3].

    The history ends in a frame and is read once; each candidate then costs its own tokens.
    """
    from transformers import DynamicCache

    vocabulary = model.vocabulary
    device = model.device
    ids = torch.from_numpy(pack(vocabulary, history)).long()[None].to(device)
    cache = DynamicCache()
    model.hidden(ids, cache=cache, last=ids.shape[1])
    actions = torch.from_numpy(_action_tokens(model, candidates)).long().to(device)
    cache.batch_repeat_interleave(len(actions))
    branches = torch.cat([ids.expand(len(actions), -1), actions], dim=1)
    hidden = model.hidden(branches, cache=cache, last=actions.shape[1])
    return model.outcome_logits(hidden[:, -1]).softmax(-1).cpu().numpy()


def level_probabilities(
    model: WorldModel, history: CodedEpisode, candidates: Candidates
) -> NDArray[np.float32]:
    """P(LEVEL_COMPLETE | action) of each candidate, float32 [N]."""
    return outcome_probabilities(model, history, candidates)[:, Outcome.LEVEL_WON]


def _action_tokens(model: WorldModel, candidates: Candidates) -> NDArray[np.int32]:
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
