"""Whatever a file contains, the reader reads it or says in one line what to do."""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.errors import ArcworldError
from arcworld.recordings import lines
from arcworld.recordings.reader import MAX_PROBLEMS, iter_grids, read_recording

type Spoil = Callable[[dict[str, Any]], object]


def colour(value: object) -> Spoil:
    return lambda data: data["frame"][-1][3].__setitem__(7, value)


def action(value: object) -> Spoil:
    return lambda data: data.__setitem__("action_input", value)


def put(field: str, value: object) -> Spoil:
    return lambda data: data.__setitem__(field, value)


def drop(field: str) -> Spoil:
    return lambda data: data.pop(field)


SPOILT: list[tuple[Spoil, str]] = [
    (colour(16), "found colour 16 at x=7, y=3 of grid"),
    (colour(-1), "found colour -1"),
    (colour(2.5), "found colour 2.5"),
    (colour("3"), "found colour '3'"),
    (lambda d: d["frame"].append([[0] * 32] * 32), "found 32 lines of 32 colours in grid"),
    (lambda d: d["frame"][-1][5].pop(), "64 lines of 63 or 64 colours"),
    (lambda d: d["frame"][-1].pop(), "63 lines of 64 colours"),
    (put("frame", []), "found no grid"),
    (put("frame", None), "found no grid"),
    (put("frame", "x"), "found frame 'x'"),
    (put("frame", {}), "found frame {}"),
    (drop("frame"), "found an action without a frame"),
    (action({"id": 6, "data": {}}), "found a click at x=None, y=None; expected x and y in 0-63"),
    (action({"id": 6}), "found a click at x=None"),
    (action({"id": 6, "data": {"x": 3}}), "found a click at x=3, y=None"),
    (action({"id": 6, "data": {"x": 64, "y": 0}}), "found a click at x=64, y=0"),
    (action({"id": "ACTION6", "data": {"x": 0, "y": -1}}), "found a click at x=0, y=-1"),
    (action({"id": 6, "data": {"x": 1.0, "y": 1}}), "found a click at x=1.0"),
    (action({"id": 6, "data": {"x": True, "y": 1}}), "found a click at x=True"),
    (action({"id": 8}), "found action id 8; expected 0-7 or RESET"),
    (action({"id": -1}), "found action id -1"),
    (action({"id": True}), "found action id True"),
    (action({"id": "JUMP"}), "found action id 'JUMP'"),
    (action({"id": []}), "found action id []"),
    (action({}), "found action id None"),
    (action("ACTION1"), "found action_input 'ACTION1'"),
    (action(None), "found no action_input, so the actions cannot be known"),
    (drop("action_input"), "found no action_input"),
    (put("game_id", "other-1"), "expected one game a file"),
    (put("game_id", ""), "found game_id ''"),
    (put("game_id", "a\nb"), "found game_id 'a\\nb'"),
    (drop("game_id"), "found no game_id"),
    (put("guid", "another"), "expected one recording a file"),
    (put("state", "LOST"), "found state 'LOST'; expected one of NOT_PLAYED"),
    (put("state", ["WIN"]), "found state ['WIN']"),
    (drop("state"), "found state None"),
    (drop("levels_completed"), "found no levels_completed"),
    (put("levels_completed", -1), "found levels_completed -1"),
    (put("levels_completed", 300), "found levels_completed 300"),
    (put("levels_completed", "1"), "found levels_completed '1'"),
    (put("win_levels", 1e99), "found win_levels 1e+99"),
    (put("full_reset", "no"), "found full_reset 'no'"),
    (put("available_actions", 6), "found available_actions 6"),
    (put("available_actions", [9]), "found action id 9"),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILT, ids=[m for _, m in SPOILT])
def test_a_spoilt_row_is_reported_with_file_and_row(
    make: Any, tmp_path: Path, spoil: Spoil, message: str
) -> None:
    rows = make.rows("human", [make.episode(frames=5)])
    spoil(rows[2]["data"])
    path = make.write(tmp_path / "a.jsonl", rows)
    with pytest.raises(ArcworldError) as caught:
        read_recording(path)
    found = str(caught.value)
    assert found.startswith(f"{path}:3: ") and message in found
    assert "expected" in found and "\n" not in found and len(found) < 400
    recording = read_recording(path, strict=False)
    assert not recording.usable and recording.problems[0].line == 3
    assert [len(e) for e in recording.episodes] == [1]


def spoilt_file(text: bytes, name: str) -> bytes:
    zipped = gzip.compress(text)
    return {
        "empty": b"",
        "blank": b"\n\n  \n",
        "prose": b"Dear reader,\nthis is a letter.\n",
        "binary": bytes(range(256)) * 40,
        "list": b"[1, 2]\n",
        "no data": b'{"timestamp": "x"}\n',
        "cut": text[: len(text) * 2 // 3],
        "cut gzip": zipped[: len(zipped) * 2 // 3],
        "gzip head": b"\x1f\x8b",
        "bad gzip": zipped[:40] + b"\0" * 40 + zipped[80:],
        "gzip and more": zipped + b"more",
        "deep": b"[" * 100_000,
        "summary": text.splitlines()[-1],
    }[name]


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("empty", 0, "found an empty file; expected rows of play"),
        ("blank", 0, "found an empty file"),
        ("prose", 1, "found a line that is not JSON"),
        ("binary", 1, "found a line that is not JSON"),
        ("list", 1, "found [1, 2]; expected {'timestamp': ..., 'data': {...}}"),
        ("no data", 1, "found {'timestamp': 'x'}; expected"),
        ("cut", 3, "found a last row cut off after"),
        ("cut gzip", 3, "found gzip data that is cut off or damaged"),
        ("gzip head", 1, "found gzip data that is cut off or damaged"),
        ("bad gzip", 1, "found gzip data that is cut off or damaged"),
        ("gzip and more", 6, "found gzip data that is cut off or damaged"),
        ("deep", 1, "found a last row cut off"),
        ("summary", 0, "found rows but no frame"),
    ],
)
def test_a_spoilt_file_is_reported(
    make: Any, tmp_path: Path, name: str, line: int, message: str
) -> None:
    episode = make.episode(frames=4)
    episode.grids_T[:] = 1
    text = make.write(tmp_path / "whole", make.rows("human", [episode])).read_bytes()
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(spoilt_file(text, name))
    with pytest.raises(ArcworldError, match=re.escape(message)) as caught:
        read_recording(path)
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert not read_recording(path, strict=False).usable


def test_rows_before_a_cut_are_still_given(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=9)])
    whole = make.write(tmp_path / "a.jsonl", rows).read_bytes()
    zipped = gzip.compress(whole)
    path = tmp_path / "a.jsonl"
    path.write_bytes(zipped[: len(zipped) * 3 // 4])
    (episode,) = read_recording(path, strict=False).episodes
    assert len(episode) >= 4


def test_a_line_without_end_is_not_read_into_memory(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 1 << 20)
    path = tmp_path / "bomb.jsonl"
    path.write_bytes(gzip.compress(b" " * (64 << 20)))
    with pytest.raises(ArcworldError, match=r"bomb\.jsonl:1: found a line of over 1 MiB"):
        read_recording(path)


def test_rows_after_a_summary(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=4)])
    rows.insert(2, rows[-1])
    with pytest.raises(ArcworldError, match=r":3: found a row with neither frame nor action"):
        read_recording(make.write(tmp_path / "a.jsonl", rows))


@pytest.mark.parametrize("missing", ["absent.jsonl", "folder", "x" * 300])
def test_what_cannot_be_opened(tmp_path: Path, missing: str) -> None:
    (tmp_path / "folder").mkdir()
    for read in (read_recording, lambda path: list(iter_grids(path))):
        with pytest.raises(ArcworldError, match="cannot be read") as caught:
            read(tmp_path / missing)
        assert "\n" not in str(caught.value)


def test_many_problems_are_not_all_listed(make: Any, tmp_path: Path) -> None:
    path = make.write(tmp_path / "a.jsonl", [f"line {i}".encode() for i in range(500)])
    recording = read_recording(path, strict=False)
    assert recording.rows == 500 and len(recording.problems) <= MAX_PROBLEMS + 1
    path = make.write(tmp_path / "b.jsonl", [{"data": i} for i in range(500)])
    problems = read_recording(path, strict=False).problems
    assert "stopped looking" in problems[-1].message
    rows = make.rows("human", [make.episode(frames=5)])
    for row in rows[:-1]:
        del row["data"]["action_input"]
    (problem,) = read_recording(make.write(tmp_path / "c.jsonl", rows), strict=False).problems
    assert problem.line == 2 and "rows like it: 4" in problem.message


@cache
def whole_file(make: Any, dialect: str) -> bytes:
    rows = make.rows(dialect, [make.episode(3, 2), make.episode(4, 2)])
    with tempfile.TemporaryDirectory() as folder:
        return make.write(Path(folder) / "a.jsonl", rows).read_bytes()


PATCHES = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["insert", "replace", "delete", "cut", "double"]),
        st.one_of(
            st.binary(max_size=4),
            st.sampled_from(
                [b"\n", b'"', b"{", b"]", b"null", b"-", b"1e5", b"NaN", b"\0", b"\xff"]
            ),
        ),
    ),
    min_size=1,
    max_size=4,
)


@given(
    st.sampled_from(["toolkit", "agents", "legacy", "human"]), st.booleans(), st.booleans(), PATCHES
)
@settings(max_examples=250, deadline=None)
def test_altered_bytes_are_read_or_reported(
    make: Any, dialect: str, zipped: bool, outside: bool, patches: list[tuple[float, str, bytes]]
) -> None:
    """`outside` aims at the fields around the grids, which are few among the bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        content = bytearray(whole_file(make, dialect))
        if zipped and not outside:
            content = bytearray(gzip.compress(content))
        for place, patch, new in patches:
            spots = [m.start() for m in re.finditer(rb"[a-z_:{}\"]", content)] if outside else []
            at = spots[int(place * len(spots))] if spots else int(place * len(content))
            if patch == "insert":
                content[at:at] = new
            elif patch == "delete":
                del content[at : at + len(new)]
            elif patch == "cut":
                del content[at:]
            elif patch == "double":
                content[at:at] = content[at : at + 40]
            else:
                content[at : at + len(new)] = new
        path.write_bytes(gzip.compress(content) if zipped and outside else content)
        try:
            recording = read_recording(path)
        except ArcworldError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
            assert not read_recording(path, strict=False).usable
        else:
            assert recording.usable and recording.episodes
            assert all(e.frames_THW.max() < 16 for e in recording.episodes)
