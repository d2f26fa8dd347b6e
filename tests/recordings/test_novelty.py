"""A frame or pair is novel if training never showed it; hashes are the same on any machine."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.errors import ArcworldError
from arcworld.recordings.dataset import open_dataset
from arcworld.recordings.novelty import NoveltyIndex, frame_hashes, pair_hashes


def test_hashes_are_fixed() -> None:
    frames = np.zeros((2, 64, 64), np.uint8)
    frames[1, 63, 63] = 1
    assert frame_hashes(frames).tolist() == [12394918884959525090, 11558843970618945331]
    zero = blake2b(bytes(4096), digest_size=8).digest()
    assert frame_hashes(frames)[0] == int.from_bytes(zero, "little")
    click = np.array([[6, 3, 60]], np.int16)
    pair = blake2b(zero + bytes([6, 0, 3, 0, 60, 0]), digest_size=8).digest()
    assert pair_hashes(frames[:1], click)[0] == int.from_bytes(pair, "little")
    assert not len(frame_hashes(frames[:0])) and not len(pair_hashes(frames[:0], click[:0]))


@given(st.integers(0, 2**32), st.integers(0, 63), st.integers(0, 63))
@settings(max_examples=30, deadline=None)
def test_one_pixel_or_place_makes_another_hash(seed: int, x: int, y: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 16, (1, 64, 64), dtype=np.uint8)
    other = frame.copy()
    other[0, y, x] ^= 1
    assert frame_hashes(frame) != frame_hashes(other)
    assert frame_hashes(frame) == frame_hashes(np.asfortranarray(frame))
    actions = np.array([[6, x, y]], np.int16)
    assert pair_hashes(frame, actions) == pair_hashes(frame, actions.astype(np.int64))
    assert pair_hashes(frame, actions) != pair_hashes(frame, np.array([[6, x, (y + 1) % 64]]))
    assert pair_hashes(frame, actions) != pair_hashes(other, actions)


def test_seen(make: Any, tmp_path: Path) -> None:
    known, new = make.episode(1, 5), make.episode(2, 5, guid="new")
    path = make.write(tmp_path / "a.jsonl", make.rows("human", [known]))
    NoveltyIndex.from_dataset(open_dataset(path, cache=tmp_path / "cache")).save(tmp_path / "run")
    seen = NoveltyIndex.load(tmp_path / "run")
    assert len(seen.frames) == 5 and len(seen.pairs) == 4
    assert not seen.novel_frames(known.frames_THW).any()
    assert seen.novel_frames(new.frames_THW).all()
    assert not seen.novel_pairs(known.frames_THW[:-1], known.actions_A3).any()
    others = known.actions_A3.copy()
    others[:, 0] = np.where(others[:, 0] == 1, 2, 1)
    assert seen.novel_pairs(known.frames_THW[:-1], others).all()


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01", b"garbage"])
def test_a_damaged_file_is_reported(tmp_path: Path, content: bytes) -> None:
    NoveltyIndex(np.zeros(1, np.uint64), np.zeros(1, np.uint64)).save(tmp_path)
    (tmp_path / "pair_hashes.npy").write_bytes(content)
    with pytest.raises(ArcworldError, match=r"pair_hashes\.npy: found no sorted 64-bit hashes"):
        NoveltyIndex.load(tmp_path)


def test_a_missing_or_unsorted_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ArcworldError, match=r"frame_hashes\.npy: found no"):
        NoveltyIndex.load(tmp_path)
    NoveltyIndex(np.array([2, 1], np.uint64), np.zeros(1, np.uint64)).save(tmp_path)
    with pytest.raises(ArcworldError, match=r"frame_hashes\.npy: found no"):
        NoveltyIndex.load(tmp_path)
