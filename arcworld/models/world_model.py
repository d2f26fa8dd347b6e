"""The world model: what follows an action, as the next tokens and as an outcome.

Knows tokens and a causal LM's body; knows nothing of training loops or games. Only game rows are
embedded and predicted (some 600); the table that embeds them also predicts them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.models.backbone import BackboneConfig, build_backbone, width_of
from arcworld.models.context import NO_ACTION, OFFSETS, Context, read_context
from arcworld.recordings.episode import Outcome
from arcworld.tokens.vocabulary import Scheme, Vocabulary
from arcworld.tokens.windows import IGNORE, Batch


@dataclass(frozen=True)
class WorldModelConfig:
    """What a world model is made of.

    Attributes:
        scheme: v1 or v2.
        codebook_size: codes of the tokenizer it reads.
        context_frames: frames it looks back on; a longer history is cut at a `<FRAME>`.
        context_features: add to each position what stands in the cell to come: its last code, the
            action's type and, in v2, where the click fell (`models.context`); and let a gate favour
            that last code, since most cells do not change. Off in the seed.
        backbone: the body.
    """

    scheme: Scheme = "v2"
    codebook_size: int = 512
    context_frames: int = 30
    context_features: bool = False
    backbone: BackboneConfig = field(default_factory=BackboneConfig)


class WorldModel(nn.Module):
    """Tokens in, next-token logits and outcome logits out."""

    def __init__(self, config: WorldModelConfig) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = Vocabulary(config.scheme, config.codebook_size)
        self.backbone = build_backbone(config.backbone)
        self.width = width = width_of(self.backbone)
        self.table = nn.Embedding(len(self.vocabulary), width)
        self.outcome_head = nn.Linear(width, len(Outcome))
        nn.init.normal_(self.table.weight, std=0.02)
        if config.context_features:
            self.slots = nn.Embedding(self.vocabulary.step_tokens + 2, width)
            self.previous = nn.Linear(width, width, bias=False)
            self.types = nn.Embedding(NO_ACTION + 1, width)
            self.offsets = nn.Embedding(OFFSETS, width)
            for part in (self.slots, self.types, self.offsets):
                nn.init.normal_(part.weight, std=0.02)
            self.copy_gate = nn.Linear(width, 1)
            nn.init.zeros_(self.copy_gate.weight)
            nn.init.constant_(self.copy_gate.bias, math.log(len(self.vocabulary)))

    def start_from_codes(self, codes_KD: Tensor) -> None:
        """Embed the codes by a random projection of their vectors, scaled as the other rows."""
        generator = torch.Generator().manual_seed(0)
        projection = torch.randn(codes_KD.shape[1], self.width, generator=generator)
        rows = codes_KD.cpu() @ projection
        rows = (rows - rows.mean(0)) / rows.std().clamp(min=1e-6) * 0.02
        with torch.no_grad():
            self.table.weight[: len(rows)] = rows.to(self.table.weight)

    def embed(
        self, input_ids_BL: Tensor, mask_row_D: Tensor | None = None, last: int | None = None
    ) -> Tensor:
        """Vectors [B, L, D] of tokens, or of the `last` few; `<MASK>` takes `mask_row_D`."""
        count = input_ids_BL.shape[1] if last is None else last
        ids = input_ids_BL[:, -count:]
        is_mask = ids == self.vocabulary.mask
        vectors = self.table(ids.masked_fill(is_mask, 0))
        if mask_row_D is not None:
            vectors = torch.where(is_mask[..., None], mask_row_D.to(vectors.dtype), vectors)
        if self.config.context_features:
            context = read_context(self.vocabulary, input_ids_BL).last(count)
            vectors = vectors + self._context_vectors(context)
        return vectors

    def _context_vectors(self, context: Context) -> Tensor:
        known = context.previous_BL >= 0
        previous = self.previous(self.table(context.previous_BL.clamp(min=0)))
        vectors = self.slots(context.slots_BL) + previous * known[..., None]
        return vectors + self.types(context.types_BL) + self.offsets(context.offsets_BL)

    def hidden(
        self,
        input_ids_BL: Tensor,
        *,
        mask_row_D: Tensor | None = None,
        cache: Any = None,
        last: int | None = None,
    ) -> Tensor:
        """Hidden states [B, L, D].

        With a cache (`transformers.Cache`) only the `last` positions are computed and returned;
        `input_ids_BL` is still the whole sequence, whose earlier part the cache holds.
        """
        vectors = self.embed(input_ids_BL, mask_row_D, last)
        body_dtype = next(self.backbone.parameters()).dtype
        if not torch.is_autocast_enabled(vectors.device.type):
            vectors = vectors.to(body_dtype)
        output = self.backbone(
            inputs_embeds=vectors, past_key_values=cache, use_cache=cache is not None
        )
        return output.last_hidden_state

    def logits(self, hidden_D: Tensor, previous: Tensor | None = None) -> Tensor:
        """Logits over every token but `<MASK>`, float32 [..., len(vocabulary)].

        `previous` is what `previous_codes` says of the same positions; where a code stands there,
        the gate adds to its logit.
        """
        logits = F.linear(hidden_D, self.table.weight.to(hidden_D.dtype)).float()
        if previous is None:
            return logits
        gate = self.copy_gate(hidden_D.to(self.copy_gate.weight.dtype)).float()
        gate = gate * (previous >= 0)[..., None]
        return logits.scatter_add(-1, previous.clamp(min=0)[..., None], gate)

    def previous_codes(self, input_ids_BL: Tensor) -> Tensor | None:
        """For each position the code that stood in the cell to come, or -1; None in the seed's."""
        if not self.config.context_features:
            return None
        return read_context(self.vocabulary, input_ids_BL).previous_BL

    def code_logits(self, hidden_BLD: Tensor, input_ids_BL: Tensor, at: slice) -> Tensor:
        """Logits at the positions `at`, each of which foretells a code."""
        previous = self.previous_codes(input_ids_BL)
        return self.logits(hidden_BLD[:, at], None if previous is None else previous[:, at])

    def outcome_logits(self, hidden_D: Tensor) -> Tensor:
        """Logits over `Outcome` at an action's last position, float32 [..., 3]."""
        head = self.outcome_head
        return F.linear(hidden_D.float(), head.weight.float(), head.bias.float())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Weighted cross-entropy of tokens plus that of outcomes; perplexity and accuracies."""
        hidden = self.hidden(batch.input_ids_BL)
        at, weights = _targets(batch)
        targets = batch.input_ids_BL[:, 1:][at]
        previous = self.previous_codes(batch.input_ids_BL)
        logits = self.logits(hidden[:, :-1][at], None if previous is None else previous[:, :-1][at])
        losses = F.cross_entropy(logits, targets, reduction="none")
        tokens = (losses * weights).sum() / weights.sum().clamp(min=1e-6)
        outcome = self._outcome_loss(hidden, batch.outcomes_BL)
        return {
            "loss": tokens + outcome,
            "outcome_loss": outcome.detach(),
            **self._accuracies(logits.detach(), targets, losses.detach()),
        }

    def _outcome_loss(self, hidden_BLD: Tensor, outcomes_BL: Tensor) -> Tensor:
        known = outcomes_BL != IGNORE
        if not bool(known.any()):
            return self.outcome_logits(hidden_BLD[:, :1]).sum() * 0.0
        return F.cross_entropy(self.outcome_logits(hidden_BLD[known]), outcomes_BL[known])

    def _accuracies(self, logits: Tensor, targets: Tensor, losses: Tensor) -> dict[str, Tensor]:
        right = logits.argmax(-1) == targets
        vocabulary = self.vocabulary
        is_code = targets < vocabulary.codebook_size
        is_action = ~is_code & (targets < vocabulary.frame)
        return {
            "cell_acc": _mean(right[is_code]),
            "action_acc": _mean(right[is_action]),
            "perplexity": _mean(losses[is_code]).exp(),
        }


def _targets(batch: Batch) -> tuple[Tensor, Tensor]:
    weights = batch.weights_BL[:, 1:]
    at = weights > 0
    return at, weights[at]


def _mean(values: Tensor) -> Tensor:
    return values.float().sum() / max(values.numel(), 1)
