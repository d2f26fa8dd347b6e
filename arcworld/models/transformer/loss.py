"""The training loss of the world model: cross-entropy of the next tokens and of the outcomes."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.models.transformer.cell_context import CellContext
from arcworld.tokens.batches import IGNORE, Batch
from arcworld.tokens.vocabulary import Vocabulary

SPELLING_WEIGHT = 0.1
"""Weight of spellings in the loss; windows with permuted colours have many, and long ones."""


class _Predictor(Protocol):
    """What the loss asks of a world model; `world_model.WorldModel` says what it means."""

    vocabulary: Vocabulary

    @property
    def spelling(self) -> nn.Module: ...
    @property
    def reads_cells(self) -> bool: ...
    def hidden(self, input_ids_BL: Tensor) -> Tensor: ...
    def cell_context(self, input_ids_BL: Tensor, at: Any) -> CellContext | None: ...
    def logits(
        self, hidden_ND: Tensor, cell_context: CellContext | None, *, weighted: bool
    ) -> Tensor: ...
    def spelling_nll(self, hidden_ND: Tensor, columns_N: Tensor, ids_N: Tensor) -> Tensor: ...
    def outcome_logits(self, hidden_D: Tensor) -> Tensor: ...


def world_model_loss(model: _Predictor, batch: Batch) -> dict[str, Tensor]:
    """Return `loss`, the one to minimise, and its parts: `outcome_loss`, accuracies, perplexity.

    `loss` is the weighted cross-entropy of tokens plus the cross-entropy of outcomes.
    """
    hidden = model.hidden(batch.input_ids_BL)
    at, weights = _targets(batch)
    targets = batch.labels_BL[:, 1:][at]
    flat = hidden[:, :-1][at]
    cell_context = model.cell_context(batch.input_ids_BL, F.pad(at, (0, 1)))
    logits = model.logits(flat, cell_context, weighted=True)
    columns = targets if cell_context is None else cell_context.columns(model.vocabulary, targets)
    losses = F.cross_entropy(logits, columns, reduction="none")
    spelling = model.spelling_nll(flat, columns, targets)
    tokens = (losses + SPELLING_WEIGHT * spelling) * weights
    outcome = _outcome_loss(model, hidden, batch.outcomes_BL)
    right = (logits.argmax(-1) == columns) & (columns != len(model.vocabulary))
    return {
        "loss": tokens.sum() / weights.sum().clamp(min=1e-6) + outcome + _all_used(model),
        "outcome_loss": outcome.detach(),
        **_accuracies(model.vocabulary, right, targets, (losses + spelling).detach()),
    }


def _targets(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return which positions have a target, bool [B, L - 1], and the weights of the targets."""
    weights = batch.weights_BL[:, 1:]
    at = weights > 0
    return at, weights[at]


def _all_used(model: _Predictor) -> Tensor | float:
    """Return 0 as a function of weights that a batch may not use: DDP needs all gradients."""
    if not model.reads_cells:
        return 0.0
    return sum(p.sum() for p in model.spelling.parameters()) * 0.0


def _outcome_loss(model: _Predictor, hidden_BLD: Tensor, outcomes_BL: Tensor) -> Tensor:
    known = outcomes_BL != IGNORE
    if not bool(known.any()):
        return model.outcome_logits(hidden_BLD[:, :1]).sum() * 0.0
    return F.cross_entropy(model.outcome_logits(hidden_BLD[known]), outcomes_BL[known])


def _accuracies(
    vocabulary: Vocabulary, right: Tensor, targets: Tensor, losses: Tensor
) -> dict[str, Tensor]:
    is_code = (targets < vocabulary.codebook_size) | (targets > vocabulary.mask)
    is_action = ~is_code & (targets < vocabulary.frame)
    return {
        "cell_acc": _mean(right[is_code]),
        "action_acc": _mean(right[is_action]),
        "perplexity": _mean(losses[is_code]).exp(),
    }


def _mean(values: Tensor) -> Tensor:
    return values.float().sum() / max(values.numel(), 1)
