"""A broken field that is not needed does not make a file unusable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arcworld.recordings.lenient_json import members, value
from arcworld.recordings.reader import iter_grids, read_recording

ODD: dict[str, bytes] = {
    "nan": b'{"confidence": NaN}',
    "infinity": b"[Infinity, -Infinity]",
    "lone surrogate": b'"an emoji cut \\ud83d"',
    "deep": b"[" * 5_000 + b"]" * 5_000,
    "deeper": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "huge number": b"1" * 10_000,
    "control characters": b'"a\tb\x01"',
    "not UTF-8": b'"\xff\xfe\x80"',
    "brackets in text": b'"]]] }{ \\" [[["',
    "another frame": b'{"frame": [[[99]]], "bad": NaN}',
    "wide": b"[" + b"[]," * 60_000 + b"[]]",
}


def with_raw(row: dict[str, Any], place: str, raw: bytes) -> bytes:
    """Return the row as JSON, with raw text as the value of a field."""
    row = json.loads(json.dumps(row))
    if place == "reasoning":
        row["data"]["action_input"]["reasoning"] = "@"
    elif place == "first field":
        row["data"] = {"note": "@"} | row["data"]
    elif place == "beside data":
        row = {"note": "@"} | row
    elif place == "timestamp":
        row["timestamp"] = "@"
    else:
        row["data"]["action_input"]["data"]["note"] = "@"
    return json.dumps(row).encode().replace(b'"@"', raw)


@pytest.mark.parametrize(
    "place", ["reasoning", "first field", "beside data", "timestamp", "beside a click"]
)
@pytest.mark.parametrize("odd", ODD)
def test_odd_values_are_skipped(make: Any, tmp_path: Path, same: Any, place: str, odd: str) -> None:
    episode = make.episode(frames=4)
    episode.actions_A3[1] = [6, 5, 9]
    rows = make.rows("toolkit", [episode])
    rows[2] = with_raw(rows[2], place, ODD[odd])
    path = make.write(tmp_path / "a.jsonl", rows)
    same(read_recording(path).episodes, [episode])
    assert len(list(iter_grids(path))) == 4


@pytest.mark.parametrize(
    "raw", [b"[1, 2", b'"open', b"{", b"[" * 400_000 + b"]" * 400_000, b"", b"]"]
)
def test_a_row_whose_structure_is_broken_is_one_line(make: Any, tmp_path: Path, raw: bytes) -> None:
    rows = make.rows("toolkit", [make.episode(frames=4)])
    rows[2] = with_raw(rows[2], "reasoning", raw)
    recording = read_recording(make.write(tmp_path / "a.jsonl", rows), strict=False)
    assert [problem.line for problem in recording.problems if problem.fatal] == [3]
    message = recording.problems[0].message
    assert ("not JSON" in message or "brackets" in message) and len(message) < 300


@pytest.mark.parametrize("guid", [None, "", 5, "x" * 300, "a\nb", ["g"]])
def test_recordings_without_a_guid_get_one_from_their_content(
    make: Any, tmp_path: Path, guid: object
) -> None:
    found: list[str] = []
    for number, seed in enumerate((1, 1, 2)):
        rows = make.rows("human", [make.episode(seed, 4), make.episode(seed + 9, 3)])
        for row in rows:
            row["data"]["guid"] = guid
            if guid is None and number:
                del row["data"]["guid"]
        recording = read_recording(make.write(tmp_path / f"{number}.jsonl", rows))
        assert {episode.guid for episode in recording.episodes} == {recording.guid}
        assert any("no guid" in problem.message for problem in recording.problems)
        found.append(recording.guid)
    assert found[0] == found[1] != found[2] and found[0].startswith("content-")


def test_rows_without_a_guid_take_that_of_the_others(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(1, 4), make.episode(2, 3)])
    for number in (0, 1, 5):
        rows[number]["data"]["guid"] = None
    recording = read_recording(make.write(tmp_path / "a.jsonl", rows))
    assert recording.guid == make.guid
    assert {episode.guid for episode in recording.episodes} == {make.guid}


@pytest.mark.parametrize("offered", [[], None, [0]])
def test_no_action_offered_in_play_means_not_recorded(
    make: Any, tmp_path: Path, offered: object
) -> None:
    episode = make.episode(frames=6)
    rows = make.rows("human", [episode])[:-1]
    for row in rows:
        row["data"]["available_actions"] = offered
    recording = read_recording(make.write(tmp_path / "a.jsonl", rows))
    (found,) = recording.episodes
    assert set(found.available_actions(0)) == set(episode.actions_A3[:, 0].tolist())
    assert any("no available_actions (missing or empty)" in p.message for p in recording.problems)


def test_a_game_that_is_over_may_offer_nothing(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=4)])[:-1]
    rows[3]["data"] |= {"state": "GAME_OVER", "available_actions": []}
    (found,) = read_recording(make.write(tmp_path / "a.jsonl", rows)).episodes
    assert found.available_actions(3) == () and found.available_actions(2) != ()


def test_members_of_an_object() -> None:
    text = b' {"a" : [1, {"b": "]"}] , "c\\u0064":"x\\"y", "e":{} } '
    assert members(text) == {"a": b'[1, {"b": "]"}]', "cd": b'"x\\"y"', "e": b"{}"}
    assert members(text, ("cd",)) == {"cd": b'"x\\"y"'} and members(b"{ }") == {}
    for wrong in [b"", b"[]", b"{", b'{"a"}', b'{"a": }', b'{"a": 1} x', b'{"a": 1', b'{"a": [}']:
        with pytest.raises(ValueError):
            members(wrong)
    with pytest.raises(ValueError, match="too deeply"):
        value(b"[" * 100_000)
