"""Counts of a data set, checked against a plain loop over its transitions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arcworld.cli import main
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.joined import load_dataset
from arcworld.recordings.statistics import count

LEVELS = [0, 0, 1, 1, 2, 2]


@pytest.fixture
def data(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two games: `a` twice with the same play, its copy held out; and `b`, that ends as lost."""
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    won = make.episode(1, 6, guid="a1", levels=LEVELS)
    copy = make.episode(1, 6, guid="a2", levels=LEVELS)
    lost = make.episode(2, 5, guid="b1", game="vials-00000001")
    lost.outcomes_A[-1] = 2
    for episode in (won, copy, lost):
        path = tmp_path / "data" / f"{episode.guid}.jsonl"
        make.write(path, make.rows("human", [episode]))
    split = {"train": ["a1"], "validation": ["a2"], "players": {"anna": ["a2", "b1"]}}
    (tmp_path / "data" / "split.json").write_text(json.dumps(split))
    return tmp_path / "data"


def by_loop(dataset: Dataset) -> tuple[int, int]:
    """(steps, distinct pairs of frame and action) by comparing pixels."""
    pairs = [
        (step.frame_HW.tobytes(), step.action)
        for episode in dataset.episodes
        for step in episode.steps()
    ]
    return len(pairs), len(set(pairs))


def test_counts(data: Path) -> None:
    dataset = load_dataset(data)
    found = count(dataset)
    assert (found.total.steps, found.total.novel) == by_loop(dataset) == (14, 9)
    assert (found.total.recordings, found.total.episodes, found.total.game_overs) == (3, 3, 1)
    assert (found.total.levels_won, found.total.levels_reached, found.total.levels) == (4, 2, 14)
    kinds = [int(row[0]) for episode in dataset.episodes for row in episode.actions_A3]
    assert list(found.total.actions) == [kinds.count(action) for action in range(8)]


def test_groups_add_up(data: Path) -> None:
    found = count(load_dataset(data))
    for groups in (found.games, found.players, found.parts):
        for name in ("recordings", "steps", "novel", "levels_won", "game_overs"):
            total = sum(getattr(counts, name) for counts in groups.values())
            assert total == getattr(found.total, name), name
    assert {name: counts.steps for name, counts in found.players.items()} == {
        "anna": 9,
        "recorded": 5,
    }
    assert found.games["locks-0badcafe"].novel == 5
    assert (found.players["recorded"].novel, found.players["anna"].novel) == (5, 4)


def test_novelty_of_the_parts_is_against_training(data: Path) -> None:
    found = count(load_dataset(data))
    assert found.novel_against_training == {"validation": 0, "held_out": 4}
    (data / "split.json").write_text(json.dumps({"train": ["b1"], "validation": ["a1", "a2"]}))
    assert count(load_dataset(data)).novel_against_training == {"validation": 10}


def test_the_command_shows_and_writes_the_counts(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "spoilt.jsonl").write_text("no JSON\n")
    assert main(["stats", str(data), "--json", str(tmp_path / "stats.json")]) == 0
    shown = capsys.readouterr()
    assert "spoilt.jsonl" in shown.err
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert "all 3 14 9 64.3 % 4 2/14 1" in lines
    assert "held_out 1 4 4 100.0 %" in lines and "train 1 5 - -" in lines
    found = json.loads((tmp_path / "stats.json").read_text())
    assert found["total"]["steps"] == 14 and found["players"]["anna"]["steps"] == 9
    assert [name for name, _ in found["left_out"]] == ["spoilt.jsonl"]
