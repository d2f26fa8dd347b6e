"""A recording whose fields contradict each other is refused; the message names the fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from arcworld.recordings.check import check_paths
from arcworld.recordings.reader import read_recording
from arcworld.recordings.recording import Recording

type Spoil = Callable[[list[dict[str, Any]]], object]


def fill(**fields: Any) -> Spoil:
    """Change a field in every row."""
    return lambda rows: [row.update(fields) for row in rows]


def at(number: int, **fields: Any) -> Spoil:
    """Change fields of one row, counted from 0."""
    return lambda rows: rows[number].update(fields)


def both(*spoils: Spoil) -> Spoil:
    return lambda rows: [spoil(rows) for spoil in spoils]


RESET = {"id": 0, "data": {}}
ONE = {"id": 1, "data": {}}

CASES: list[tuple[str, Spoil, int, str]] = [
    (
        "all reset",
        fill(action_input=RESET, full_reset=False),
        0,
        "action_input contradicts the fra",
    ),
    ("won on 0", at(3, state="WIN"), 4, "state WIN with levels_completed 0 of win_levels 7"),
    ("won early", at(3, state="WIN", levels_completed=3), 4, "state contradicts levels_completed"),
    ("over all", at(3, levels_completed=8), 4, "levels_completed contradicts win_levels"),
    ("not played", at(3, levels_completed=1, state="NOT_PLAYED"), 4, "state NOT_PLAYED with"),
    ("falls", both(at(3, levels_completed=1), at(4, action_input=ONE)), 5, "0 after 1 by action 1"),
    ("flag", at(0, levels_completed=2), 1, "full_reset contradicts levels_completed"),
    (
        "flag of a reset",
        both(at(3, levels_completed=1), at(4, action_input=RESET, full_reset=False)),
        5,
        "levels_completed 0 after 1 with full_reset false",
    ),
    (
        "flag without effect",
        both(
            at(3, levels_completed=1),
            at(4, levels_completed=1, action_input=RESET, full_reset=True),
        ),
        5,
        "full_reset true with levels_completed 1",
    ),
    (
        "half way back",
        both(at(3, levels_completed=2), at(4, levels_completed=1, action_input=RESET)),
        5,
        "1 after 2 by RESET",
    ),
    (
        "reset wins",
        at(3, action_input=RESET, levels_completed=1),
        4,
        "RESET wins no level",
    ),
    ("reset loses", at(3, action_input=RESET, state="GAME_OVER"), 4, "RESET ends no game"),
    (
        "alive again",
        both(*[at(number, state="GAME_OVER") for number in (3, 6, 9)]),
        0,
        "3 games continued after GAME_OVER or WIN, none by RESET",
    ),
    ("other game", at(4, win_levels=5), 5, "win_levels 5 after 7"),
    ("offered", fill(available_actions=[6]), 0, "action_input contradicts available_actions"),
]


def read(make: Any, folder: Path, spoil: Spoil, **options: Any) -> Recording:
    episode = make.episode(frames=16)
    episode.actions_A3[:] = [1, -1, -1]
    rows = make.rows("human", [episode])
    spoil([row["data"] for row in rows[:-1]])
    return read_recording(make.write(folder / "a.jsonl", rows[:-1]), strict=False, **options)


@pytest.mark.parametrize(("name", "spoil", "line", "message"), CASES, ids=[c[0] for c in CASES])
def test_a_contradiction_is_refused_with_its_fields(
    make: Any, tmp_path: Path, name: str, spoil: Spoil, line: int, message: str
) -> None:
    recording = read(make, tmp_path, spoil)
    (problem,) = [problem for problem in recording.problems if problem.fatal][:1]
    assert not recording.usable and problem.line == line
    assert message in problem.message and "contradicts" in problem.message
    assert "record again" in problem.message and "\n" not in problem.message
    (report,) = check_paths([tmp_path])
    assert not report.usable


def test_the_recording_they_are_made_from_is_usable(make: Any, tmp_path: Path) -> None:
    assert read(make, tmp_path, lambda rows: None).usable


def reset_rows(make: Any, moves: Sequence[int], actions: Sequence[int]) -> list[dict[str, Any]]:
    """Return rows with the given actions, whose frame changes where `moves` is True."""
    episode = make.episode(frames=len(moves) + 1)
    rows = make.rows("human", [episode])[:-1]
    frame = rows[0]["data"]["frame"][-1:]
    for row, moved, action in zip(rows[1:], moves, actions, strict=True):
        frame = row["data"]["frame"][-1:] if moved else frame
        row["data"] |= {"frame": frame, "action_input": {"id": action, "data": {}}}
    return rows


def test_some_dropped_actions_are_refused_too(make: Any, tmp_path: Path) -> None:
    actions = [1, 0, 0, 0, 2, 1, 0, 0, 1, 2]
    path = make.write(tmp_path / "a.jsonl", reset_rows(make, [1] * 10, actions))
    recording = read_recording(path, strict=False)
    assert not recording.usable and "RESET after RESET" in recording.problems[0].message


@pytest.mark.parametrize(
    ("moves", "actions"),
    [
        ([0, 0, 0, 0], [0, 0, 0, 0]),
        ([1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0]),
        ([1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 1, 1, 1, 1]),
    ],
)
def test_resets_that_may_be_true_are_usable(
    make: Any, tmp_path: Path, moves: list[int], actions: list[int]
) -> None:
    """RESETs without effect, RESETs that set a level back, and one level that begins at random."""
    rows = reset_rows(make, moves, actions)
    assert read_recording(make.write(tmp_path / "a.jsonl", rows)).usable


def test_a_recorder_without_the_flag_is_read_by_effect(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=6)])[:-1]
    for row in rows:
        row["data"] |= {"full_reset": False, "action_input": ONE}
    rows[0]["data"]["action_input"] = RESET
    rows[2]["data"]["levels_completed"] = 1
    rows[3]["data"]["action_input"] = RESET
    recording = read_recording(make.write(tmp_path / "a.jsonl", rows))
    assert [len(episode) for episode in recording.episodes] == [2, 2]
    assert any("full_reset is false where the game opens" in p.message for p in recording.problems)


def test_clicks_that_are_all_in_the_corner_are_noted(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=13)])[:-1]
    for row in rows[1:]:
        row["data"]["action_input"] = {"id": 6, "data": {"x": 0, "y": 0}}
    problems = read_recording(make.write(tmp_path / "a.jsonl", rows)).problems
    assert any("all 12 clicks are at x=0, y=0" in problem.message for problem in problems)


def test_one_game_continued_without_reset_is_noted(make: Any, tmp_path: Path) -> None:
    """The row after the RESET may have been lost; recordings of our own agents are like this."""
    recording = read(make, tmp_path, at(5, state="GAME_OVER"))
    messages = [problem.message for problem in recording.problems]
    assert recording.usable
    assert any("games continued without RESET after their end: 1" in one for one in messages)
