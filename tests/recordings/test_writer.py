"""The reader reads what the writer wrote, and the rows have the toolkit's fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.recordings.episode import Action, Episode
from arcworld.recordings.reader import read_recording
from arcworld.recordings.writer import RecordingWriter


def write_episode(writer: RecordingWriter, episode: Episode) -> None:
    for t in range(len(episode) + 1):
        writer.write(
            [episode.frames_THW[t]] * int(episode.grids_T[t]),
            episode.action(t - 1) if t else Action(0),
            "NOT_FINISHED",
            int(episode.levels_T[t]),
            episode.available_actions(t),
            full_reset=t == 0,
            reasoning={"why": "a test"},
        )


@pytest.mark.parametrize("name", ["run.jsonl", "deep/er/run.jsonl.gz"])
def test_round_trip(make: Any, same: Any, tmp_path: Path, name: str) -> None:
    episodes = [make.episode(1, 4), make.episode(2, 3, start=4)]
    with RecordingWriter(tmp_path / name, make.game, make.guid, 7) as writer:
        for episode in episodes:
            write_episode(writer, episode)
    recording = read_recording(tmp_path / name)
    same(recording.episodes, episodes)
    assert recording.dialect == "toolkit" and not recording.problems


def test_each_row_is_on_disk_at_once(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    writer = RecordingWriter(path, make.game, make.guid, 7)
    assert not path.exists()
    write_episode(writer, make.episode(frames=3))
    assert read_recording(path).steps == 2
    writer.close()


def test_refused_action_has_no_frame(make: Any, tmp_path: Path) -> None:
    frame = np.zeros((1, 64, 64), np.uint8)
    with RecordingWriter(tmp_path / "a.jsonl", make.game, make.guid, 7) as writer:
        writer.write(frame, Action(0), "GAME_OVER", 0, [6], True)
        writer.write([], Action(6, 1, 2), "GAME_OVER", 0, [6], False)
        writer.write(frame, Action(0), "NOT_FINISHED", 0, [6], False)
    recording = read_recording(tmp_path / "a.jsonl")
    assert recording.steps == 1 and recording.rows == 3


def test_a_recording_is_never_written_over(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("mine")
    with (
        pytest.raises(ArcworldError, match=r"cannot be written \(File exists\)"),
        RecordingWriter(path, make.game, make.guid, 7) as writer,
    ):
        write_episode(writer, make.episode())
    assert path.read_text() == "mine"


def test_rows_have_the_fields_of_the_toolkits_own(make: Any, shared: Path, tmp_path: Path) -> None:
    (theirs,) = (shared / "dialects/toolkit").glob("*.jsonl")
    with RecordingWriter(tmp_path / "a.jsonl", make.game, make.guid, 7) as writer:
        write_episode(writer, make.episode())
    ours, theirs = (
        json.loads(path.read_text().splitlines()[0]) for path in (tmp_path / "a.jsonl", theirs)
    )
    assert list(ours) == list(theirs) and list(ours["data"]) == list(theirs["data"])
    assert list(ours["data"]["action_input"]) == list(theirs["data"]["action_input"])
