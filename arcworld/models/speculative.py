"""Decoding by draft: all 64 codes of a frame are checked in one pass, not made in 64.

Knows tokens and the world model; knows nothing of where a draft comes from. A pass tells what
decoding gives at every position if the draft before it is right. So all up to the first that
differs are settled, and that one is put right; what the pass said of those behind it is the next
draft. Each pass settles one code or more, and none is settled that one pass a code would not give.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.sampling import SamplerNoise, sample_cells
from arcworld.models.world_model import WorldModel


def decode_speculative(
    model: WorldModel, prompt_BL: Tensor, drafts_BC: Tensor, noise: SamplerNoise | None = None
) -> tuple[Tensor, Tensor]:
    """The hidden state [B, D] at the end of each prompt, and ids [B, 64] of the frame after it.

    The first pass reads prompts and drafts together. Dice make it rejection sampling from a draft
    that is certain: a code is settled as likely as the model says it is, else another is drawn.
    """
    from transformers import DynamicCache

    frame = prompt_BL.new_full((len(prompt_BL), 1), model.vocabulary.frame)
    rows = _Rows(model, torch.cat([prompt_BL, frame, drafts_BC], dim=1), noise, DynamicCache())
    hidden = model.hidden(rows.ids_BL[:, :-1], cache=rows.cache, last=rows.ids_BL.shape[1] - 1)
    after, hidden = hidden[:, -CELLS - 1], hidden[:, -CELLS:]
    codes = torch.empty_like(drafts_BC)
    while True:
        rows.settle(hidden)
        rows.hand_over(codes)
        if not len(rows.ids_BL):
            return after, codes
        hidden = rows.read_on()


class _Rows:
    """Frames not yet settled: prompts, `<FRAME>` and drafts, and how far each is right.

    Attributes:
        first: all rows are settled up to here; the cache goes on from here.
    """

    def __init__(
        self, model: WorldModel, ids_BL: Tensor, noise: SamplerNoise | None, cache: Any
    ) -> None:
        self.model, self.ids_BL, self.noise, self.cache = model, ids_BL, noise, cache
        self.first = 0
        self._places_B = torch.arange(len(ids_BL), device=ids_BL.device)
        self._settled_B = torch.zeros_like(self._places_B)

    def settle(self, hidden_BND: Tensor) -> None:
        """Settle what a pass from `first` on says, and draft the rest anew."""
        codes = self.ids_BL[:, -CELLS:]  # a view: what is written there is written to `ids_BL`
        drafts = codes[:, self.first :]
        predicted = self._sample(hidden_BND)
        at = torch.arange(self.first, CELLS, device=predicted.device)
        differs, wrong = self._first_wrong(predicted, drafts, at)
        while len(new := (differs & (self._at(predicted, wrong) < 0)).nonzero()[:, 0]):
            predicted[new, wrong[new]] = self.model.spell(hidden_BND[new, wrong[new]])
            differs, wrong = self._first_wrong(predicted, drafts, at)
        settled = torch.where(differs, wrong + 1 + self.first, CELLS)
        open_BN = (at >= self._settled_B[:, None]) & (predicted >= 0)
        drafts.copy_(torch.where(open_BN, predicted, drafts))
        self._settled_B = settled

    def hand_over(self, codes_BC: Tensor) -> None:
        """Put whole frames where they belong, and go on with the others."""
        whole = self._settled_B == CELLS
        if not bool(whole.any()):
            return
        codes_BC[self._places_B[whole]] = self.ids_BL[whole, -CELLS:]
        left = (~whole).nonzero()[:, 0]
        self.ids_BL, self._places_B = self.ids_BL[left], self._places_B[left]
        self._settled_B = self._settled_B[left]
        self.noise = self.noise and self.noise.take(left)
        self.cache.batch_select_indices(left)

    def read_on(self) -> Tensor:
        """A pass over what is not settled in every row."""
        before, self.first = self.first, int(self._settled_B.min())
        assert self.first > before
        self.cache.crop(self.first - CELLS)
        return self.model.hidden(self.ids_BL[:, :-1], cache=self.cache, last=CELLS - self.first)

    def _sample(self, hidden_BND: Tensor) -> Tensor:
        ids = self.ids_BL[:, :-1]
        cell_context = self.model.cell_context(ids, (slice(None), slice(self.first - CELLS, None)))
        return sample_cells(self.model, hidden_BND, cell_context, self.noise, self.first)

    def _first_wrong(
        self, predicted_BN: Tensor, drafts_BN: Tensor, at_N: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Whether a draft errs behind what is settled, and the place of the first error."""
        wrong = (predicted_BN != drafts_BN) & (at_N >= self._settled_B[:, None])
        return wrong.any(1), wrong.long().argmax(1)

    @staticmethod
    def _at(values_BN: Tensor, places_B: Tensor) -> Tensor:
        return values_BN.gather(1, places_B[:, None])[:, 0]
