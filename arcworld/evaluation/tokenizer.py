"""How much of a frame its codes keep.

Knows frames and a tokenizer; knows nothing of actions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.floors import known_cells, split_cells
from arcworld.evaluation.frame_measures import same_cells
from arcworld.evaluation.pooling import Ratio, Table, pool, share
from arcworld.frames.tokenizer import FrameTokenizer
from arcworld.recordings.episode import COLOURS, Episode, game_name
from arcworld.recordings.novelty import Seen


def evaluate_tokenizer(
    tokenizer: FrameTokenizer,
    episodes: Sequence[Episode],
    seen: Seen,
    training_frames_NHW: NDArray[np.uint8] | None,
) -> dict[str, Table]:
    """Parts `tokenizer` and its floor `lookup`: frames made of cells that training shows."""
    frames = np.concatenate([episode.frames_THW for episode in episodes])
    changed = np.concatenate([_changed(episode.frames_THW) for episode in episodes])
    lengths = [len(episode.frames_THW) for episode in episodes]
    games = np.repeat([game_name(episode.game_id) for episode in episodes], lengths)
    novel = seen.novel_frames(frames)
    subsets = {"all": np.ones(len(frames), dtype=np.bool_), "novel": novel}
    indices = tokenizer.encode_frames(frames)
    back = tokenizer.decode_frames(indices)
    table = pool(_measures(frames, back, changed), subsets, games)
    used = len(np.unique(indices)) / tokenizer.codebook_size
    table["all"]["all"]["codebook_used"] = used
    parts = {"tokenizer": table}
    if training_frames_NHW is not None:
        known = _known(frames, known_cells(training_frames_NHW))
        measures = {"cell_acc": Ratio(known.sum(1), np.full(len(known), known.shape[1]))}
        measures["exact_frame"] = share(known.all(1))
        parts["floors/lookup/tokenizer"] = pool(measures, subsets, games)
    return parts


def _changed(frames_THW: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels that differ from the frame before; none in the first."""
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


def _known(frames: NDArray[np.uint8], known: set[bytes]) -> NDArray[np.bool_]:
    cells = split_cells(frames)
    flat = [cell.tobytes() in known for cell in cells.reshape(-1, cells.shape[-1])]
    return np.array(flat, dtype=np.bool_).reshape(cells.shape[:2])
