"""A game's history as a model reads it, step by step: only what is new is read.

Knows tokens, a world model and a cache of what it has read; knows nothing of games or choices. The
real stream and the policy's, in which actions are `<MASK>`, have the same length and go through
the body as one batch: each step costs its own 68 positions, twice.

At the edge of the context the answer is that of a history of the newest frames and nothing else.
What was read of a frame depends on all frames before it, so when the oldest is dropped, no part of
the cache is right any more: the window is read anew. From then on each step costs a window, or,
with `hop` frames dropped at once, a window every `hop` steps and 68 positions in between.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.world_model import WorldModel
from arcworld.tokens.sequence import CodedEpisode, mask_actions, to_token_ids


class IncrementalCache:
    """One game's history, and hidden states of what was read last.

    Attributes:
        history: the window that is read, up to the frame where an action is to be chosen.
    """

    def __init__(
        self,
        model: WorldModel,
        history: CodedEpisode,
        mask_row_D: Tensor | None = None,
        hop: int = 1,
    ) -> None:
        """Read a history that ends in a frame; without `mask_row_D` there is no masked stream.

        Args:
            model: the world model.
            history: at most `context_frames` frames.
            mask_row_D: what the policy reads in place of an action.
            hop: frames dropped at once where the context is full.
        """
        frames = model.config.context_frames
        if not 1 <= hop <= frames:
            raise ValueError(f"a hop is 1 to {frames} frames, the context; found {hop}")
        self.model, self.mask_row_D, self.hop = model, mask_row_D, hop
        self._recompute(history)

    @property
    def ids_L(self) -> Tensor:
        """The real stream."""
        return self._ids_SL[0]

    @property
    def cells_SCD(self) -> Tensor:
        """Hidden states of the last frame's codes: of the real stream, then of the masked one."""
        return self._hidden_SLD[:, -CELLS:]

    def append(self, history: CodedEpisode) -> Tensor:
        """Read one step more: `history` is the old one, an action, and the frame it led to.

        Returns the negative log-likelihood in nats of the frame's cells [64], read with the whole
        old window before it. Then, where that is more than the context, frames are dropped.
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
        """A cache of the real stream alone; what is put behind it is not put into the streams."""
        from transformers import DynamicCache

        return DynamicCache([(layer.keys[:1], layer.values[:1]) for layer in self._cache.layers])

    def snapshot(self) -> Any:
        """What was read so far, to go back to by `restore`: a branch, or a step to be timed."""
        return self.history, self._ids_SL, self._hidden_SLD, self._cache, self._ids_SL.shape[1]

    def restore(self, snapshot: Any) -> None:
        """Go back to what `snapshot` gave: the streams have only been put behind it since."""
        self.history, self._ids_SL, self._hidden_SLD, self._cache, length = snapshot
        self._cache.crop(length - self._cache.get_seq_length())

    def _recompute(self, history: CodedEpisode) -> None:
        from arcworld.models.preallocated_cache import preallocated_cache

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
