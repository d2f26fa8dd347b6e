"""Predict the next frame and outcome after an action, for many histories, greedy or sampled.

`predict_next` uses speculative decoding (`speculative`). `predict_sequentially` needs one forward
pass per code; it is the reference whose result faster decoders must equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.decoding.drafts import Draft, last_frame
from arcworld.models.decoding.sampling import SamplerNoise, sample_cells
from arcworld.models.decoding.speculative import decode_speculative
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings.episode import Outcome
from arcworld.tokens.sequence import CodedEpisode, to_token_ids

type _Decode = Callable[[Tensor, Tensor, SamplerNoise | None], tuple[Tensor, Tensor]]
"""From prompts [B, L], their rows [B] and noise: hidden state [B, D] after the action, 64 ids."""


@dataclass(frozen=True, eq=False)
class DecodedFrames:
    """The predictions for B histories.

    Attributes:
        indices_BC: int32 codes of the next frame.
        outcomes_BO: float32 probability of each `Outcome`.
        level_token_B: bool, whether `<LEVEL_COMPLETE>` was more likely than `<FRAME>`.
    """

    indices_BC: NDArray[np.int32]
    outcomes_BO: NDArray[np.float32]
    level_token_B: NDArray[np.bool_]


def predict_next(
    model: WorldModel,
    histories: Sequence[CodedEpisode],
    *,
    draft: Draft = last_frame,
    noise: SamplerNoise | None = None,
) -> DecodedFrames:
    """Predict the next frame and outcome after the pending action of each history.

    Args:
        model: the world model.
        histories: each has as many actions as frames; its last action is pending. A history longer
            than the model's context is cut to its last frames.
        draft: the guess for speculative decoding; it changes the time, not the result.
        noise: random numbers for sampling; None decodes greedily.
    """
    histories = [_fit(model, history) for history in histories]
    drafts = draft(histories) if histories else np.zeros((0, CELLS), np.int32)
    if drafts.shape != (len(histories), CELLS) or (drafts.size and drafts.min() < 0):
        raise ValueError(f"a draft is 64 codes for each of {len(histories)} histories")
    ids = torch.from_numpy(model.vocabulary.cell_ids(drafts.astype(np.int32))).long()

    def decode(
        prompt_BL: Tensor, rows_B: Tensor, noise: SamplerNoise | None
    ) -> tuple[Tensor, Tensor]:
        return decode_speculative(model, prompt_BL, ids.to(rows_B.device)[rows_B], noise)

    return _predict(model, histories, decode, noise)


def predict_sequentially(
    model: WorldModel, histories: Sequence[CodedEpisode], *, noise: SamplerNoise | None = None
) -> DecodedFrames:
    """Return the result of `predict_next`, computed with one forward pass per code."""

    def decode(
        prompt_BL: Tensor, rows_B: Tensor, noise: SamplerNoise | None
    ) -> tuple[Tensor, Tensor]:
        return _decode_sequentially(model, prompt_BL, noise)

    return _predict(model, [_fit(model, history) for history in histories], decode, noise)


def _fit(model: WorldModel, history: CodedEpisode) -> CodedEpisode:
    """Return the frames that fit the context, with the outcome of the pending action hidden."""
    frames = len(history.indices_TC)
    assert len(history.types_A) == frames
    kept = min(frames, model.config.context_frames)
    return history.window(frames - kept, kept, pending=True)


@torch.inference_mode()
def _predict(
    model: WorldModel,
    histories: Sequence[CodedEpisode],
    decode: _Decode,
    noise: SamplerNoise | None,
) -> DecodedFrames:
    packed = [to_token_ids(model.vocabulary, history) for history in histories]
    indices = np.zeros((len(packed), CELLS), dtype=np.int32)
    outcomes = np.zeros((len(packed), len(Outcome)), dtype=np.float32)
    level = np.zeros(len(packed), dtype=np.bool_)
    for at in _same_length(packed):
        prompt = torch.from_numpy(np.stack([packed[i] for i in at])).long().to(model.device)
        rows = torch.tensor(at, device=model.device)
        predicted = _answer(model, prompt, rows, decode, noise)
        ids, outcomes[at], level[at] = (part.cpu().numpy() for part in predicted)
        indices[at] = model.vocabulary.indices(ids.astype(np.int32))
    return DecodedFrames(indices, outcomes, level)


def _same_length(rows: Sequence[NDArray[np.int32]]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(len(row), []).append(i)
    return list(groups.values())


def _answer(
    model: WorldModel,
    prompt_BL: Tensor,
    rows_B: Tensor,
    decode: _Decode,
    noise: SamplerNoise | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids of cells [B, 64], probabilities of outcomes [B, 3], and the level token [B]."""
    vocabulary = model.vocabulary
    hidden, ids = decode(prompt_BL, rows_B, noise and noise.take(rows_B))
    logits = model.logits(hidden)
    level = logits[:, vocabulary.level_complete] > logits[:, vocabulary.frame]
    if bool(level.any()):
        won = torch.nn.functional.pad(prompt_BL[level], (0, 1), value=vocabulary.level_complete)
        rows = rows_B[level]
        ids[level] = decode(won, rows, noise and noise.take(rows))[1]
    return ids, model.outcome_logits(hidden).softmax(-1), level


def _decode_sequentially(
    model: WorldModel, prompt_BL: Tensor, noise: SamplerNoise | None
) -> tuple[Tensor, Tensor]:
    from transformers import DynamicCache

    cache: Any = DynamicCache()
    after = model.hidden(prompt_BL, cache=cache, last=prompt_BL.shape[1])[:, -1]
    frame = prompt_BL.new_full((len(prompt_BL), 1), model.vocabulary.frame)
    ids = torch.cat([prompt_BL, frame], dim=1)
    for cell in range(CELLS):
        hidden = model.hidden(ids, cache=cache, last=1)
        cell_context = model.cell_context(ids, (slice(None), slice(-1, None)))
        predicted = sample_cells(model, hidden, cell_context, noise, cell)[:, 0]
        new = (predicted < 0).nonzero()[:, 0]
        if len(new):
            predicted[new] = model.spell(hidden[new, 0])
        ids = torch.cat([ids, predicted[:, None]], dim=1)
    return after, ids[:, -CELLS:]
