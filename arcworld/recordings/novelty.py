"""Novelty relative to the training data, by content hashes of frames and of (frame, action) pairs.

A transition is novel if no training recording has exactly this frame and this action. A frame is
novel if no training recording shows exactly this frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import SIDE
from arcworld.recordings.files import denied, shown, write_array

_FILES = ("frame_hashes.npy", "pair_hashes.npy")


def frame_hashes(frames_THW: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each frame's colours, uint64 [T]; it is the same on any machine.

    >>> frame_hashes(np.zeros((1, 64, 64), np.uint8))
    array([12394918884959525090], dtype=uint64)
    """
    frames = np.ascontiguousarray(frames_THW, np.uint8).reshape(-1, SIDE * SIDE)
    return _hashes(frames)


def pair_hashes(
    frames_AHW: NDArray[np.uint8], actions_A3: NDArray[np.integer]
) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each frame and the action (id, x, y) taken in it: uint64 [A]."""
    return pair_hashes_of(frame_hashes(frames_AHW), actions_A3)


def pair_hashes_of(
    frame_hashes_A: NDArray[np.uint64], actions_A3: NDArray[np.integer]
) -> NDArray[np.uint64]:
    """Return `pair_hashes` for frames that are already hashed: uint64 [A]."""
    assert len(frame_hashes_A) == len(actions_A3)
    pairs = np.empty((len(frame_hashes_A), 14), np.uint8)
    pairs[:, :8] = frame_hashes_A.astype("<u8").reshape(-1, 1).view(np.uint8)
    pairs[:, 8:] = np.ascontiguousarray(actions_A3, "<i2").view(np.uint8).reshape(-1, 6)
    return _hashes(pairs)


def _hashes(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    digests = b"".join(blake2b(row, digest_size=8).digest() for row in rows)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def content_digest(dataset: Dataset) -> str:
    """Return a digest of the content of a data set, as 32 hexadecimal digits.

    It depends on guids, frames, actions, outcomes, levels and available actions. File names and
    the order of the recordings do not matter.
    """
    frames = dataset.frames
    used = dataset.distinct_ids()
    hashes = np.zeros(frames.count, np.uint64)
    hashes[used] = _hashes(np.ascontiguousarray(frames.packed[used]))
    columns = dataset.packed.columns
    episodes: list[bytes] = []
    for index, entry in enumerate(dataset.entries):
        digest = blake2b(f"{entry.game_id}/{entry.guid}/{entry.start}".encode(), digest_size=16)
        digest.update(hashes[dataset.frame_ids(index)].astype("<u8").data)
        digest.update(dataset.actions(index).astype("<i2").data)
        end = entry.first_action + entry.actions
        digest.update(columns["outcomes"][entry.first_action : end].tobytes())
        for name in ("levels", "available"):
            digest.update(columns[name][entry.first : entry.first + entry.frames].tobytes())
        episodes.append(digest.digest())
    return blake2b(b"".join(sorted(episodes)), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class NoveltyIndex:
    """The hashes of all frames and (frame, action) pairs of the training data.

    Attributes:
        frames: sorted uint64, one for each distinct frame.
        pairs: sorted uint64, one for each distinct pair of frame and action.
    """

    frames: NDArray[np.uint64]
    pairs: NDArray[np.uint64]

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> NoveltyIndex:
        """Build the index of a data set, usually the `train` part of one."""
        hashes = np.zeros(dataset.frames.count, np.uint64)
        used = dataset.distinct_ids()
        hashes[used] = frame_hashes(dataset.frames.take(used))
        pairs = [
            pair_hashes_of(hashes[dataset.frame_ids(i)[:-1]], dataset.actions(i))
            for i in range(len(dataset.episodes))
        ]
        empty = np.zeros(0, np.uint64)
        return cls(np.unique(hashes[used]), np.unique(np.concatenate([empty, *pairs])))

    def novel_frames(self, frames_THW: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return bool [T], True where training never showed the frame."""
        return ~np.isin(frame_hashes(frames_THW), self.frames)

    def novel_pairs(
        self, frames_AHW: NDArray[np.uint8], actions_A3: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """Return bool [A], True where training never took this action in this frame."""
        return ~np.isin(pair_hashes(frames_AHW, actions_A3), self.pairs)

    def save(self, folder: Path) -> None:
        """Write `frame_hashes.npy` and `pair_hashes.npy` into a folder."""
        for name, hashes in zip(_FILES, (self.frames, self.pairs), strict=True):
            write_array(folder / name, hashes.astype("<u8"))

    @classmethod
    def load(cls, folder: Path) -> NoveltyIndex:
        """Read what `save` wrote.

        Raises:
            ArcworldError: a file is missing or is not a sorted list of hashes.
        """
        return cls(*(_load_hashes(Path(folder) / name) for name in _FILES))


def _load_hashes(path: Path) -> NDArray[np.uint64]:
    try:
        hashes = np.load(path)
        if hashes.ndim != 1 or hashes.dtype != np.uint64 or (hashes[1:] <= hashes[:-1]).any():
            raise ValueError
    except PermissionError:
        raise denied(path) from None
    except (OSError, ValueError, EOFError):
        raise ArcworldError(
            f"{shown(path)}: found no sorted 64-bit hashes; expected the file that training wrote;"
            " restore the run or train again"
        ) from None
    return hashes
