"""Turn windows into a batch: token ids, loss weights and targets of the policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.recordings.episode import CLICK, RESET, Outcome
from arcworld.tokens.sequence import CodedEpisode, mask_actions, to_token_ids
from arcworld.tokens.vocabulary import Vocabulary

IGNORE = -100
"""The value at positions without a target (as in PyTorch's cross-entropy)."""


@dataclass(frozen=True)
class LossWeights:
    """Weight of each kind of token as a target.

    The defaults are those of the original design in v2, except `no_level`.

    Attributes:
        vq: codes of a frame.
        action: `<ACT_k>` in v1. In v2, `<ACT_TYPE_k>` and `<ACT_LOC_j>` weigh 1.5 times as much.
        level_complete: `<LEVEL_COMPLETE>`.
        no_level: `<FRAME>` right after an action, and the outcome "nothing". With 0, as in the
            original design, the model never learns that a level was *not* won.
        changed: factor on codes that differ from the frame before.
        first_frame: factor on a window's first frame, which has nothing before it to predict from.
    """

    vq: float = 1.0
    action: float = 2.0
    level_complete: float = 5.0
    no_level: float = 1.0
    changed: float = 1.0
    first_frame: float = 1.0

    def table(self, vocabulary: Vocabulary) -> NDArray[np.float32]:
        """Return the weight of every token id, float32 [len(vocabulary) + 1]."""
        weights = np.zeros(len(vocabulary) + 1, dtype=np.float32)
        weights[: vocabulary.codebook_size] = self.vq
        factor = 1.5 if vocabulary.has_locations else 1.0
        weights[vocabulary.codebook_size : vocabulary.frame] = self.action * factor
        weights[vocabulary.level_complete] = self.level_complete
        return weights


class Batch(NamedTuple):
    """Windows of one scheme, padded on the right with weight 0.

    Attributes:
        input_ids_BL: int64 tokens that the model reads (in part its own, see
            `training.scheduled_sampling`).
        labels_BL: int64 tokens to predict.
        masked_ids_BL: int64 tokens that the policy reads; every action token is `<MASK>`.
        weights_BL: float32 weight of each token as a target.
        outcomes_BL: int64 `Outcome` at the last token of each action, else `IGNORE`.
        types_BL: int64 id of the action to choose, at the last code of each frame, else `IGNORE`.
        cells_BL: int64 cell of that action (64: no place), else `IGNORE`.
        offsets_BL: int64 pixel of that click in its cell, else `IGNORE`.
    """

    input_ids_BL: Tensor
    labels_BL: Tensor
    masked_ids_BL: Tensor
    weights_BL: Tensor
    outcomes_BL: Tensor
    types_BL: Tensor
    cells_BL: Tensor
    offsets_BL: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return Batch(*(column.to(device) for column in self))


class Layout:
    """Turns windows into batches in one scheme, with a weight for each token."""

    def __init__(self, vocabulary: Vocabulary, weights: LossWeights) -> None:
        self.vocabulary, self.weights = vocabulary, weights
        self._table = weights.table(vocabulary)

    def batch(self, windows: Sequence[CodedEpisode]) -> Batch:
        """Return windows as a batch."""
        rows = [self._row(window) for window in windows]
        length = max(len(row[0]) for row in rows)
        fills = (*[self.vocabulary.frame] * 2, 0.0, *[IGNORE] * 4)
        columns = [
            torch.from_numpy(np.stack([_pad(row[k], length, fill) for row in rows]))
            for k, fill in enumerate(fills)
        ]
        ids, *rest = (c if c.is_floating_point() else c.long() for c in columns)
        return Batch(ids, ids, *rest)

    def _row(self, window: CodedEpisode) -> tuple[NDArray[np.generic], ...]:
        vocabulary = self.vocabulary
        ids = to_token_ids(vocabulary, window)
        starts = np.flatnonzero(ids == vocabulary.frame)
        ends = np.flatnonzero(ids == vocabulary.act) + vocabulary.action_tokens - 1
        outcomes, types, cells, offsets = np.full((4, len(ids)), IGNORE, dtype=np.int16)
        taught = (window.outcomes_A != Outcome.NOTHING) | bool(self.weights.no_level)
        outcomes[ends] = np.where(taught, window.outcomes_A.astype(np.int16), IGNORE)
        choices = chosen(window)
        last_codes = starts[: len(ends)] + CELLS
        types[last_codes] = np.where(choices, window.types_A, IGNORE)
        cells[last_codes] = np.where(choices, window.cells_A, IGNORE)
        if window.offsets_A is not None:
            clicks = choices & (window.types_A == CLICK)
            offsets[last_codes] = np.where(clicks, window.offsets_A, IGNORE)
        weights = self._weigh(ids, window, starts, ends)
        masked = mask_actions(vocabulary, ids)
        return ids, masked, weights, outcomes, types, cells, offsets

    def _weigh(
        self,
        ids: NDArray[np.int32],
        window: CodedEpisode,
        starts: NDArray[np.intp],
        ends: NDArray[np.intp],
    ) -> NDArray[np.float32]:
        weights = self._table[np.where(ids > self.vocabulary.mask, 0, ids)]
        codes_at = starts[:, None] + np.arange(1, CELLS + 1)
        weights[codes_at[0]] *= self.weights.first_frame
        changed = window.indices_TC[1:] != window.indices_TC[:-1]
        weights[codes_at[1:]] *= np.where(changed, np.float32(self.weights.changed), 1)
        after = ends[ends + 1 < len(ids)] + 1
        weights[after[ids[after] == self.vocabulary.frame]] = self.weights.no_level
        if len(window.types_A) == len(window.indices_TC):  # the last action was never taken
            weights[ends[-1] - self.vocabulary.action_tokens + 1 :] = 0.0
        return weights


def chosen(window: CodedEpisode) -> NDArray[np.bool_]:
    """Return which actions a policy learns from, bool [A]: those of winning segments, not RESET."""
    return window.winning_A & (window.types_A != RESET)


def _pad[T: np.generic](row: NDArray[T], length: int, fill: float) -> NDArray[T]:
    return np.concatenate([row, np.full(length - len(row), fill, dtype=row.dtype)])
