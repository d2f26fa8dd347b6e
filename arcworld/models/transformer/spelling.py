"""The head that spells a cell that is not a code: a base code, then strokes, then a stop.

It is autoregressive: each stroke is predicted from the hidden state and the cell painted so far.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.frames.lexicon import PIXELS, RUNS, STOP, Lexicon, paint, run_mask
from arcworld.models.transformer.token_embedding import CellEncoder
from arcworld.recordings.episode import COLOURS

LONGEST = 64
"""Limit on the strokes of a generated spelling; no cell needs more."""
SCALE = 50.0
"""The factor that brings the vectors of `CellEncoder` (std 0.02, as embeddings have) to size 1."""


class SpellingHead(nn.Module):
    """Predicts the spelling of the next cell from the hidden state of a position."""

    masks: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.base = nn.Linear(width, width)
        self.mix = nn.Linear(2 * width, width)
        self.run = nn.Linear(width, RUNS + 1)
        self.run_row = nn.Embedding(RUNS + 1, width)
        self.colour = nn.Linear(width, COLOURS)
        self.register_buffer("masks", torch.from_numpy(run_mask()), persistent=False)

    def nll(
        self,
        hidden_ND: Tensor,
        ids: Sequence[int],
        lexicon: Lexicon,
        codes_KD: Tensor,
        cell_encoder: CellEncoder,
    ) -> Tensor:
        """Return the negative log-likelihood in nats of the spellings of N cells, float32 [N].

        Args:
            hidden_ND: hidden states at the positions that predict the cells.
            ids: ids of the cells in the lexicon.
            lexicon: has their spellings.
            codes_KD: vectors of the codes.
            cell_encoder: encodes the cell painted so far.
        """
        spellings = [lexicon.spelling(cell_id) for cell_id in ids]
        device = hidden_ND.device
        bases = torch.tensor([s.base for s in spellings], device=device)
        nll = F.cross_entropy(self._bases(hidden_ND, codes_KD), bases, reduction="none")
        owner = [n for n, s in enumerate(spellings) for _ in range(len(s.strokes) + 1)]
        painted = [
            paint(lexicon.cells(np.array(s.base)), s.strokes[:k])
            for s in spellings
            for k in range(len(s.strokes) + 1)
        ]
        steps = [step for s in spellings for step in (*s.strokes, (STOP, 0))]
        at = torch.tensor(owner, device=device)
        runs, colours = torch.tensor(steps, device=device).unbind(1)
        state = self._state(
            hidden_ND[at], torch.from_numpy(np.stack(painted)).to(device), cell_encoder
        )
        losses = F.cross_entropy(self.run(state).float(), runs, reduction="none")
        tints = F.cross_entropy(self._colours(state, runs), colours, reduction="none")
        return nll.index_add(0, at, losses + tints * (runs != STOP))

    @torch.no_grad()
    def spell(
        self, hidden_ND: Tensor, codes_KD: Tensor, table: Tensor, cell_encoder: CellEncoder
    ) -> Tensor:
        """Spell N cells greedily and return their pixels, uint8 [N, 64].

        Args:
            hidden_ND: hidden states at the positions that predict the cells.
            codes_KD: vectors of the codes.
            table: pixels of the codes, uint8 [K, 64].
            cell_encoder: encodes the cell painted so far.
        """
        cells = table[self._bases(hidden_ND, codes_KD).argmax(1)].clone()
        going = torch.ones(len(cells), dtype=torch.bool, device=cells.device)
        for _ in range(LONGEST):
            state = self._state(hidden_ND, cells, cell_encoder)
            runs = self.run(state).argmax(1)
            going = going & (runs != STOP)
            if not bool(going.any()):
                break
            colours = self._colours(state, runs).argmax(1)
            covered = self.masks[runs.clamp(max=RUNS - 1)] & going[:, None]
            cells = torch.where(covered, colours[:, None].to(cells.dtype), cells)
        return cells

    def _bases(self, hidden_ND: Tensor, codes_KD: Tensor) -> Tensor:
        query = self.base(hidden_ND.to(self.base.weight.dtype))
        return F.linear(query, codes_KD.to(query.dtype)).float()

    def _state(self, hidden_ND: Tensor, cells_NP: Tensor, cell_encoder: CellEncoder) -> Tensor:
        assert cells_NP.shape[1] == PIXELS
        read = cell_encoder(cells_NP) * SCALE
        hidden = hidden_ND.to(read.dtype)
        return F.gelu(self.mix(torch.cat([hidden, read], dim=1)))

    def _colours(self, state_ND: Tensor, runs_N: Tensor) -> Tensor:
        return self.colour(F.gelu(state_ND + self.run_row(runs_N))).float()
