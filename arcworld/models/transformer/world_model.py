"""The token world model: a causal transformer that predicts next tokens and outcomes of actions.

Its vocabulary has only tokens of games, and no words. The same vectors embed and predict tokens
(tied weights).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook
from arcworld.frames.tokenizer import CELLS, FrameTokenizer
from arcworld.models.transformer.backbone import BackboneConfig, build_backbone, width_of
from arcworld.models.transformer.cell_context import CellContext, read_cell_context
from arcworld.models.transformer.embedding import SequenceEmbedding
from arcworld.models.transformer.loss import world_model_loss
from arcworld.models.transformer.spelling import SpellingHead
from arcworld.models.transformer.token_embedding import TokenEmbedding
from arcworld.recordings.episode import Outcome
from arcworld.tokens.batches import Batch
from arcworld.tokens.vocabulary import Scheme, Vocabulary


@dataclass(frozen=True)
class WorldModelConfig:
    """Architecture of a token world model.

    Attributes:
        scheme: the vocabulary, v1 or v2.
        codebook_size: number of codes of the tokenizer.
        context_frames: number of frames in the context; a longer history is cut at a `<FRAME>`.
        context_features: add features of the next cell to each position: its code in the previous
            frame, the type of the action and, in v2, the place of the click
            (`position_context`). A gate also raises the logit of the previous code, since
            most cells do not change. The original design has no such features.
        backbone: the transformer.
        reads_cells: encode cells also by their pixels (`token_embedding`), and predict cells
            that are not codes, by pointing at the previous frame or by spelling. Needs a
            `PatchCodebook` and `context_features`.
        changed_weight: the weight of changed cells in training, relative to unchanged ones. With
            `context_features`, the gate corrects for it, so that probabilities are right.
        frame_conv: number of blocks of the convolution over the previous frame
            (`frame_conv`). It needs `context_features`; 0 leaves it out.
    """

    scheme: Scheme = "v2"
    codebook_size: int = 512
    context_frames: int = 30
    context_features: bool = False
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    reads_cells: bool = False
    frame_conv: int = 0
    changed_weight: float = 1.0


class WorldModel(nn.Module):
    """A causal transformer over tokens, with logits of the next token and of the outcome."""

    fingerprint: Tensor

    def __init__(self, config: WorldModelConfig) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = Vocabulary(config.scheme, config.codebook_size)
        self.backbone = build_backbone(config.backbone)
        self.width = width = width_of(self.backbone)
        self.embedding = SequenceEmbedding(
            self.vocabulary,
            width,
            context_features=config.context_features,
            reads_cells=config.reads_cells,
            frame_conv=config.frame_conv,
        )
        self.outcome_head = nn.Linear(width, len(Outcome))
        self.register_buffer("fingerprint", torch.zeros(1, dtype=torch.int64))
        if config.context_features:
            self.copy_gate = nn.Linear(width, 1)
            nn.init.zeros_(self.copy_gate.weight)
            nn.init.constant_(self.copy_gate.bias, math.log(len(self.vocabulary)))
        if config.reads_cells:
            self.escape = nn.Linear(width, 1)
            nn.init.constant_(self.escape.bias, -2.0)
            self.spelling = SpellingHead(width)

    @property
    def reads_cells(self) -> bool:
        """See `WorldModelConfig.reads_cells`."""
        return self.config.reads_cells

    @property
    def token_embedding(self) -> TokenEmbedding:
        """The vectors of tokens, which embed and predict them."""
        return self.embedding.token_embedding

    @property
    def device(self) -> torch.device:
        """The device of the parameters."""
        return self.token_embedding.weight.device

    def start_from(self, tokenizer: FrameTokenizer) -> None:
        """Attach a tokenizer before training, and initialise the rows of its codes.

        With `reads_cells` the rows start at zero. Otherwise they start as a random projection of
        the tokenizer's vectors, scaled like the other rows.
        """
        self.fingerprint.copy_(tokenizer.fingerprint())
        self.attach(tokenizer)
        codes_KD = tokenizer.codes().cpu()
        generator = torch.Generator().manual_seed(0)
        projection = torch.randn(codes_KD.shape[1], self.width, generator=generator)
        rows = codes_KD @ projection
        rows = (rows - rows.mean(0)) / rows.std().clamp(min=1e-6) * 0.02
        with torch.no_grad():
            self.token_embedding.weight[: len(rows)] = 0.0 if self.reads_cells else rows

    def attach(self, tokenizer: FrameTokenizer) -> None:
        """Use this tokenizer, which must be the one that the model was trained with.

        Raises:
            ArcworldError: it is another tokenizer.
        """
        if int(self.fingerprint) != int(tokenizer.fingerprint()):
            raise ArcworldError(
                "found another tokenizer than the one that the world model was trained with;"
                " expected that one; restore the tokenizer of this run"
            )
        if isinstance(tokenizer, PatchCodebook):
            self.token_embedding.attach(tokenizer.lexicon)

    def hidden(
        self,
        input_ids_BL: Tensor,
        *,
        mask_row_D: Tensor | None = None,
        cache: Any = None,
        last: int | None = None,
    ) -> Tensor:
        """Return hidden states [B, L, D].

        Args:
            input_ids_BL: the whole sequences.
            mask_row_D: the vector of `<MASK>`.
            cache: a `transformers.Cache` with the earlier part of the sequences, or None.
            last: with a cache, the number of positions to compute and return.
        """
        return self.read(self.embedding(input_ids_BL, mask_row_D, last), cache)

    def read(
        self,
        vectors_BLD: Tensor,
        cache: Any = None,
        *,
        attends_BQK: Tensor | None = None,
        positions_BQ: Tensor | None = None,
    ) -> Tensor:
        """Run the backbone over embedded tokens; return hidden states [B, L, D].

        Args:
            vectors_BLD: embedded tokens.
            cache: a `transformers.Cache` with earlier tokens, or None.
            attends_BQK: bool, which keys each token attends to; None: all earlier ones.
            positions_BQ: position of each token; None: they are consecutive.
        """
        body_dtype = next(self.backbone.parameters()).dtype
        if not torch.is_autocast_enabled(vectors_BLD.device.type):
            vectors_BLD = vectors_BLD.to(body_dtype)
        output = self.backbone(
            inputs_embeds=vectors_BLD,
            past_key_values=cache,
            use_cache=cache is not None,
            attention_mask=None if attends_BQK is None else attends_BQK[:, None],
            position_ids=positions_BQ,
        )
        return output.last_hidden_state

    def logits(
        self, hidden_ND: Tensor, cell_context: CellContext | None = None, *, weighted: bool = False
    ) -> Tensor:
        """Return logits of every token but `<MASK>`, float32 [N, len(vocabulary)].

        Args:
            hidden_ND: hidden states.
            cell_context: of the same positions. With it, the gate raises the logit of the same cell
                in the previous frame. With `reads_cells`, columns for `<ESCAPE>` and 64 pointers
                follow: [N, len(vocabulary) + 65].
            weighted: whether to return the logits of the weighted training loss, without the
                correction for `changed_weight`.
        """
        logits = F.linear(hidden_ND, self.token_embedding.rows().to(hidden_ND.dtype)).float()
        if cell_context is None:
            return logits
        if self.reads_cells:
            logits = torch.cat([logits, self._open_logits(hidden_ND, cell_context)], dim=1)
        gate = self.copy_gate(hidden_ND.to(self.copy_gate.weight.dtype)).float()
        if not weighted:
            gate = gate + math.log(self.config.changed_weight)
        gate = gate * (cell_context.previous_N >= 0)[:, None]
        return logits.scatter_add(1, cell_context.previous_column(self.vocabulary)[:, None], gate)

    def _open_logits(self, hidden_ND: Tensor, cell_context: CellContext) -> Tensor:
        """Return logits of `<ESCAPE>` and of the pointers, float32 [N, 65]."""
        escape = self.escape(hidden_ND.to(self.escape.weight.dtype)).float()
        escape = escape.masked_fill(~cell_context.is_cell_N[:, None], -torch.inf)
        pointers = torch.full((len(hidden_ND), CELLS), -torch.inf, device=hidden_ND.device)
        open_NC = cell_context.pointers(self.vocabulary)
        rows, places = open_NC.nonzero(as_tuple=True)
        if len(rows):
            vectors = self.token_embedding(cell_context.previous_frame_NC[rows, places])
            pointed = (hidden_ND[rows].float() * vectors.float()).sum(1)
            pointers = pointers.index_put((rows, places), pointed)
        return torch.cat([escape, pointers], dim=1)

    def cell_context(self, input_ids_BL: Tensor, at: Any) -> CellContext | None:
        """Return the context of the next cells at some positions, or None without that feature.

        `at` is any index of [B, L]; the positions are flattened.
        """
        if not self.config.context_features:
            return None
        return read_cell_context(self.vocabulary, input_ids_BL, at)

    def cell_nll(
        self, hidden_ND: Tensor, cell_context: CellContext | None, ids_N: Tensor
    ) -> Tensor:
        """Return the negative log-likelihood in nats of the next tokens `ids_N`, float32 [N]."""
        logits = self.logits(hidden_ND, cell_context)
        columns = ids_N if cell_context is None else cell_context.columns(self.vocabulary, ids_N)
        nll = F.cross_entropy(logits, columns, reduction="none")
        return nll + self.spelling_nll(hidden_ND, columns, ids_N)

    def frame_nll(self, hidden_LD: Tensor, ids_L: Tensor) -> Tensor:
        """Return the negative log-likelihood in nats of a sequence's last 64 cells, float32 [64].

        Args:
            hidden_LD: hidden states of its last positions, at least 65.
            ids_L: ids of the whole sequence.
        """
        cell_context = self.cell_context(ids_L[None], (slice(None), slice(-CELLS - 1, -1)))
        return self.cell_nll(hidden_LD[-CELLS - 1 : -1], cell_context, ids_L[-CELLS:]).float()

    def spelling_nll(self, hidden_ND: Tensor, columns_N: Tensor, ids_N: Tensor) -> Tensor:
        """Return the negative log-likelihood in nats of spellings, float32 [N].

        It is 0 where the column is not `<ESCAPE>`.
        """
        nll = torch.zeros(len(ids_N), device=ids_N.device)
        new = (columns_N == len(self.vocabulary)).nonzero()[:, 0]
        if not self.reads_cells or not len(new):
            return nll
        lexicon, cell_encoder = self.token_embedding.lexicon, self.token_embedding.cell_encoder
        assert lexicon is not None and cell_encoder is not None
        ids = self.token_embedding.places(ids_N[new]).tolist()
        codes = self.token_embedding.rows()[: self.vocabulary.codebook_size]
        return nll.index_put(
            (new,), self.spelling.nll(hidden_ND[new], ids, lexicon, codes, cell_encoder)
        )

    @torch.no_grad()
    def likeliest_cells(self, hidden_ND: Tensor, cell_context: CellContext | None) -> Tensor:
        """Return the ids of the most likely cell at each of N positions, int64 [N]."""
        ids = self.likeliest_known_cells(hidden_ND, cell_context)
        new = (ids < 0).nonzero()[:, 0]
        if len(new):
            ids[new] = self.spell(hidden_ND[new])
        return ids

    @torch.no_grad()
    def likeliest_known_cells(self, hidden_ND: Tensor, cell_context: CellContext | None) -> Tensor:
        """Return `likeliest_cells`, with -1 for a new cell that is yet to be spelled."""
        return self.cells_in(self.cell_logits(hidden_ND, cell_context).argmax(1), cell_context)

    def cell_logits(self, hidden_ND: Tensor, cell_context: CellContext | None) -> Tensor:
        """Return `logits` with -inf for all tokens that are not cells."""
        logits = self.logits(hidden_ND, cell_context)
        logits[:, self.vocabulary.codebook_size : len(self.vocabulary)] = -torch.inf
        return logits

    def cells_in(self, columns_N: Tensor, cell_context: CellContext | None) -> Tensor:
        """Return the id of the cell of each column of logits; -1 for a new cell (`<ESCAPE>`)."""
        return columns_N if cell_context is None else cell_context.ids(self.vocabulary, columns_N)

    @torch.no_grad()
    def spell(self, hidden_ND: Tensor) -> Tensor:
        """Spell new cells, add them to the lexicon, and return their token ids, int64 [N]."""
        lexicon, cell_encoder = self.token_embedding.lexicon, self.token_embedding.cell_encoder
        assert lexicon is not None and cell_encoder is not None
        table, _ = lexicon.table(hidden_ND.device)
        codes = self.token_embedding.rows()[: self.vocabulary.codebook_size]
        cells = self.spelling.spell(hidden_ND, codes, table, cell_encoder)
        ids = lexicon.ids(cells.cpu().numpy())
        moved = self.vocabulary.cell_ids(ids.astype(np.int32)).astype(np.int64)
        return torch.from_numpy(moved).to(hidden_ND.device)

    def outcome_logits(self, hidden_D: Tensor) -> Tensor:
        """Return logits of each `Outcome` at the last token of an action, float32 [..., 3]."""
        head = self.outcome_head
        return F.linear(hidden_D.float(), head.weight.float(), head.bias.float())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Return the training loss and its parts (`loss`)."""
        return world_model_loss(self, batch)
