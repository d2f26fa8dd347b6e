"""Cache the hidden states of the frozen world model for the training of the policy.

The windows of a data set are few and sampled many times, so each is computed only once. This is
valid while the `<MASK>` row is not trained.
"""

from __future__ import annotations

import torch
from torch import Tensor

from arcworld.models.transformer.world_model import WorldModel

MOST_BYTES = 4 * 2**30
"""Limit on the bytes of the cache; beyond it, hidden states are computed each time."""


class FeatureCache:
    """A cache of hidden states by window."""

    def __init__(
        self, world_model: WorldModel, mask_row_D: Tensor, most_bytes: int = MOST_BYTES
    ) -> None:
        self._model, self._mask_row_D = world_model, mask_row_D
        self._left = most_bytes
        self._kept: dict[bytes, Tensor] = {}

    @torch.no_grad()
    def hidden(self, masked_ids_BL: Tensor) -> Tensor:
        """Return hidden states [B, L, D] of windows; 0 at the padding.

        Windows are padded on the right with `<FRAME>`, as `WindowSampler` does.
        """
        lengths = self._lengths(masked_ids_BL)
        rows = zip(masked_ids_BL, lengths, strict=True)
        keys = [ids[:length].cpu().numpy().tobytes() for ids, length in rows]
        found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = [i for i, key in enumerate(keys) if key not in found]
        if missing:
            read = self._model.hidden(masked_ids_BL[missing], mask_row_D=self._mask_row_D)
            for i, hidden_LD in zip(missing, read, strict=True):
                found[keys[i]] = hidden_LD[: lengths[i]].clone()
                self._keep(keys[i], found[keys[i]])
        return torch.nn.utils.rnn.pad_sequence([found[key] for key in keys], batch_first=True)

    def _lengths(self, ids_BL: Tensor) -> list[int]:
        """Return the number of tokens of each window, without padding."""
        at = torch.arange(1, ids_BL.shape[1] + 1, device=ids_BL.device)
        return torch.where(ids_BL != self._model.vocabulary.frame, at, 0).amax(1).tolist()

    def _keep(self, key: bytes, hidden_LD: Tensor) -> None:
        size = hidden_LD.numel() * hidden_LD.element_size()
        if key not in self._kept and size <= self._left:
            self._kept[key] = hidden_LD
            self._left -= size
