"""Packed episodes are unpacked unchanged, and a damaged cache is not loaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.recordings.episode import Episode
from arcworld.recordings.packed import (
    MANIFEST,
    Packed,
    Packer,
    Skipped,
    load_packed,
    save_packed,
)
from arcworld.recordings.packing import pack_frames, unpack_frames

KEY = [["a.jsonl", 1, 2]]


def pack_episodes(
    episodes: Sequence[tuple[str, Episode]], skipped: Sequence[Skipped] = ()
) -> Packed:
    packer = Packer()
    for source, episode in episodes:
        packer.add(source, episode)
    return packer.finish(skipped)


def unpacked(packed: Packed) -> list[Any]:
    return [packed.episode(entry) for entry in packed.entries]


def test_even_pixels_stand_in_the_high_half() -> None:
    frame = np.zeros((1, 64, 64), np.uint8)
    frame[0, 0, :2] = 5, 11
    assert pack_frames(frame)[0, 0] == 0x5B
    assert unpack_frames(pack_frames(frame))[0, 0, :3].tolist() == [5, 11, 0]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_round_trip(make: Any, same: Any, lengths: list[int], seed: int) -> None:
    episodes = [make.episode(seed % 7 + i % 2, frames) for i, frames in enumerate(lengths)]
    packed = pack_episodes([("a.jsonl", episode) for episode in episodes])
    same(unpacked(packed), episodes)
    frames = np.concatenate([e.frames_THW for e in episodes]).reshape(-1, 4096)
    assert len(packed.columns["frames"]) == len(np.unique(frames, axis=0))


def test_on_disk_and_mapped(make: Any, same: Any, tmp_path: Path) -> None:
    episodes = [make.episode(i, 5) for i in range(3)]
    packed = pack_episodes([("ä\udcff.jsonl", e) for e in episodes], [Skipped("b", "why")])
    save_packed(packed, tmp_path / "c", KEY)
    loaded = load_packed(tmp_path / "c", KEY)
    assert loaded is not None and isinstance(loaded.columns["frames"], np.memmap)
    same(unpacked(loaded), episodes)
    assert loaded.entries == packed.entries and loaded.skipped == packed.skipped
    assert load_packed(tmp_path / "c", [["a.jsonl", 1, 3]]) is None
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def garbage(path: Path) -> None:
    path.write_bytes(b"\x93NUMPY" + bytes(range(250)) * 9)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 16
    path.write_bytes(content)


def version(path: Path) -> None:
    path.write_text(path.read_text().replace('"version": 2', '"version": 0'))


DAMAGE: list[tuple[str, Callable[[Path], object]]] = [
    *((name, cut) for name in ("frames.npy", "actions.npy", MANIFEST)),
    *((name, garbage) for name in ("frames.npy", "levels.npy", MANIFEST)),
    *((name, flip) for name in ("frames.npy", "frame_ids.npy", "outcomes.npy", MANIFEST)),
    *((name, lambda path: path.unlink()) for name in ("grids.npy", MANIFEST)),
    (MANIFEST, version),
    (MANIFEST, lambda path: path.write_text("{}")),
    (".", lambda path: (shutil.rmtree(path), path.write_text("a file"))),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGE)
def test_damage_is_seen_and_mended(
    make: Any, same: Any, tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    packed = pack_episodes([("a.jsonl", make.episode(frames=5))])
    folder = tmp_path / "c"
    save_packed(packed, folder, KEY)
    damage(folder / name)
    assert load_packed(folder, KEY) is None
    save_packed(packed, folder, KEY)
    mended = load_packed(folder, KEY)
    assert mended is not None
    same(unpacked(mended), unpacked(packed))
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_any_altered_byte_is_seen(make: Any, tmp_path: Path) -> None:
    save_packed(pack_episodes([("a.jsonl", make.episode(frames=3))]), tmp_path / "c", KEY)
    rng = np.random.default_rng(0)
    for path in sorted((tmp_path / "c").iterdir()):
        whole = path.read_bytes()
        for at in rng.integers(0, len(whole), 20):
            altered = bytearray(whole)
            altered[at] ^= int(rng.integers(1, 256))
            path.write_bytes(altered)
            loaded = load_packed(tmp_path / "c", KEY)
            if loaded is not None:  # only the padding of a header may differ
                assert path.suffix == ".npy" and at < 128
        path.write_bytes(whole)
    assert json.loads((tmp_path / "c" / MANIFEST).read_text())["payload"]["key"] == KEY
