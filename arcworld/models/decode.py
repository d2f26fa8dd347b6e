"""The next frame, token by token: greedy decoding with a cache, many histories at once.

Knows tokens and the world model; knows nothing of pixels. This is the plain decoder that faster
ones must equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.world_model import WorldModel
from arcworld.recordings.episode import Outcome
from arcworld.tokens.sequence import CodedEpisode, pack


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says follows an action, for B histories.

    Attributes:
        indices_BC: int32 codes of the next frame.
        outcomes_BO: float32 probability of each `Outcome`.
        level_token_B: whether `<LEVEL_COMPLETE>` was likelier than `<FRAME>`.
    """

    indices_BC: NDArray[np.int32]
    outcomes_BO: NDArray[np.float32]
    level_token_B: NDArray[np.bool_]


@torch.inference_mode()
def predict_next(model: WorldModel, histories: Sequence[CodedEpisode]) -> Prediction:
    """Greedy next frame and outcome after each history's pending action.

    A history holds as many actions as frames: the last one awaits its frame. Histories longer
    than the model's context are cut to it.
    """
    rows = [pack(model.vocabulary, _fit(model, history)) for history in histories]
    indices = np.zeros((len(rows), CELLS), dtype=np.int32)
    outcomes = np.zeros((len(rows), len(Outcome)), dtype=np.float32)
    level = np.zeros(len(rows), dtype=np.bool_)
    for at in _same_length(rows):
        prompt = torch.from_numpy(np.stack([rows[i] for i in at])).long()
        indices[at], outcomes[at], level[at] = _decode(model, prompt)
    return Prediction(indices, outcomes, level)


def _fit(model: WorldModel, history: CodedEpisode) -> CodedEpisode:
    frames = len(history.indices_TC)
    assert len(history.types_A) == frames
    kept = min(frames, model.config.context_frames)
    return history.window(frames - kept, kept, pending=True)


def _same_length(rows: Sequence[NDArray[np.int32]]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(len(row), []).append(i)
    return list(groups.values())


def _decode(
    model: WorldModel, prompt_BL: Tensor
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_]]:
    from transformers import DynamicCache

    vocabulary = model.vocabulary
    prompt_BL = prompt_BL.to(model.device)
    cache = DynamicCache()
    hidden = model.hidden(prompt_BL, cache=cache, last=prompt_BL.shape[1])[:, -1]
    outcomes = model.outcome_logits(hidden).softmax(-1)
    logits = model.logits(hidden)
    level = logits[:, vocabulary.level_complete] > logits[:, vocabulary.frame]
    indices = _codes(model, _append(prompt_BL, vocabulary.frame), cache)
    if bool(level.any()):
        won = _append(prompt_BL[level], vocabulary.level_complete)
        indices[level] = _codes(model, _append(won, vocabulary.frame), DynamicCache())
    codes = model.vocabulary.indices(indices.to(torch.int32).cpu().numpy())
    return codes, outcomes.cpu().numpy(), level.cpu().numpy()


def _append(ids_BL: Tensor, token: int) -> Tensor:
    return torch.cat([ids_BL, ids_BL.new_full((len(ids_BL), 1), token)], dim=1)


def _codes(model: WorldModel, ids_BL: Tensor, cache: Any) -> Tensor:
    """The 64 codes that follow `<FRAME>`, the last of `ids_BL`; the cache may hold a prefix."""
    for _ in range(CELLS):
        fresh = ids_BL.shape[1] - cache.get_seq_length()
        hidden = model.hidden(ids_BL, cache=cache, last=fresh)[:, -1:]
        facts = model.facts(ids_BL, (slice(None), slice(-1, None)))
        code = model.likeliest_cells(hidden[:, 0], facts)
        ids_BL = torch.cat([ids_BL, code[:, None]], dim=1)
    return ids_BL[:, -CELLS:]
