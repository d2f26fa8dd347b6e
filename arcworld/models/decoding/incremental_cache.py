"""A key-value cache for one game: each step computes only the new positions.

There are two streams of equal length, computed as one batch: the real one, and the policy's, in
which actions are `<MASK>`. A step costs its own 68 positions (v2), twice.

When the context is full, the oldest frames are dropped. All later hidden states depend on them, so
the cache is then recomputed from the remaining frames; the result is exactly that of the shorter
history. With `hop` frames dropped at once, this happens every `hop` steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.transformer.world_model import WorldModel
from arcworld.tokens.sequence import CodedEpisode, mask_actions, to_token_ids


class IncrementalCache:
    """The history of one game, its key-value cache, and the newest hidden states.

    Attributes:
        history: the frames and actions in the cache, up to the frame where an action is chosen.
    """

    def __init__(
        self,
        model: WorldModel,
        history: CodedEpisode,
        mask_row_D: Tensor | None = None,
        hop: int = 1,
    ) -> None:
        """Read a history that ends in a frame.

        Args:
            model: the world model.
            history: at most `context_frames` frames.
            mask_row_D: the vector that the policy reads in place of an action; without it there is
                no masked stream.
            hop: number of frames dropped at once when the context is full.
        """
        frames = model.config.context_frames
        if not 1 <= hop <= frames:
            raise ValueError(f"found hop {hop}; expected 1 to {frames} frames, the context")
        self.model, self.mask_row_D, self.hop = model, mask_row_D, hop
        self._recompute(history)

    @property
    def ids_L(self) -> Tensor:
        """The ids of the real stream, int64 [L]."""
        return self._ids_SL[0]

    @property
    def cells_SCD(self) -> Tensor:
        """Hidden states of the last frame's codes [S, 64, D]: real stream, then masked stream."""
        return self._hidden_SLD[:, -CELLS:]

    def append(self, history: CodedEpisode) -> Tensor:
        """Read one more step and return the surprise of each cell of its frame, float32 [64].

        `history` is the old history plus an action and the frame it led to. The surprise is the
        negative log-likelihood in nats, given the whole old history. Afterwards, frames beyond the
        context are dropped.
        """
        ids = self._lay_out(history)
        fresh = ids.shape[1] - self._ids_SL.shape[1]
        assert torch.equal(ids[:, :-fresh], self._ids_SL), "the history is another than before"
        self._ids_SL = ids
        self._hidden_SLD = self._read(fresh)
        nll = self._surprise()
        frames = len(history.indices_TC)
        if frames > self.model.config.context_frames:
            self._recompute(history.window(self.hop, frames - self.hop))
        else:
            self.history = history
        return nll

    def real_cache(self) -> Any:
        """Return a separate cache of the real stream; appending to it does not change this one."""
        from transformers import DynamicCache

        return DynamicCache([(layer.keys[:1], layer.values[:1]) for layer in self._cache.layers])

    def snapshot(self) -> Any:
        """Return the present state for `restore`."""
        return self.history, self._ids_SL, self._hidden_SLD, self._cache, self._ids_SL.shape[1]

    def restore(self, snapshot: Any) -> None:
        """Return to a snapshot; only `append` may have run since it was taken."""
        self.history, self._ids_SL, self._hidden_SLD, self._cache, length = snapshot
        if added := self._cache.get_seq_length() - length:  # crop(0) drops all in transformers 4
            self._cache.crop(-added)

    def _recompute(self, history: CodedEpisode) -> None:
        from arcworld.models.decoding.preallocated_cache import preallocated_cache

        self.history = history
        self._ids_SL = self._lay_out(history)
        self._cache: Any = preallocated_cache()
        self._hidden_SLD = self._read(self._ids_SL.shape[1])

    @torch.inference_mode()
    def _read(self, count: int) -> Tensor:
        return self.model.hidden(
            self._ids_SL, mask_row_D=self.mask_row_D, cache=self._cache, last=count
        )

    @torch.inference_mode()
    def _surprise(self) -> Tensor:
        return self.model.frame_nll(self._hidden_SLD[0], self._ids_SL[0])

    def _lay_out(self, history: CodedEpisode) -> Tensor:
        real = to_token_ids(self.model.vocabulary, history)
        rows = (
            [real] if self.mask_row_D is None else [real, mask_actions(self.model.vocabulary, real)]
        )
        return torch.from_numpy(np.stack(rows)).long().to(self.model.device)
