"""The policy of v1: the world model's own prediction of the next action token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from arcworld.models.policies.policy import PolicyOutput, stack
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings.episode import ACTION_IDS
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.sequence import CodedEpisode, to_token_ids


class SharedHeadPolicy:
    """The policy of v1: the logits of the token after `<ACT>`. It sees all past actions.

    It has no weights of its own. v1 has no tokens for places, so all cells are equally likely.
    """

    def to(self, device: torch.device | str) -> SharedHeadPolicy:
        """Return itself; there are no weights to move."""
        return self

    @torch.inference_mode()
    def prior_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode]
    ) -> tuple[Tensor, Tensor]:
        """See `Policy`."""
        vocabulary = world_model.vocabulary
        act = np.array([vocabulary.act], dtype=np.int32)
        ids = stack([np.concatenate([to_token_ids(vocabulary, h), act]) for h in histories])
        ids = ids.to(world_model.device)
        logits = world_model.logits(world_model.hidden(ids)[:, -1])
        types = logits.new_full((len(logits), len(ACTION_IDS)), -torch.inf)
        first = vocabulary.codebook_size
        types[:, : vocabulary.actions] = logits[:, first : first + vocabulary.actions]
        return types, logits.new_zeros(len(logits), NO_CELL + 1)

    def offset_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode], cells_B: Sequence[int]
    ) -> Tensor | None:
        """Return None, since v1 does not learn places."""
        return None

    def policy_output(self, world_model: WorldModel, history: CodedEpisode) -> PolicyOutput:
        """Return `prior_logits` of one history."""
        types, places = self.prior_logits(world_model, [history])
        return PolicyOutput(types[0], places[0], lambda _: None)
