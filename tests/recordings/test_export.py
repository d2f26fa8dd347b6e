"""Parquet files of a data set: every transition comes back, each in its part of the split."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import pytest

from arcworld.cli import main
from arcworld.errors import ArcworldError
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.export import export
from arcworld.recordings.joined import load_dataset

PAGE = Path(__file__).parents[2] / "docs/how-to/export.md"


@pytest.fixture
def data(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    for seed, frames in enumerate((7, 5, 4, 9)):
        levels = [0] * (frames - 1) + [1]
        episodes = [
            make.episode(seed, frames, guid=f"g{seed}", levels=levels),
            make.episode(seed + 10, 3, guid=f"g{seed}", start=frames),
        ]
        make.write(tmp_path / "data" / f"{seed}.jsonl", make.rows("human", episodes))
    split = {"train": ["g0", "g3"], "validation": ["g1"], "players": {"anna": ["g3"]}}
    (tmp_path / "data" / "split.json").write_text(json.dumps(split))
    return tmp_path / "data"


def rows_of(folder: Path, part: str) -> list[dict[str, Any]]:
    files = sorted(folder.glob(f"data/{part}-*.parquet"))
    return [row for file in files for row in parquet.read_table(file).to_pylist()]


def compare(rows: list[dict[str, Any]], part: Dataset) -> None:
    steps = [(one, t) for one in part.episodes for t in range(len(one))]
    assert len(rows) == len(steps) > 0
    for row, (episode, t) in zip(rows, steps, strict=True):
        assert np.array_equal(row["frame"], episode.frames_THW[t])
        assert np.array_equal(row["next_frame"], episode.frames_THW[t + 1])
        action = (row["action_id"], row["action_x"], row["action_y"])
        assert action == tuple(episode.actions_A3[t]) and row["step"] == t
        assert tuple(row["available_actions"]) == episode.available_actions(t)
        assert row["outcome"] == episode.outcomes_A[t]
        assert row["levels_completed"] == episode.levels_T[t]
        for name in ("guid", "game_id", "player", "win_levels"):
            assert row[name] == getattr(episode, name), name
        assert row["episode_start"] == episode.start


@pytest.mark.parametrize("rows_per_file", [3, 10, 50_000])
def test_every_transition_comes_back(data: Path, tmp_path: Path, rows_per_file: int) -> None:
    dataset, out = load_dataset(data), tmp_path / "out"
    found = export(dataset, out, rows_per_file=rows_per_file)
    assert found.rows == {"train": 18, "validation": 6, "held_out": 5}
    assert sorted(found.files) == sorted(out.glob("data/*.parquet"))
    for part in found.rows:
        compare(rows_of(out, part), dataset.part(part))
        files = sorted(out.glob(f"data/{part}-*.parquet"))
        assert len(files) == -(-found.rows[part] // rows_per_file)
        assert all(f"-of-{len(files):05d}." in file.name for file in files)


def test_the_card_names_files_that_are_there(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(load_dataset(data), out)
    card = (out / "README.md").read_text()
    assert card.startswith("---\n") and "29 transitions of 4 recordings" in card
    for pattern in re.findall(r"path: (.*)", card):
        assert list(out.glob(pattern))
    columns: Any = parquet.read_schema(next(out.glob("data/*.parquet")))
    assert all(f"`{name}`" in card for name in columns.names)
    assert set(re.findall(r"- name: (.*)", card)) == set(columns.names)
    assert card.count("array2_d") == 2


def test_a_folder_with_files_is_refused_and_left_as_it_is(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ArcworldError, match="expected a new or empty folder"):
        export(load_dataset(data), data)
    assert not list(data.glob("**/*.parquet"))
    (tmp_path / "empty").mkdir()
    export(load_dataset(data), tmp_path / "empty")
    assert rows_of(tmp_path / "empty", "train")


def test_nothing_is_left_of_an_export_that_fails(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("arcworld.recordings.export._card", fail)
    before = sorted(tmp_path.iterdir())
    assert main(["export", str(data), str(tmp_path / "out")]) == 2
    assert sorted({*tmp_path.iterdir()} - {tmp_path / "cache"}) == before


def test_the_page_runs(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its commands and its two snippets; `datasets` is not a package that the tests require."""
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8").replace("runs/demo/demos", data.name)
    for line in re.findall(r"^uv run arcworld (.*)$", text, re.MULTILINE):
        assert main(line.split()) == 0
    assert "18 train, 6 validation, 5 held_out transitions" in capsys.readouterr().out
    reading, loading = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(compile(loading, PAGE.name, "exec"), names)
    frames, actions, next_frames, outcomes = next(iter(names["loader"]))
    assert frames.shape == next_frames.shape == (18, 64, 64) and actions.shape == (18, 3)
    assert int((outcomes == 1).sum()) == 2
    if importlib.util.find_spec("datasets"):
        exec(compile(reading, PAGE.name, "exec"), names)
        assert names["frame"].shape == (64, 64) and names["frame"].dtype == np.uint8
