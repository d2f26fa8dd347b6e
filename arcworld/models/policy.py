"""Policies: what to do in a frame, as logits over action types and cells.

`MaskedPolicy` (v2) reads hidden states of masked context by small heads on the frozen body: the
actions taken are `<MASK>` to it. `SharedHeadPolicy` (v1) is the world model's own next token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.frames.tokenizer import CELLS
from arcworld.models.world_model import WorldModel
from arcworld.recordings.episode import ACTION_IDS, CLICK
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.sequence import CodedEpisode, mask_actions, pack
from arcworld.tokens.windows import IGNORE, Batch


@dataclass(frozen=True)
class PolicyConfig:
    """Widths of the heads; the defaults are the seed's.

    Attributes:
        width: hidden size of the body it stands on.
        type_width: hidden width of the type head.
        location_width: width of queries and keys of the location head.
    """

    width: int = 256
    type_width: int = 256
    location_width: int = 128


class MaskedPolicy(nn.Module):
    """Type head on a frame's last code; location head from it to the frame's 64 codes and NULL."""

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.config = config
        self.mask_row = nn.Parameter(torch.randn(config.width) * 0.02)
        self.type_head = nn.Sequential(
            nn.Linear(config.width, config.type_width),
            nn.GELU(),
            nn.Linear(config.type_width, len(ACTION_IDS)),
        )
        self.query = nn.Linear(config.width, config.location_width)
        self.key = nn.Linear(config.width, config.location_width)
        self.null_key = nn.Parameter(torch.randn(config.location_width) * 0.02)

    def forward(self, cells_NCD: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states of N frames' 64 codes to type logits [N, 8], location logits [N, 65]."""
        last_ND = cells_NCD[:, -1]
        null = self.null_key.to(cells_NCD.dtype).expand(len(cells_NCD), 1, -1)
        keys = torch.cat([self.key(cells_NCD), null], dim=1)
        places = torch.einsum("nd,ncd->nc", self.query(last_ND), keys)
        return self.type_head(last_ND).float(), places.float() / keys.shape[-1] ** 0.5

    def read(self, world_model: WorldModel, masked_ids_BL: Tensor, at_BL: Tensor) -> Tensor:
        """Hidden states [N, 64, D] of the frames whose last code stands where `at_BL` is true."""
        hidden = world_model.hidden(masked_ids_BL, mask_row_D=self.mask_row)
        rows, last = at_BL.nonzero(as_tuple=True)
        span = torch.arange(1 - CELLS, 1, device=last.device)
        return hidden[rows[:, None], last[:, None] + span].to(self.query.weight.dtype)

    @torch.inference_mode()
    def prior_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode]
    ) -> tuple[Tensor, Tensor]:
        """Type logits [B, 8] and location logits [B, 65] in the last frame of histories that
        pack to one length and end in a frame.
        """
        vocabulary = world_model.vocabulary
        ids = _stack([mask_actions(vocabulary, pack(vocabulary, h)) for h in histories])
        ids = ids.to(self.mask_row.device)
        last = torch.zeros_like(ids, dtype=torch.bool)
        last[:, -1] = True
        types, places = self(self.read(world_model, ids, last))
        return types, places

    def loss(self, world_model: WorldModel, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of type plus that of a click's cell, with both accuracies."""
        at = batch.types_BL != IGNORE
        if not bool(at.any()):
            zero = sum(p.sum() for p in self.parameters()) * 0.0
            return {"loss": torch.as_tensor(zero)}
        types, cells = batch.types_BL[at], batch.cells_BL[at]
        type_logits, place_logits = self(self.read(world_model, batch.masked_ids_BL, at))
        type_loss = F.cross_entropy(type_logits, types)
        location_loss = F.cross_entropy(place_logits, cells)
        click = types == CLICK
        return {
            "loss": type_loss + location_loss,
            "type_acc": (type_logits.argmax(-1) == types).float().mean(),
            "loc_acc": (place_logits.argmax(-1) == cells)[click].float().sum()
            / click.sum().clamp(min=1),
        }


class SharedHeadPolicy(nn.Module):
    """The policy of v1: the most likely token after `<ACT>`, with every past action in view.

    It has no weights of its own, and v1 no place for a click: all cells are equally likely.
    """

    @torch.inference_mode()
    def prior_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode]
    ) -> tuple[Tensor, Tensor]:
        """As `MaskedPolicy.prior_logits`."""
        vocabulary = world_model.vocabulary
        act = np.array([vocabulary.act], dtype=np.int32)
        ids = _stack([np.concatenate([pack(vocabulary, h), act]) for h in histories])
        ids = ids.to(world_model.table.weight.device)
        logits = world_model.logits(world_model.hidden(ids)[:, -1])
        types = logits.new_full((len(logits), len(ACTION_IDS)), -torch.inf)
        first = vocabulary.codebook_size
        types[:, : vocabulary.actions] = logits[:, first : first + vocabulary.actions]
        return types, logits.new_zeros(len(logits), NO_CELL + 1)


def _stack(rows: Sequence[NDArray[np.int32]]) -> Tensor:
    return torch.from_numpy(np.stack(rows)).long()
