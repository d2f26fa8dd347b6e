"""Recordings that other programs write, through the command line: read, and noted where needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcworld.cli import main
from arcworld.recordings.episode import Action
from arcworld.recordings.reader import read_recording
from arcworld.recordings.writer import RecordingWriter


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Write a recording of seven steps, and return its rows."""
    with RecordingWriter(path, "dots-0badcafe", path.name.split(".")[0], 3) as writer:
        for t in range(8):
            frame = np.full((64, 64), 5, np.uint8)
            frame[8, 4 * t] = 9
            action = Action(1 + t % 2) if t else Action(0)
            writer.write([frame], action, "NOT_FINISHED", 0, (1, 2), t == 0)
    return [json.loads(line) for line in path.read_text().splitlines()]


def without_offers(rows: list[dict[str, Any]]) -> str:
    for row in rows:
        row["data"]["available_actions"] = []
    return "\n".join(json.dumps(row) for row in rows)


def without_guid(rows: list[dict[str, Any]]) -> str:
    for row in rows:
        row["data"]["guid"] = None
    return "\n".join(json.dumps(row) for row in rows)


def with_nan(rows: list[dict[str, Any]]) -> str:
    rows[3]["data"]["action_input"]["reasoning"] = {"value": float("nan")}
    return "\n".join(json.dumps(row) for row in rows)


def with_half_a_character(rows: list[dict[str, Any]]) -> str:
    rows[3]["data"]["action_input"]["reasoning"] = "\ud83d"
    return "\n".join(json.dumps(row) for row in rows)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (without_offers, "no available_actions"),
        (without_guid, "no guid: taken from the other rows, or made from the content"),
        (with_nan, ""),
        (with_half_a_character, ""),
    ],
)
def test_check_reads_what_is_not_needed_or_missing(
    change: Callable[[list[dict[str, Any]]], str],
    note: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "a.recording.jsonl"
    rows = [row for row in rows_of(path) if "action_input" in row["data"]]
    path.write_text(change(rows) + "\n")
    assert main(["check", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "1 file, 1 usable, 0 not" in shown and ("note:" in shown) == bool(note)
    assert note in " ".join(shown.split())
    (episode,) = read_recording(path).episodes
    assert len(episode) == 7 and episode.guid
