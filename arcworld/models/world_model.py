"""The world model: what follows an action, as the next tokens and as an outcome.

Knows tokens and a causal LM's body; knows nothing of training loops or games. Only game rows are
embedded and predicted (some 600 in the seed's); the table that embeds them also predicts them.
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
from arcworld.models.backbone import BackboneConfig, build_backbone, width_of
from arcworld.models.cell_context import CellContext, read_cell_context
from arcworld.models.embedding import SequenceEmbedding
from arcworld.models.loss import world_model_loss
from arcworld.models.spelling import SpellingHead
from arcworld.models.token_embedding import TokenEmbedding
from arcworld.recordings.episode import Outcome
from arcworld.tokens.batches import Batch
from arcworld.tokens.vocabulary import Scheme, Vocabulary


@dataclass(frozen=True)
class WorldModelConfig:
    """What a world model is made of.

    Attributes:
        scheme: v1 or v2.
        codebook_size: codes of the tokenizer it reads.
        context_frames: frames it looks back on; a longer history is cut at a `<FRAME>`.
        context_features: add to each position what stands in the cell to come: its last code, the
            action's type and, in v2, where the click fell (`models.position_context`); and let a
            gate favour that last code, since most cells do not change. Off in the seed.
        backbone: the body.
        reads_cells: read cells by their pixels too (`models.token_embedding`), and predict cells
            that are no
            code: by pointing at the frame before, or by spelling. For a `PatchCodebook`, with
            `context_features`.
        changed_weight: what cells that changed weighed in training, more than those that stayed:
            with `context_features`, the odds that a cell stays are set right by it.
        frame_conv: blocks of the convolution that reads the frame before both ways at once
            (`models.frame_conv`), with `context_features`; 0 leaves it out.
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
    """Tokens in, next-token logits and outcome logits out."""

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
    def token_embedding(self) -> TokenEmbedding:
        """The vectors of tokens, which embed and predict."""
        return self.embedding.token_embedding

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.token_embedding.weight.device

    def start_from(self, tokenizer: FrameTokenizer) -> None:
        """Begin training on a tokenizer: attach it, and embed its codes.

        Where cells are read, a code's own row starts at zero; else it starts from a random
        projection of the code's vector, scaled as the other rows.
        """
        self.fingerprint.copy_(tokenizer.fingerprint())
        self.attach(tokenizer)
        codes_KD = tokenizer.codes().cpu()
        generator = torch.Generator().manual_seed(0)
        projection = torch.randn(codes_KD.shape[1], self.width, generator=generator)
        rows = codes_KD @ projection
        rows = (rows - rows.mean(0)) / rows.std().clamp(min=1e-6) * 0.02
        with torch.no_grad():
            self.token_embedding.weight[: len(rows)] = 0.0 if self.config.reads_cells else rows

    def attach(self, tokenizer: FrameTokenizer) -> None:
        """Take the tokenizer whose ids are read from now on.

        Raises:
            ArcworldError: it is not the one this model was trained on.
        """
        if int(self.fingerprint) != int(tokenizer.fingerprint()):
            raise ArcworldError(
                "the world model was trained on another tokenizer than the one beside it; put back"
                " the one that belongs here"
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
        """Hidden states [B, L, D].

        With a cache (`transformers.Cache`) only the `last` positions are computed and returned;
        `input_ids_BL` is still the whole sequence, whose earlier part the cache holds.
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
        """The body over embedded tokens: hidden states [B, L, D].

        `attends_BQK` says which keys each token sees, where it is not all before it, and
        `positions_BQ` where it stands, where it is not behind the one before.
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
        """Logits over every token but `<MASK>`, float32 [N, len(vocabulary)].

        With the facts of the same positions, the gate adds to the logit of what stood there; where
        cells are read, `<ESCAPE>` and 64 pointers follow: [N, len(vocabulary) + 65]. `weighted`
        ones are what the weighted loss of training is of.
        """
        logits = F.linear(hidden_ND, self.token_embedding.rows().to(hidden_ND.dtype)).float()
        if cell_context is None:
            return logits
        if self.config.reads_cells:
            logits = torch.cat([logits, self._open_logits(hidden_ND, cell_context)], dim=1)
        gate = self.copy_gate(hidden_ND.to(self.copy_gate.weight.dtype)).float()
        if not weighted:
            gate = gate + math.log(self.config.changed_weight)
        gate = gate * (cell_context.previous_N >= 0)[:, None]
        return logits.scatter_add(1, cell_context.previous_column(self.vocabulary)[:, None], gate)

    def _open_logits(self, hidden_ND: Tensor, cell_context: CellContext) -> Tensor:
        """Logits of `<ESCAPE>` and of the pointers, float32 [N, 65]."""
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
        """What is known of the cells to come at some positions (any index of [B, L], flattened);
        None in the seed's.
        """
        if not self.config.context_features:
            return None
        return read_cell_context(self.vocabulary, input_ids_BL, at)

    def cell_nll(
        self, hidden_ND: Tensor, cell_context: CellContext | None, ids_N: Tensor
    ) -> Tensor:
        """Negative log-likelihood in nats of the cells (or other tokens) to come, float32 [N]."""
        logits = self.logits(hidden_ND, cell_context)
        columns = ids_N if cell_context is None else cell_context.columns(self.vocabulary, ids_N)
        nll = F.cross_entropy(logits, columns, reduction="none")
        return nll + self.spelling_nll(hidden_ND, columns, ids_N)

    def frame_nll(self, hidden_LD: Tensor, ids_L: Tensor) -> Tensor:
        """Negative log-likelihood in nats of the 64 cells a sequence ends in, float32 [64].

        Args:
            hidden_LD: of its last positions, at least 65.
            ids_L: the whole sequence.
        """
        cell_context = self.cell_context(ids_L[None], (slice(None), slice(-CELLS - 1, -1)))
        return self.cell_nll(hidden_LD[-CELLS - 1 : -1], cell_context, ids_L[-CELLS:]).float()

    def spelling_nll(self, hidden_ND: Tensor, columns_N: Tensor, ids_N: Tensor) -> Tensor:
        """Nats of the spellings that follow `<ESCAPE>`, 0 elsewhere, float32 [N]."""
        nll = torch.zeros(len(ids_N), device=ids_N.device)
        new = (columns_N == len(self.vocabulary)).nonzero()[:, 0]
        if not self.config.reads_cells or not len(new):
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
        """The cell that greedy decoding gives at each of N positions: ids, int64 [N]."""
        ids = self.likeliest_known_cells(hidden_ND, cell_context)
        new = (ids < 0).nonzero()[:, 0]
        if len(new):
            ids[new] = self.spell(hidden_ND[new])
        return ids

    @torch.no_grad()
    def likeliest_known_cells(self, hidden_ND: Tensor, cell_context: CellContext | None) -> Tensor:
        """`likeliest_cells`, but -1 for a cell that is to be spelled."""
        return self.cells_in(self.cell_logits(hidden_ND, cell_context).argmax(1), cell_context)

    def cell_logits(self, hidden_ND: Tensor, cell_context: CellContext | None) -> Tensor:
        """`logits` where nothing but a cell can come."""
        logits = self.logits(hidden_ND, cell_context)
        logits[:, self.vocabulary.codebook_size : len(self.vocabulary)] = -torch.inf
        return logits

    def cells_in(self, columns_N: Tensor, cell_context: CellContext | None) -> Tensor:
        """Ids of the cells that columns of logits stand for; -1 for one yet to be spelled."""
        return columns_N if cell_context is None else cell_context.ids(self.vocabulary, columns_N)

    @torch.no_grad()
    def spell(self, hidden_ND: Tensor) -> Tensor:
        """Spell new cells, and take them into the lexicon: their ids in a sequence, int64 [N]."""
        lexicon, cell_encoder = self.token_embedding.lexicon, self.token_embedding.cell_encoder
        assert lexicon is not None and cell_encoder is not None
        table, _ = lexicon.table(hidden_ND.device)
        codes = self.token_embedding.rows()[: self.vocabulary.codebook_size]
        cells = self.spelling.spell(hidden_ND, codes, table, cell_encoder)
        ids = lexicon.ids(cells.cpu().numpy())
        moved = self.vocabulary.cell_ids(ids.astype(np.int32)).astype(np.int64)
        return torch.from_numpy(moved).to(hidden_ND.device)

    def outcome_logits(self, hidden_D: Tensor) -> Tensor:
        """Logits over `Outcome` at an action's last position, float32 [..., 3]."""
        head = self.outcome_head
        return F.linear(hidden_D.float(), head.weight.float(), head.bias.float())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """What training minimises (`models.loss`)."""
        return world_model_loss(self, batch)
