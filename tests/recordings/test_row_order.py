"""Rows that were swapped, repeated or changed are detected by their timestamps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arcworld.recordings.reader import read_recording


def timed(make: Any, seconds: list[float] | None = None) -> list[dict[str, Any]]:
    rows = make.rows("toolkit", [make.episode(frames=8)])
    for number, row in enumerate(rows):
        second = 1.25 * number if seconds is None else seconds[number]
        row["timestamp"] = f"2026-01-01T00:00:{second:09.6f}+00:00"
    return rows


def notes(make: Any, folder: Path, rows: list[Any]) -> list[tuple[int, str]]:
    recording = read_recording(make.write(folder / "a.jsonl", rows))
    notes = [(problem.line, problem.message) for problem in recording.problems]
    return [note for note in notes if "timestamp" in note[1]]


def test_rows_in_order_have_no_note(make: Any, tmp_path: Path) -> None:
    assert notes(make, tmp_path, timed(make)) == []


def test_a_repeated_row_is_named_with_the_row_that_it_repeats(make: Any, tmp_path: Path) -> None:
    rows = timed(make)
    rows.insert(4, rows[3])
    assert notes(make, tmp_path, rows) == [(5, "the row repeats row 4 with the same timestamp")]


def test_a_row_repeated_later_goes_back_too(make: Any, tmp_path: Path) -> None:
    rows = timed(make)
    rows.insert(6, rows[2])
    repeated, back = notes(make, tmp_path, rows)
    assert repeated[0] == back[0] == 7
    assert "repeats row 3" in repeated[1] and "goes back" in back[1]


def test_swapped_rows_are_noted(make: Any, tmp_path: Path) -> None:
    rows = timed(make)
    rows[3], rows[4] = rows[4], rows[3]
    ((line, message),) = notes(make, tmp_path, rows)
    assert line == 5 and "the timestamp goes back" in message


def test_an_altered_row_with_another_rows_timestamp_is_noted(make: Any, tmp_path: Path) -> None:
    rows = timed(make)
    rows[4]["timestamp"] = rows[3]["timestamp"]
    ((line, message),) = notes(make, tmp_path, rows)
    assert line == 5 and "the timestamp equals" in message


@pytest.mark.parametrize("second", ["2026-01-01T00:00:00", None, "yesterday", 5, [], 1e300])
def test_without_a_clock_nothing_is_concluded(make: Any, tmp_path: Path, second: object) -> None:
    rows = timed(make)
    for row in rows:
        row["timestamp"] = second
    rows.insert(4, rows[3])
    assert notes(make, tmp_path, rows) == []


def test_whole_seconds_may_repeat(make: Any, tmp_path: Path) -> None:
    assert notes(make, tmp_path, timed(make, [0, 0, 1, 1, 1, 2, 3, 3])) == []


def test_levels_that_jump_are_noted(make: Any, tmp_path: Path) -> None:
    rows = timed(make)
    for row in rows[4:]:
        row["data"]["levels_completed"] = 2
    problems = read_recording(make.write(tmp_path / "a.jsonl", rows)).problems
    assert any("several levels completed by one action" in p.message for p in problems)
