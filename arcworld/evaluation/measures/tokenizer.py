"""Evaluate a tokenizer: how much of a frame remains after encoding and decoding."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.measures.baselines import known_cells, split_cells
from arcworld.evaluation.measures.frame_measures import same_cells
from arcworld.evaluation.measures.pooling import Grouping, Ratio, Table, share
from arcworld.frames.tokenizer import CELLS, FrameTokenizer
from arcworld.recordings.episode import COLOURS, Episode, game_name
from arcworld.recordings.novelty import NoveltyIndex


def evaluate_tokenizer(
    tokenizer: FrameTokenizer,
    episodes: Sequence[Episode],
    seen: NoveltyIndex,
    training_frames_NHW: NDArray[np.uint8] | None,
) -> dict[str, Table]:
    """Part `tokenizer` and its baseline `lookup`, by part name.

    `lookup` is right on the cells that occur in training.

    Args:
        tokenizer: encodes and decodes frames.
        episodes: their frames are evaluated.
        seen: the training frames, for the subset `novel`.
        training_frames_NHW: for the baseline; None leaves it out.
    """
    frames = np.concatenate([episode.frames_THW for episode in episodes])
    changed = np.concatenate([_changed(episode.frames_THW) for episode in episodes])
    lengths = [len(episode.frames_THW) for episode in episodes]
    games = np.repeat([game_name(episode.game_id) for episode in episodes], lengths)
    novel = seen.novel_frames(frames)
    subsets = {"all": np.ones(len(frames), dtype=np.bool_), "novel": novel}
    guids = np.repeat([episode.guid for episode in episodes], lengths)
    grouping = Grouping(subsets, games, np.unique(guids, return_inverse=True)[1])
    indices = tokenizer.encode_frames(frames)
    back = tokenizer.decode_frames(indices)
    table = grouping.table(_measures(frames, back, changed) | _lengths(tokenizer, indices))
    used = np.unique(indices[indices < tokenizer.codebook_size])
    table["all"]["all"]["codebook_used"] = len(used) / tokenizer.codebook_size
    parts = {"tokenizer": table}
    if training_frames_NHW is not None:
        known = _known(frames, known_cells(training_frames_NHW))
        measures = {"cell_acc": Ratio(known.sum(1), np.full(len(known), known.shape[1]))}
        measures["exact_frame"] = share(known.all(1))
        parts["baselines/lookup/tokenizer"] = grouping.table(measures)
    return parts


@functools.cache
def unseen_game_episodes(trained_on: tuple[str, ...]) -> tuple[Episode, ...]:
    """One demo of each of the project's held-out games that is not in `trained_on`.

    Scripted players make the demos at each call; the result is always the same.
    """
    from arcworld.games.catalogue import game_split
    from arcworld.games.demos import make_demos
    from arcworld.recordings.reader import read_recording

    known = {game_name(game) for game in trained_on}
    names = [name for name in game_split().unseen if name not in known]
    with TemporaryDirectory() as folder:
        paths = make_demos(Path(folder), names, demos_per_game=1) if names else []
        return tuple(one for path in paths for one in read_recording(path).episodes)


def _changed(frames_THW: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels that differ from the frame before, bool [T, 64, 64]; none in the first frame."""
    changed = np.zeros(frames_THW.shape, dtype=np.bool_)
    changed[1:] = frames_THW[1:] != frames_THW[:-1]
    return changed


def _measures(
    frames: NDArray[np.uint8], back: NDArray[np.uint8], changed: NDArray[np.bool_]
) -> dict[str, Ratio]:
    def over(where: NDArray[np.bool_]) -> Ratio:
        return Ratio((right & where).sum((1, 2)), where.sum((1, 2)))

    right = frames == back
    cells = same_cells(frames, back)
    measures = {
        "cell_acc": Ratio(cells.sum(1), np.full(len(cells), cells.shape[1])),
        "pixel_acc": over(np.ones_like(right)),
        "exact_frame": share(right.all((1, 2))),
        "changed_pixel_acc": over(changed),
    }
    for colour in range(COLOURS):
        measures[f"recall_changed_colour_{colour}"] = over(changed & (frames == colour))
    return measures


def _lengths(tokenizer: FrameTokenizer, indices_NC: NDArray[np.int32]) -> dict[str, Ratio]:
    """`tokens_per_frame` and `spelled_frame_share`, the share of frames with a cell without code.

    Such a cell is spelled out with additional tokens.
    """
    more = getattr(tokenizer, "spelled_tokens", None)
    spelled = np.zeros(len(indices_NC)) if more is None else more(indices_NC)
    tokens = Ratio(spelled + CELLS, np.ones(len(indices_NC)))
    return {"tokens_per_frame": tokens, "spelled_frame_share": share(spelled > 0)}


def _known(frames: NDArray[np.uint8], known: set[bytes]) -> NDArray[np.bool_]:
    cells = split_cells(frames)
    flat = [cell.tobytes() in known for cell in cells.reshape(-1, cells.shape[-1])]
    return np.array(flat, dtype=np.bool_).reshape(cells.shape[:2])
