"""The vectors of tokens: an embedding row and, for cells, an encoding of their pixels.

The vector of a code is its own row plus the output of a small network on its 64 pixels. A spelled
cell has no row and gets only the second part. So a cell that training never showed still has a
useful vector.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.frames.lexicon import PIXELS, Lexicon, one_hot
from arcworld.recordings.episode import COLOURS
from arcworld.tokens.vocabulary import Vocabulary


class CellEncoder(nn.Module):
    """Encodes the pixels of cells, uint8 [N, 64], as vectors [N, D]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pixels = nn.Linear(PIXELS * COLOURS, width)
        self.out = nn.Linear(width, width, bias=False)
        nn.init.normal_(self.pixels.weight, std=PIXELS**-0.5)
        nn.init.normal_(self.out.weight, std=0.02 * width**-0.5)

    def forward(self, cells_NP: Tensor) -> Tensor:
        """Return vectors [N, D]."""
        return self.read(one_hot(cells_NP))

    def read(self, pixels_NP16: Tensor) -> Tensor:
        """Return vectors [N, D] of cells in the form of `one_hot`, [N, 1024]."""
        return self.out(F.gelu(self.pixels(pixels_NP16)))


class TokenEmbedding(nn.Embedding):
    """Embeds tokens, and returns the rows that predict them (tied weights).

    Attributes:
        cell_encoder: encodes the pixels of cells; None: the vector of a code is just its row.
        lexicon: the cells of the tokenizer by id; needed with a `cell_encoder`.
    """

    def __init__(self, vocabulary: Vocabulary, width: int, *, reads_cells: bool) -> None:
        super().__init__(len(vocabulary), width)
        self.vocabulary = vocabulary
        self.cell_encoder = CellEncoder(width) if reads_cells else None
        self.lexicon: Lexicon | None = None
        self._pixels: Tensor | None = None
        nn.init.normal_(self.weight, std=0.02)
        self._known: tuple[tuple[int, ...], Tensor] | None = None

    def rows(self) -> Tensor:
        """Return the vector of every token that can be predicted, [len(vocabulary), D]."""
        if self.cell_encoder is None:
            return self.weight
        if torch.is_grad_enabled() or self.training:
            return self._read_codes()
        return self._cached_rows()[: self.num_embeddings]

    def forward(self, input: Tensor) -> Tensor:
        """Return vectors [..., D] of ids, including spelled cells."""
        if self.cell_encoder is None:
            return F.embedding(input, self.weight)
        if torch.is_grad_enabled() or self.training:
            return self._read_each(input)
        remembered = self._cached_rows()
        spelled = input > self.vocabulary.mask
        return F.embedding(torch.where(spelled, input - 1, input), remembered)

    def _read_codes(self) -> Tensor:
        codes = self.vocabulary.codebook_size
        read = self._encoder_and_lexicon()[0].read(self._pixels_of_codes())
        return torch.cat([self.weight[:codes] + read, self.weight[codes:]])

    def _pixels_of_codes(self) -> Tensor:
        """Return the one-hot pixels of the codes; cached in bfloat16, where 0 and 1 are exact."""
        if self._pixels is None or self._pixels.device != self.weight.device:
            cells, _ = self._cells()
            self._pixels = one_hot(cells[: self.vocabulary.codebook_size]).bfloat16()
        if torch.is_autocast_enabled(self.weight.device.type):
            return self._pixels
        return self._pixels.to(self.weight.dtype)

    def attach(self, lexicon: Lexicon) -> None:
        """Use the cells of this lexicon from now on."""
        self.lexicon, self._pixels, self._known = lexicon, None, None

    def _read_each(self, ids: Tensor) -> Tensor:
        """Return vectors of ids, encoding each distinct cell once, sorted by content.

        The fixed order makes sums of gradients independent of the ids that spelled cells got.
        """
        cell_encoder, _ = self._encoder_and_lexicon()
        codes, mask = self.vocabulary.codebook_size, self.vocabulary.mask
        flat = ids.flatten()
        is_cell = (flat < codes) | (flat > mask)
        own = F.embedding(torch.where(flat > mask, 0, flat), self.weight)
        own = own * (flat <= mask)[:, None]
        cells, keys = self._cells()
        places = self.places(flat[is_cell])
        kinds, back = keys[places].unique(return_inverse=True)
        first = torch.full_like(kinds, len(cells)).scatter_reduce(0, back, places, "amin")
        read = cell_encoder(cells[first])
        vectors = own.to(read.dtype).index_add(0, is_cell.nonzero()[:, 0], read[back])
        return vectors.unflatten(0, ids.shape)

    def places(self, cell_ids: Tensor) -> Tensor:
        """Convert token ids of cells to ids in the lexicon."""
        past = self.vocabulary.mask + 1 - self.vocabulary.codebook_size
        return torch.where(cell_ids > self.vocabulary.mask, cell_ids - past, cell_ids)

    def _cells(self) -> tuple[Tensor, Tensor]:
        return self._encoder_and_lexicon()[1].table(self.weight.device)

    def _encoder_and_lexicon(self) -> tuple[CellEncoder, Lexicon]:
        assert self.cell_encoder is not None
        if self.lexicon is None:
            raise RuntimeError("this world model reads cells; give it a tokenizer with `attach`")
        return self.cell_encoder, self.lexicon

    @torch.no_grad()
    def _cached_rows(self) -> Tensor:
        """Return rows of all tokens, then of all spelled cells; cached until a weight changes."""
        cell_encoder, lexicon = self._encoder_and_lexicon()
        state = (self.weight.data_ptr(), *(p._version for p in self.parameters()))
        if self._known is None or self._known[0] != state:
            self._known = state, self._read_codes()
        known = self._known[1]
        spelled = len(lexicon) - lexicon.codes
        missing = spelled - (len(known) - self.num_embeddings)
        if missing > 0:
            cells, _ = self._cells()
            known = torch.cat([known, cell_encoder(cells[-missing:]).to(known.dtype)])
            self._known = state, known
        return known
