"""Speculative decoding: check all 64 codes of a draft in one forward pass instead of 64 passes.

A pass predicts every code, given that the draft before it is right. So all codes up to the first
wrong one are accepted, and the wrong one is replaced by the prediction. The predictions after it
become the next draft. Each pass accepts at least one code. The result is exactly that of decoding
with one pass per code.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.decoding.sampling import SamplerNoise, sample_cells
from arcworld.models.transformer.world_model import WorldModel


def decode_speculative(
    model: WorldModel, prompt_BL: Tensor, drafts_BC: Tensor, noise: SamplerNoise | None = None
) -> tuple[Tensor, Tensor]:
    """Return the hidden state [B, D] at the end of each prompt, and ids [B, 64] of the next frame.

    Args:
        model: the world model.
        prompt_BL: ids up to the end of the pending action.
        drafts_BC: ids of a guess of the next frame.
        noise: random numbers for sampling; None decodes greedily. A code of the draft is then
            accepted with the probability that the model gives it.
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
    """The frames that are not yet complete: prompts, `<FRAME>` and drafts.

    A code is settled once it is accepted or replaced by the model's prediction.

    Attributes:
        first: the number of codes that are settled in all rows; the next pass starts here.
    """

    def __init__(
        self, model: WorldModel, ids_BL: Tensor, noise: SamplerNoise | None, cache: Any
    ) -> None:
        self.model, self.ids_BL, self.noise, self.cache = model, ids_BL, noise, cache
        self.first = 0
        self._places_B = torch.arange(len(ids_BL), device=ids_BL.device)
        self._settled_B = torch.zeros_like(self._places_B)

    def settle(self, hidden_BND: Tensor) -> None:
        """Settle codes by the hidden states of a pass from `first` on, and redraft the rest."""
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
        """Write complete frames into `codes_BC`, and drop their rows."""
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
        """Run a pass over the codes from the first that is not settled in all rows."""
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
        """Return whether each draft is wrong after its settled part, and the first wrong place."""
        wrong = (predicted_BN != drafts_BN) & (at_N >= self._settled_B[:, None])
        return wrong.any(1), wrong.long().argmax(1)

    @staticmethod
    def _at(values_BN: Tensor, places_B: Tensor) -> Tensor:
        return values_BN.gather(1, places_B[:, None])[:, 0]
