"""A folder of recordings opens as one data set; the second time from the cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.recordings import dataset as module
from arcworld.recordings.dataset import Dataset, open_dataset


@pytest.fixture
def data(make: Any, tmp_path: Path) -> Path:
    for number in range(5):
        game = f"game{number % 2}-00000000"
        episode = make.episode(number, 3 + number, guid=f"guid-{number}", game=game)
        path = tmp_path / "data" / game / f"guid-{number}.recording.jsonl.gz"
        make.write(path, make.rows("human", [episode]), zipped=True)
    return tmp_path / "data"


def opened(data: Path, **options: Any) -> Dataset:
    return open_dataset(data, cache=data.parent / "cache", **options)


def refuse(*_: Any) -> None:
    raise AssertionError("parsed again")


def test_episodes_are_those_recorded(make: Any, same: Any, data: Path) -> None:
    dataset = opened(data)
    same(
        sorted(dataset.episodes, key=lambda e: e.guid),
        [make.episode(n, 3 + n, guid=f"guid-{n}", game=f"game{n % 2}-00000000") for n in range(5)],
    )
    assert dataset.transitions == sum(range(2, 7)) and len(dataset.guids) == 5
    assert dataset.games == ("game0-00000000", "game1-00000000")
    assert dataset.of_game("game1-00000000").guids == ("guid-1", "guid-3")
    for i, episode in enumerate(dataset.episodes):
        assert np.array_equal(dataset.frames.take(dataset.frame_ids(i)), episode.frames_THW)
        assert np.array_equal(dataset.actions(i), episode.actions_A3)
    assert len(dataset.distinct_ids()) == dataset.frames.count == dataset.transitions + 5
    assert len(dataset.episodes[1:3]) == 2 and len(dataset.episodes[-1]) > 0
    assert dataset.episodes[0].actions_A3.flags.writeable


def test_the_second_time_nothing_is_parsed(
    data: Path, monkeypatch: pytest.MonkeyPatch, same: Any
) -> None:
    first = opened(data)
    with monkeypatch.context() as patch:
        patch.setattr(module, "read_recording", refuse)
        same(opened(data).episodes, first.episodes)
    (path,) = data.rglob("guid-3*")
    os.utime(path, ns=(1, 1))
    monkeypatch.setattr(module, "read_recording", refuse)
    with pytest.raises(AssertionError, match="parsed again"):
        opened(data)


def test_a_changed_folder_replaces_its_cache(make: Any, data: Path) -> None:
    opened(data)
    next(iter(data.rglob("guid-4*"))).unlink()
    assert len(opened(data).guids) == 4
    assert len(list((data.parent / "cache/packed").iterdir())) == 1


def test_cache_from_the_environment(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCWORLD_CACHE", str(data.parent / "elsewhere"))
    open_dataset(data)
    assert list((data.parent / "elsewhere/packed").iterdir())


def test_a_cache_that_cannot_be_written_is_done_without(data: Path) -> None:
    (data.parent / "cache").write_text("a file")
    with pytest.warns(UserWarning, match="cannot be written"):
        assert opened(data).transitions == 20


def test_one_file(data: Path) -> None:
    (path,) = data.rglob("guid-3*")
    dataset = open_dataset(path, cache=data.parent / "cache")
    assert dataset.guids == dataset.part("train").guids == ("guid-3",)


def test_unusable_files_and_duplicates_are_left_out(make: Any, data: Path, same: Any) -> None:
    rows = make.rows("legacy", [make.episode(0, 3, guid="guid-0", game="game0-00000000")])
    make.write(data / "a-part.jsonl", rows[:2])
    make.write(data / "z-same.jsonl", rows)
    make.write(data / "cut.jsonl", [b'{"timestamp"'])
    make.write(data / "still.jsonl", make.rows("human", [make.episode(9, 1, guid="still")]))
    make.write(data / "notes.txt", [b"no recording"])
    make.write(data / ".hidden.jsonl", [b"no recording"])
    dataset = opened(data)
    assert len(dataset.guids) == 5 and dataset.transitions == 20
    reasons = {skip.path: skip.reason for skip in dataset.skipped}
    assert set(reasons) == {"a-part.jsonl", "z-same.jsonl", "cut.jsonl", "still.jsonl"}
    assert "the same guid as game0-00000000/guid-0" in reasons["a-part.jsonl"]
    assert "the same guid as game0-00000000/guid-0" in reasons["z-same.jsonl"]
    assert "cut.jsonl:1: found a line" in reasons["cut.jsonl"]
    assert "no action was taken" in reasons["still.jsonl"]
    assert opened(data).skipped == dataset.skipped


def test_frames_of_a_dropped_duplicate_are_dropped(make: Any, tmp_path: Path) -> None:
    make.write(tmp_path / "data/a.jsonl", make.rows("human", [make.episode(1, 3)]))
    make.write(tmp_path / "data/b.jsonl", make.rows("human", [make.episode(2, 5)]))
    dataset = opened(tmp_path / "data")
    assert dataset.transitions == 4 and dataset.frames.count == 5


def test_nothing_usable(make: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(ArcworldError, match="found no recording in this folder"):
        opened(tmp_path / "data")
    make.write(tmp_path / "data/a.jsonl", [b"{}"])
    with pytest.raises(ArcworldError, match=r"none usable.*a\.jsonl:1: found {}"):
        opened(tmp_path / "data")
    with pytest.raises(ArcworldError, match="found nothing at this path"):
        opened(tmp_path / "absent")
    with pytest.raises(ArcworldError, match="found no recording here"):
        opened(make.write(tmp_path / "a.txt", [b"{}"]))
    assert not (tmp_path / "cache").exists()


def test_parts(data: Path) -> None:
    dataset = opened(data)
    train, validation = dataset.part("train"), dataset.part("validation")
    assert set(train.guids) | set(validation.guids) == set(dataset.guids)
    assert not set(train.guids) & set(validation.guids)
    assert len(validation.guids) == 2 and len(validation.games) == 2
    assert dataset.part("all") is dataset
    with pytest.raises(ArcworldError, match="did you mean 'validation'"):
        dataset.part("valid")
    (data / "split.json").write_text(json.dumps({"train": ["guid-1"], "validation": []}))
    with pytest.raises(ArcworldError, match="no recording in part 'validation'"):
        opened(data).part("validation")


DAMAGE_AND_OPEN = """
import contextlib, sys, time
from pathlib import Path
from arcworld.recordings import open_dataset
data, cache, start = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
time.sleep(max(0, start - time.time()))
for _ in range(15):
    print(open_dataset(data, cache=cache).transitions)
    with contextlib.suppress(OSError):
        [path.unlink() for path in cache.glob("packed/*/frames.npy")]
"""


def test_two_processes_build_at_once(data: Path) -> None:
    arguments = [str(data), str(data.parent / "cache"), str(time.time() + 1)]
    command = [sys.executable, "-W", "error", "-c", DAMAGE_AND_OPEN, *arguments]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as one,
        subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as other,
    ):
        for run in (one, other):
            out, err = run.communicate(timeout=120)
            assert (err, run.returncode) == ("", 0)
            assert out.split() == ["20"] * 15
    assert opened(data).transitions == 20
    assert len(list((data.parent / "cache/packed").iterdir())) == 1


def test_no_torch_for_recordings() -> None:
    code = "import sys, arcworld.recordings; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_levels_cuts_episodes_and_keeps_the_rest_as_it_was(data: Path) -> None:
    dataset = opened(data)
    whole = dict(zip(dataset.guids, dataset.episodes, strict=True))
    for level in (0, 1, 2):
        cut = dataset.without_levels({"game0-00000000": [level]})
        shown = [cut.levels_shown(i) for i in range(len(cut.entries))]
        for entry, episode, levels_T in zip(cut.entries, cut.episodes, shown, strict=True):
            first = episode.start
            before = whole[episode.guid]
            assert np.array_equal(episode.frames_THW, before.frames_THW[first:][: entry.frames])
            assert np.array_equal(episode.actions_A3, before.actions_A3[first:][: len(episode)])
            assert np.array_equal(episode.outcomes_A, before.outcomes_A[first:][: len(episode)])
            if entry.game_id == "game0-00000000":
                assert not (levels_T == level).any() and len(episode) > 0
        kept = [e for e in cut.entries if e.game_id == "game1-00000000"]
        assert kept == [e for e in dataset.entries if e.game_id == "game1-00000000"]
        assert cut.split == dataset.split and cut.distinct_ids().size > 0
    assert dataset.without_levels({}).entries == dataset.entries
