"""The training loss of a run, measured on other recordings.

Windows follow one another and share one frame, so every transition counts once. The loss weights
are those of training.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.evaluation.measures.inference import ProgressCallback
from arcworld.evaluation.measures.pooling import Table
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.frames.tokenizer import CELLS
from arcworld.models.run import Run
from arcworld.recordings.episode import game_name
from arcworld.tokens.batches import IGNORE, Batch, Layout, LossWeights
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.vocabulary import Vocabulary

TOKENS = 8_192
"""Approximate number of tokens per batch."""


class _Sum:
    """Running sums over batches: token losses by weight, outcome losses by count."""

    def __init__(self) -> None:
        self.tokens = self.weight = self.outcomes = self.count = 0.0

    def add(self, losses: dict[str, torch.Tensor], batch: Batch) -> None:
        weight = float(batch.weights_BL[:, 1:].sum())
        count = float((batch.outcomes_BL != IGNORE).sum())
        outcome = float(losses["outcome_loss"])
        self.tokens += (float(losses["loss"]) - outcome) * weight
        self.outcomes += outcome * count
        self.weight, self.count = self.weight + weight, self.count + count

    @property
    def value(self) -> float | None:
        if not self.weight:
            return None
        return self.tokens / self.weight + (self.outcomes / self.count if self.count else 0.0)


def loss_table(
    run: Run, transitions: Transitions, coded: Sequence[CodedEpisode], progress: ProgressCallback
) -> Table:
    """Table of `loss` on all and on novel transitions, by game.

    The loss is the weighted mean over tokens plus the mean over outcomes, in nats (lower is
    better).

    Raises:
        ArcworldError: the run has no record of its training settings.
    """
    layout, frames = _layout(run)
    table: Table = {"all": {}, "novel": {}}
    sums: dict[tuple[str, str], _Sum] = defaultdict(_Sum)
    windows = _windows(transitions, coded, frames)
    size = max(TOKENS // (frames * layout.vocabulary.step_tokens), 1)
    done, total = 0, sum(len(some) for some in windows.values())
    for game, some in windows.items():
        for at in range(0, len(some), size):
            part = some[at : at + size]
            batch = layout.batch([window for window, _ in part])
            novel = _only(layout.vocabulary, batch, [kept for _, kept in part])
            for subset, chosen in (("all", batch), ("novel", novel)):
                losses = _losses(run, chosen)
                sums[subset, game].add(losses, chosen)
                sums[subset, "all"].add(losses, chosen)
            done += len(part)
            progress("loss", done, total)
    for (subset, game), total_of in sums.items():
        table[subset][game] = {"loss": total_of.value}
    return table


@torch.inference_mode()
def _losses(run: Run, batch: Batch) -> dict[str, torch.Tensor]:
    return run.world_model.loss(batch.to(run.world_model.device))


def _layout(run: Run) -> tuple[Layout, int]:
    """The batch layout with the loss weights of training, and the frames per training window."""
    settings: Any = run.about.get("settings") or {}
    try:
        weights = LossWeights(**settings["weights"])
        frames = int(settings["windows"]["frames"])
    except (KeyError, TypeError, ValueError) as error:
        raise ArcworldError(
            f"{run.folder / 'run.json'}: found settings without a usable {error}; expected the"
            " weights and windows of training; restore the file or train the run again"
        ) from None
    return Layout(run.world_model.vocabulary, weights), frames


type _Window = tuple[CodedEpisode, NDArray[np.bool_]]
"""A window, and whether each of its transitions is novel."""


def _windows(
    transitions: Transitions, coded: Sequence[CodedEpisode], frames: int
) -> dict[str, list[_Window]]:
    by_game: dict[str, list[_Window]] = defaultdict(list)
    at = 0
    for episode, codes in zip(transitions.episodes, coded, strict=True):
        novel = transitions.novel_N[at : at + len(episode)]
        at += len(episode)
        step = max(frames - 1, 1)
        for start in range(0, len(episode), step):
            window = codes.window(start, frames)
            by_game[game_name(episode.game_id)].append((window, novel[start : start + step]))
    return by_game


def _only(vocabulary: Vocabulary, batch: Batch, kept: Sequence[NDArray[np.bool_]]) -> Batch:
    """The batch with loss only on the kept transitions: their action, outcome and next frame."""
    ids = batch.input_ids_BL
    keep = torch.zeros_like(ids, dtype=torch.bool)
    for row, wanted in enumerate(kept):
        starts = torch.nonzero(ids[row] == vocabulary.frame)[:, 0]
        first = (starts + CELLS).tolist()
        for k in np.flatnonzero(wanted):
            end = first[k + 1] if k + 1 < len(first) else ids.shape[1]
            keep[row, first[k] + 1 : end + 1] = True
    return batch._replace(
        weights_BL=batch.weights_BL * keep,
        outcomes_BL=batch.outcomes_BL.masked_fill(~keep, IGNORE),
    )
