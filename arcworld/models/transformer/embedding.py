"""Embed a sequence: each position gets its token, and features of the cell that comes next.

The embedding of a position depends only on the ids up to it, so nothing of the future leaks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from arcworld.frames.tokenizer import CELLS
from arcworld.models.transformer.frame_conv import FrameConv, actions_after
from arcworld.models.transformer.position_context import (
    NO_ACTION,
    OFFSETS,
    PositionContext,
    read_context,
)
from arcworld.models.transformer.token_embedding import TokenEmbedding
from arcworld.tokens.vocabulary import Vocabulary


class SequenceEmbedding(nn.Module):
    """Embeds ids [B, L] as vectors [B, L, D].

    Attributes:
        token_embedding: the vectors of the tokens.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        width: int,
        *,
        context_features: bool,
        reads_cells: bool,
        frame_conv: int,
    ) -> None:
        """The settings are those of `WorldModelConfig`."""
        super().__init__()
        if (reads_cells or frame_conv) and not context_features:
            raise ValueError(
                "found reads_cells or frame_conv without context_features; expected"
                " context_features; set it too"
            )
        self.vocabulary, self.width = vocabulary, width
        self.has_context = context_features
        self.token_embedding = TokenEmbedding(vocabulary, width, reads_cells=reads_cells)
        if context_features:
            self.slots = nn.Embedding(vocabulary.step_tokens + 2, width)
            self.previous = nn.Linear(width, width, bias=False)
            self.types = nn.Embedding(NO_ACTION + 1, width)
            self.offsets = nn.Embedding(OFFSETS, width)
            for part in (self.slots, self.types, self.offsets):
                nn.init.normal_(part.weight, std=0.02)
        self.frame_conv = FrameConv(width, frame_conv) if frame_conv else None
        self._kept: tuple[tuple[int, ...], Tensor, Tensor] | None = None

    def forward(
        self, input_ids_BL: Tensor, mask_row_D: Tensor | None = None, last: int | None = None
    ) -> Tensor:
        """Return vectors [B, L, D], or of the `last` positions only.

        Args:
            input_ids_BL: the whole sequences.
            mask_row_D: the vector of `<MASK>`.
            last: number of positions to embed; None embeds all.
        """
        count = input_ids_BL.shape[1] if last is None else last
        ids = input_ids_BL[:, -count:]
        is_mask = ids == self.vocabulary.mask
        vectors = self.token_embedding(ids.masked_fill(is_mask, self.vocabulary.frame))
        if mask_row_D is not None:
            vectors = torch.where(is_mask[..., None], mask_row_D.to(vectors.dtype), vectors)
        if self.has_context:
            context = read_context(self.vocabulary, input_ids_BL).last(count)
            vectors = vectors + self._context_vectors(context)
            if self.frame_conv is not None:
                vectors = vectors + self._frame_conv_cells(self.frame_conv, input_ids_BL, context)
        return vectors

    def _context_vectors(self, context: PositionContext) -> Tensor:
        known = context.previous_BL >= 0
        previous = self.previous(self.token_embedding(context.previous_BL.clamp(min=0)))
        vectors = self.slots(context.slots_BL) + previous * known[..., None]
        return vectors + self.types(context.types_BL) + self.offsets(context.offsets_BL)

    def _frame_conv_cells(
        self, frame_conv: FrameConv, input_ids_BL: Tensor, context: PositionContext
    ) -> Tensor:
        """Return the output of `frame_conv` for the next cell of each position, [B, L, D].

        It is 0 where the next token is not a cell or there is no previous frame.
        """
        awaits = context.previous_BL >= 0
        before = context.before_BL.clamp(min=0)
        wanted = torch.zeros_like(input_ids_BL)
        wanted = wanted.scatter_reduce(1, before, awaits.long(), "amax")
        rows, starts = wanted.nonzero(as_tuple=True)
        if not len(rows):
            return torch.zeros(*before.shape, self.width, device=before.device)
        vectors = self._frame_conv_frames(frame_conv, input_ids_BL, rows, starts)
        index = torch.zeros_like(input_ids_BL)
        index[rows, starts] = torch.arange(len(rows), device=index.device)
        found = vectors[index.gather(1, before), context.slots_BL.clamp(max=CELLS - 1)]
        return found * awaits[..., None]

    def _frame_conv_frames(
        self, frame_conv: FrameConv, input_ids_BL: Tensor, rows_N: Tensor, starts_N: Tensor
    ) -> Tensor:
        """Return the output of `frame_conv` for N frames, [N, 64, D].

        The last result is cached, since decoding one frame asks for it again and again.
        """
        span = torch.arange(1, CELLS + 1, device=rows_N.device)
        cells = input_ids_BL[rows_N[:, None], starts_N[:, None] + span]
        types, clicked = actions_after(self.vocabulary, input_ids_BL, rows_N, starts_N)
        if torch.is_grad_enabled() or self.training:
            return frame_conv(self.token_embedding(cells), types, clicked)
        cell_context = torch.cat([cells, types[:, None], clicked[:, None]], dim=1)
        state = tuple(parameter._version for parameter in self.parameters())
        if self._kept is not None and self._kept[0] == state:
            before, found = (kept[-len(cell_context) :] for kept in self._kept[1:])
            if torch.equal(before, cell_context):
                return found
        around = frame_conv(self.token_embedding(cells), types, clicked)
        self._kept = state, cell_context, around
        return around
