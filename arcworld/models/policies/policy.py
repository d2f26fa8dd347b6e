"""Policies: logits over action types, cells, and pixels of a cell, for the last frame of a history.

`MaskedPolicy` (v2) is a set of small heads on the frozen world model. It sees every past action as
`<MASK>`, so that it cannot just repeat the last one. In v1 the policy is the world model's own
next token (`shared_head`).

Frames still show the effects of past actions, so a policy may learn to copy them. Three settings
work against that: a policy of a single frame, history dropout (as in ChauffeurNet, Bansal et al.
2018), and a larger weight where the action changes (as keyframes, Wen et al. 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.frames.tokenizer import CELLS
from arcworld.models.policies.frame_encoder import FrameEncoder
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings.episode import ACTION_IDS, CLICK, RESET
from arcworld.tokens.batches import IGNORE, Batch
from arcworld.tokens.cells import PIXELS
from arcworld.tokens.sequence import CodedEpisode, mask_actions, to_token_ids


class Policy(Protocol):
    """The interface of policies, for B histories of equal token length that end in a frame."""

    def prior_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode]
    ) -> tuple[Tensor, Tensor]:
        """Return type logits [B, 8] and location logits [B, 65] (64: no place)."""
        ...

    def offset_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode], cells_B: Sequence[int]
    ) -> Tensor | None:
        """Return logits [B, 64] of the pixel (y % 8 * 8 + x % 8) to click in the given cells.

        None if the policy does not choose pixels.
        """
        ...


@dataclass(frozen=True, eq=False)
class PolicyOutput:
    """The output of a policy for one frame, computed in one pass.

    Attributes:
        types_8: type logits.
        places_65: location logits (64: no place).
        offsets: a function from N cells to logits [N, 64] of the pixel to click in each, or None.
    """

    types_8: Tensor
    places_65: Tensor
    offsets: Callable[[Sequence[int]], Tensor | None]


def mask_illegal(type_logits_B8: Tensor, legal_B8: Tensor | NDArray[np.bool_]) -> Tensor:
    """Return type logits with -inf for illegal actions and for RESET.

    >>> mask_illegal(torch.zeros(1, 8), np.arange(8)[None] > 5)
    tensor([[-inf, -inf, -inf, -inf, -inf, -inf, 0., 0.]])

    Raises:
        ValueError: a row has no legal action but RESET.
    """
    legal = torch.as_tensor(legal_B8).clone().to(type_logits_B8.device)
    legal[:, RESET] = False
    if not bool(legal.any(1).all()):
        raise ValueError("a policy needs a legal action that is not RESET; found none")
    return type_logits_B8.masked_fill(~legal, -torch.inf)


@dataclass(frozen=True)
class PolicyConfig:
    """Widths of the heads, and settings against copying; the defaults are the original design's.

    Attributes:
        width: hidden size of the world model.
        type_width: hidden width of the type head.
        location_width: width of queries and keys of the location head.
        offset_width: hidden width of the head for the pixel within a cell (0: no such head).
        blocks: number of blocks of the policy's own convolution over the frame
            (`frame_encoder`), which is added to the hidden states (0: no convolution).
        single_frame: read only the last frame; a baseline without history.
        history_dropout: share of training frames that are read without their history.
        change_weight: weight of a training action that differs from the one before it (1: as all).
    """

    width: int = 256
    type_width: int = 256
    location_width: int = 128
    offset_width: int = 0
    blocks: int = 0
    single_frame: bool = False
    history_dropout: float = 0.0
    change_weight: float = 1.0


class MaskedPolicy(nn.Module):
    """A policy of small heads on the world model's hidden states of one frame's 64 codes.

    The type head reads the last code. The location head attends from it to the 64 codes and NULL.
    The offset head reads the last code and that of the clicked cell. With `blocks`, the output of a
    `FrameEncoder` is added to the hidden states.
    """

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.config = config
        self.mask_row = nn.Parameter(torch.randn(config.width) * 0.02)
        self.type_head = nn.Sequential(
            nn.Linear(config.width, config.type_width),
            nn.GELU(),
            nn.Linear(config.type_width, len(ACTION_IDS)),
        )
        self.query = nn.Linear(config.width, config.location_width)
        self.key = nn.Linear(config.width, config.location_width)
        self.null_key = nn.Parameter(torch.randn(config.location_width) * 0.02)
        if config.blocks:
            self.frame_encoder = FrameEncoder(config.width, config.blocks)
        if config.offset_width:
            self.offset_head = nn.Sequential(
                nn.Linear(2 * config.width, config.offset_width),
                nn.GELU(),
                nn.Linear(config.offset_width, PIXELS),
            )

    def forward(self, cells_NCD: Tensor) -> tuple[Tensor, Tensor]:
        """Return type logits [N, 8] and location logits [N, 65] for hidden states [N, 64, D]."""
        last_ND = cells_NCD[:, -1]
        null = self.null_key.to(cells_NCD.dtype).expand(len(cells_NCD), 1, -1)
        keys = torch.cat([self.key(cells_NCD), null], dim=1)
        places = torch.einsum("nd,ncd->nc", self.query(last_ND), keys)
        return self.type_head(last_ND).float(), places.float() / keys.shape[-1] ** 0.5

    def offsets(self, cells_NCD: Tensor, clicked_N: Tensor) -> Tensor:
        """Return logits [N, 64] of the pixel to click in N cells, for hidden states [N, 64, D]."""
        clicked_ND = cells_NCD[torch.arange(len(cells_NCD), device=clicked_N.device), clicked_N]
        return self.offset_head(torch.cat([cells_NCD[:, -1], clicked_ND], dim=1)).float()

    def read(
        self,
        world_model: WorldModel,
        masked_ids_BL: Tensor,
        at_BL: Tensor,
        hidden_BLD: Tensor | None = None,
    ) -> Tensor:
        """Return hidden states [N, 64, D] of frames.

        Args:
            world_model: the frozen world model.
            masked_ids_BL: ids with actions as `<MASK>`.
            at_BL: bool, True at the last code of each frame to read.
            hidden_BLD: hidden states of the ids, if they are already computed.
        """
        rows, last = at_BL.nonzero(as_tuple=True)
        cells = self._read_body(world_model, masked_ids_BL, rows, last, hidden_BLD)
        if self.config.blocks:
            span = torch.arange(1 - CELLS, 1, device=last.device)
            with torch.no_grad():
                vectors = world_model.token_embedding(
                    masked_ids_BL[rows[:, None], last[:, None] + span]
                )
            cells = cells + self.frame_encoder(vectors.to(self.query.weight.dtype))
        return cells

    def _read_body(
        self,
        world_model: WorldModel,
        masked_ids_BL: Tensor,
        rows: Tensor,
        last: Tensor,
        hidden_BLD: Tensor | None,
    ) -> Tensor:
        if self.config.single_frame:
            return self._read_alone(world_model, masked_ids_BL, rows, last)
        hidden = hidden_BLD
        if hidden is None:
            hidden = world_model.hidden(masked_ids_BL, mask_row_D=self.mask_row)
        span = torch.arange(1 - CELLS, 1, device=last.device)
        cells = hidden[rows[:, None], last[:, None] + span].to(self.query.weight.dtype)
        if self.training and self.config.history_dropout:
            dropped = torch.rand(len(rows), device=rows.device) < self.config.history_dropout
            alone = self._read_alone(world_model, masked_ids_BL, rows, last)
            cells = torch.where(dropped[:, None, None], alone, cells)
        return cells

    def _read_alone(
        self, world_model: WorldModel, masked_ids_BL: Tensor, rows_N: Tensor, last_N: Tensor
    ) -> Tensor:
        """Read each frame as a sequence of its own: `<FRAME>` and 64 codes."""
        span = torch.arange(-CELLS, 1, device=last_N.device)
        frames = masked_ids_BL[rows_N[:, None], last_N[:, None] + span]
        hidden = world_model.hidden(frames, mask_row_D=self.mask_row)
        return hidden[:, 1:].to(self.query.weight.dtype)

    @torch.inference_mode()
    def prior_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode]
    ) -> tuple[Tensor, Tensor]:
        """See `Policy`."""
        types, places = self(self._read_last(world_model, histories))
        return types, places

    @torch.inference_mode()
    def offset_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode], cells_B: Sequence[int]
    ) -> Tensor | None:
        """See `Policy`."""
        if not self.config.offset_width:
            return None
        return self._offset_logits(self._read_last(world_model, histories), cells_B)

    @torch.inference_mode()
    def policy_output(self, world_model: WorldModel, history: CodedEpisode) -> PolicyOutput:
        """Return `prior_logits` and `offset_logits` of one history, computed in one pass."""
        cells_1CD = self._read_last(world_model, [history])
        types, places = self(cells_1CD)
        offsets = self._offset_logits if self.config.offset_width else lambda *_: None
        return PolicyOutput(types[0], places[0], lambda cells: offsets(cells_1CD, cells))

    @torch.inference_mode()
    def _offset_logits(self, cells_NCD: Tensor, cells_B: Sequence[int]) -> Tensor:
        at = torch.as_tensor(cells_B, device=cells_NCD.device).long()
        return self.offsets(cells_NCD.expand(len(cells_B), -1, -1), at)

    def _read_last(self, world_model: WorldModel, histories: Sequence[CodedEpisode]) -> Tensor:
        vocabulary = world_model.vocabulary
        ids = stack([mask_actions(vocabulary, to_token_ids(vocabulary, h)) for h in histories])
        ids = ids.to(self.mask_row.device)
        last = torch.zeros_like(ids, dtype=torch.bool)
        last[:, -1] = True
        return self.read(world_model, ids, last)

    def loss(
        self, world_model: WorldModel, batch: Batch, hidden_BLD: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return `loss`, the one to minimise, and accuracies.

        `loss` is the sum of the cross-entropies of type, cell of a click and pixel in that cell.
        For `hidden_BLD` see `read`.
        """
        at = batch.types_BL != IGNORE
        if not bool(at.any()):
            zero = sum(p.sum() for p in self.parameters()) * 0.0
            return {"loss": torch.as_tensor(zero)}
        types, cells = batch.types_BL[at], batch.cells_BL[at]
        hidden = self.read(world_model, batch.masked_ids_BL, at, hidden_BLD)
        type_logits, place_logits = self(hidden)
        weights = self._weights(batch, at)
        click = types == CLICK
        offset_loss, offset_acc = self._offset_loss(hidden, batch, at, weights)
        return {
            "loss": _weighted(type_logits, types, weights)
            + _weighted(place_logits, cells, weights)
            + offset_loss,
            "type_acc": (type_logits.argmax(-1) == types).float().mean(),
            "loc_acc": _share((place_logits.argmax(-1) == cells)[click]),
            **offset_acc,
        }

    def _weights(self, batch: Batch, at_BL: Tensor) -> Tensor:
        if self.config.change_weight == 1.0:
            return torch.ones(int(at_BL.sum()), device=at_BL.device)
        changes = change_points(batch.input_ids_BL, at_BL)
        return torch.where(changes, self.config.change_weight, 1.0)

    def _offset_loss(
        self, cells_NCD: Tensor, batch: Batch, at_BL: Tensor, weights_N: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        if not self.config.offset_width:
            return cells_NCD.new_zeros(()), {}
        offsets = batch.offsets_BL[at_BL]
        click = offsets != IGNORE
        if not bool(click.any()):
            return sum((p.sum() for p in self.offset_head.parameters()), cells_NCD.sum()) * 0.0, {}
        logits = self.offsets(cells_NCD[click], batch.cells_BL[at_BL][click])
        loss = _weighted(logits, offsets[click], weights_N[click])
        return loss, {"offset_acc": _share(logits.argmax(-1) == offsets[click])}


def change_points(input_ids_BL: Tensor, at_BL: Tensor) -> Tensor:
    """Return whether the action in each frame differs from the one before it, bool [N].

    `at_BL` is True at the last code of each frame. Actions differ in type or cell. The result is
    False for a first action in its window. Expects v2, where an action has three tokens.
    """
    rows, last = at_BL.nonzero(as_tuple=True)
    known = last >= CELLS + 2
    before = last - CELLS  # position of `<FRAME>`; right before it are the type and the location
    own = [input_ids_BL[rows, last + k] for k in (2, 3)]
    past = [input_ids_BL[rows, (before - k).clamp(min=0)] for k in (2, 1)]
    return known & ((own[0] != past[0]) | (own[1] != past[1]))


def _weighted(logits: Tensor, targets: Tensor, weights_N: Tensor) -> Tensor:
    losses = F.cross_entropy(logits, targets, reduction="none")
    return (losses * weights_N).sum() / weights_N.sum()


def _share(true_N: Tensor) -> Tensor:
    return true_N.float().sum() / max(true_N.numel(), 1)


def stack(rows: Sequence[NDArray[np.int32]]) -> Tensor:
    """Return token rows of equal length as a batch, int64 [B, L]."""
    return torch.from_numpy(np.stack(rows)).long()
