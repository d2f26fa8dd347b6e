"""Run the world model on every transition, teacher-forced and frame by frame.

The context is all history that fits into the model's context length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.evaluation.measures.frame_measures import frame_table
from arcworld.evaluation.measures.pooling import Ratio, Table, share
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.frames.tokenizer import CELLS, FrameTokenizer
from arcworld.models.decoding.decode import DecodedFrames, predict_next
from arcworld.models.decoding.drafts import TransitionMemory
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings.episode import CLICK, RESET, Outcome
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.sequence import CodedEpisode, encode_episode, to_token_ids

type ProgressCallback = Callable[[str, int, int], None]
"""Called with (stage, items done, items in total) during long work."""
BATCH = 64


@dataclass(frozen=True, eq=False)
class TeacherForced:
    """Teacher-forced predictions for N transitions.

    Attributes:
        indices_NC: most likely code of each cell, given the true codes before it, [N, 64].
        nll_NC: negative log-likelihood of the true codes, in nats, [N, 64].
        outcomes_NO: probability of each `Outcome` after the action, [N, 3].
        level_token_N: whether `<LEVEL_COMPLETE>` was more likely than `<FRAME>` after the action.
        types_N: most likely action type after `<ACT>`.
        cells_N: most likely cell of the action (64 in v1, which has no cells).
    """

    indices_NC: NDArray[np.int32]
    nll_NC: NDArray[np.float32]
    outcomes_NO: NDArray[np.float32]
    level_token_N: NDArray[np.bool_]
    types_N: NDArray[np.int16]
    cells_N: NDArray[np.int16]


def code_all(transitions: Transitions, tokenizer: FrameTokenizer) -> list[CodedEpisode]:
    """Encode the episodes of the transitions with a tokenizer."""
    return [encode_episode(episode, tokenizer) for episode in transitions.episodes]


def teacher_forced(
    model: WorldModel,
    transitions: Transitions,
    coded: Sequence[CodedEpisode],
    progress: ProgressCallback,
) -> TeacherForced:
    """Predict every transition with one pass over its history and its true next frame."""
    rows = [_sequence(model, transitions, coded, i) for i in range(len(transitions))]
    parts: list[tuple[NDArray[np.intp], TeacherForced]] = []
    for at in batches_by_length([len(row) for row in rows]):
        parts.append((at, _force(model, np.stack([rows[i] for i in at]))))
        progress("teacher-forced", sum(len(a) for a, _ in parts), len(rows))
    order = np.argsort(np.concatenate([at for at, _ in parts]))
    columns = (
        np.concatenate([getattr(part, name) for _, part in parts])[order]
        for name in TeacherForced.__dataclass_fields__
    )
    return TeacherForced(*columns)


def _sequence(
    model: WorldModel, transitions: Transitions, coded: Sequence[CodedEpisode], i: int
) -> NDArray[np.int32]:
    frames = model.config.context_frames
    return to_token_ids(model.vocabulary, window_at(transitions, coded, i, frames, after=1))


@torch.inference_mode()
def _force(model: WorldModel, ids_BL: NDArray[np.int32]) -> TeacherForced:
    vocabulary = model.vocabulary
    ids = torch.from_numpy(ids_BL).long().to(model.device)
    hidden = model.hidden(ids)
    at = (slice(None), slice(-CELLS - 1, -1))
    before, cell_context = hidden[at].flatten(0, 1), model.cell_context(ids, at)
    cells_BC = model.likeliest_cells(before, cell_context).unflatten(0, (len(ids), CELLS))
    nll = model.cell_nll(before, cell_context, ids[:, -CELLS:].flatten()).unflatten(
        0, (len(ids), CELLS)
    )
    act = _last(ids == vocabulary.act)
    rows = torch.arange(len(ids), device=ids.device)
    after = hidden[rows, act + vocabulary.action_tokens - 1]
    marks = model.logits(after)
    first, types = vocabulary.codebook_size, vocabulary.actions
    type_logits = model.logits(hidden[rows, act])[:, first : first + types]
    cells = torch.full_like(act, NO_CELL)
    if vocabulary.has_locations:
        places = model.logits(hidden[rows, act + 1])
        cells = places[:, first + types : vocabulary.frame].argmax(-1)
    return TeacherForced(
        vocabulary.indices(cells_BC.to(torch.int32).cpu().numpy()),
        nll.cpu().numpy(),
        model.outcome_logits(after).softmax(-1).cpu().numpy(),
        (marks[:, vocabulary.level_complete] > marks[:, vocabulary.frame]).cpu().numpy(),
        type_logits.argmax(-1).to(torch.int16).cpu().numpy(),
        cells.to(torch.int16).cpu().numpy(),
    )


def _last(true_BL: torch.Tensor) -> torch.Tensor:
    at = torch.arange(true_BL.shape[1], device=true_BL.device)
    return torch.where(true_BL, at, -1).max(1).values


def batches_by_length(lengths: Sequence[int], size: int = BATCH) -> Iterator[NDArray[np.intp]]:
    """Batches of at most `size` indices of equal length, so that no padding is needed."""
    lengths_N = np.asarray(lengths)
    for length in np.unique(lengths_N):
        at = np.flatnonzero(lengths_N == length)
        for i in range(0, len(at), size):
            yield at[i : i + size]


def per_frame(
    model: WorldModel,
    transitions: Transitions,
    coded: Sequence[CodedEpisode],
    forced: TeacherForced,
    progress: ProgressCallback,
) -> NDArray[np.int32]:
    """Codes of the next frame by greedy decoding after true frames, int32 [N, 64].

    If the teacher-forced codes and level token are all right, greedy decoding gives the true
    frame. So only the other transitions are decoded.
    """
    indices = true_indices(transitions, coded)
    known = (forced.indices_NC == indices).all(1)
    known &= forced.level_token_N == transitions.level_up_N
    left = np.flatnonzero(~known)
    frames = model.config.context_frames
    histories = [window_at(transitions, coded, int(i), frames, pending=True) for i in left]
    indices[left] = predict_all(model, histories, partial(progress, "per frame")).indices_BC
    return indices


def predict_all(
    model: WorldModel, histories: Sequence[CodedEpisode], progress: Callable[[int, int], None]
) -> DecodedFrames:
    """Run `predict_next` in batches; earlier batches are drafts for the later ones.

    Args:
        model: the world model.
        histories: each ends with an action whose frame is to be predicted.
        progress: called with (done, total).
    """
    parts: list[DecodedFrames] = []
    memory = TransitionMemory()
    for at in range(0, max(len(histories), 1), BATCH):
        some = histories[at : at + BATCH]
        parts.append(predict_next(model, some, draft=memory))
        memory.learn(some, parts[-1].indices_BC)
        progress(min(at + BATCH, len(histories)), len(histories))
    names = [field.name for field in fields(DecodedFrames)]
    return DecodedFrames(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


@torch.inference_mode()
def outcomes_after(
    model: WorldModel,
    transitions: Transitions,
    coded: Sequence[CodedEpisode],
    at_M: NDArray[np.intp],
    progress: Callable[[int, int], None],
) -> NDArray[np.float32]:
    """Probability of each `Outcome` after the actions of the transitions at `at_M`, [M, 3]."""
    frames = model.config.context_frames
    rows = [
        to_token_ids(model.vocabulary, window_at(transitions, coded, int(i), frames, pending=True))
        for i in at_M
    ]
    outcomes = np.zeros((len(rows), len(Outcome)), dtype=np.float32)
    done = 0
    for batch in batches_by_length([len(row) for row in rows]):
        ids = torch.from_numpy(np.stack([rows[i] for i in batch])).long()
        hidden = model.hidden(ids.to(model.device))[:, -1]
        outcomes[batch] = model.outcome_logits(hidden).softmax(-1).cpu().numpy()
        done += len(batch)
        progress(done, len(rows))
    return outcomes


def true_indices(
    transitions: Transitions, coded: Sequence[CodedEpisode], after: int = 1
) -> NDArray[np.int32]:
    """Codes of the true frame `after` actions later, int32 [N, 64]."""
    places = zip(transitions.episode_N.tolist(), transitions.t_N.tolist(), strict=True)
    return np.array([coded[e].indices_TC[t + after] for e, t in places], np.int32).reshape(
        -1, CELLS
    )


def window_at(
    transitions: Transitions,
    coded: Sequence[CodedEpisode],
    i: int,
    frames: int,
    *,
    after: int = 0,
    pending: bool = False,
) -> CodedEpisode:
    """The history of transition i: up to `frames` frames, ending with its own frame.

    `after` more frames follow. With `pending` the window ends with the action of transition i.
    """
    t = int(transitions.t_N[i])
    start = max(t + 1 - frames, 0)
    count = t + 1 - start + after
    return coded[int(transitions.episode_N[i])].window(start, count, pending)


def forced_table(
    transitions: Transitions, forced: TeacherForced, frames_NHW: NDArray[np.uint8]
) -> Table:
    """Table of part `world_model_teacher_forced`: frames, perplexity, actions, level tokens.

    The actions are those of the next-token head.
    """
    nats = forced.nll_NC.astype(np.float64).sum(1)
    cells = np.full(len(nats), CELLS)
    types = transitions.actions_N3[:, 0]
    chosen = types != RESET
    click = types == CLICK
    won = transitions.level_up_N
    more = {
        "perplexity": Ratio(nats, cells, math.exp),
        "bits_per_frame": Ratio(nats / math.log(2), np.ones(len(nats))),
        "action_type_acc": share(forced.types_N == types, chosen),
        "action_loc_acc": share(_cell_right(transitions, forced), click),
        "level_complete_recall": share(forced.level_token_N, won),
        "level_complete_precision": share(won, forced.level_token_N),
    }
    return frame_table(transitions, frames_NHW, more)


def _cell_right(transitions: Transitions, forced: TeacherForced) -> NDArray[np.bool_]:
    from arcworld.evaluation.measures.baselines import choices

    return forced.cells_N == choices(transitions)[1]
