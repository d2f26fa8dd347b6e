"""A history that the world model has encoded once, so that several queries share its cache.

One encoding serves a decision (the outcome of every action) and the surprise at its result.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arcworld.models.decoding.tree_attention import tree_attention
from arcworld.models.transformer.world_model import WorldModel
from arcworld.planning.candidates import Candidates
from arcworld.recordings.episode import Outcome
from arcworld.tokens.sequence import CodedEpisode, to_token_ids


class EncodedHistory:
    """A history that ends in a frame, and the model's key-value cache of it."""

    @torch.inference_mode()
    def __init__(self, model: WorldModel, history: CodedEpisode) -> None:
        """Encode the history."""
        from transformers import DynamicCache

        self.model = model
        self._ids_L = self._ids(history)
        self._cache = DynamicCache()
        model.hidden(self._ids_L[None], cache=self._cache, last=len(self._ids_L))

    @torch.inference_mode()
    def outcomes(self, candidates: Candidates) -> NDArray[np.float32]:
        """Probability of each `Outcome` after each candidate, float32 [N, 3], in one pass (tree
        attention)."""
        if not len(candidates):
            return np.zeros((0, len(Outcome)), np.float32)
        actions = torch.from_numpy(action_tokens(self.model, candidates)).long()
        hidden = tree_attention(
            self.model, self._ids_L, actions.to(self._ids_L.device), self._cache
        )
        return self.model.outcome_logits(hidden).softmax(-1).cpu().numpy()

    def is_before(self, window: CodedEpisode) -> bool:
        """Whether a window is this history plus one action and one frame."""
        ids = self._ids(window)
        return len(ids) > len(self._ids_L) and torch.equal(ids[: len(self._ids_L)], self._ids_L)

    @torch.inference_mode()
    def surprise(self, window: CodedEpisode) -> NDArray[np.float32]:
        """Negative log-likelihood in nats of each cell of the window's last frame, float32 [64].

        Requires `is_before(window)`. The cache is unchanged afterwards.
        """
        ids_L = self._ids(window)
        fresh = len(ids_L) - len(self._ids_L)
        behind = fresh > 0 and torch.equal(ids_L[:-fresh], self._ids_L)
        assert behind, "the window does not extend the encoded history by one step"
        hidden_1LD = self.model.hidden(ids_L[None], cache=self._cache, last=fresh)
        self._cache.crop(-fresh)
        return self.model.frame_nll(hidden_1LD[0], ids_L).cpu().numpy()

    def _ids(self, history: CodedEpisode) -> Tensor:
        return (
            torch.from_numpy(to_token_ids(self.model.vocabulary, history))
            .long()
            .to(self.model.device)
        )


def action_tokens(model: WorldModel, candidates: Candidates) -> NDArray[np.int32]:
    """Tokens of each candidate, int32 [N, 2] in v1 and [N, 3] in v2."""
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
