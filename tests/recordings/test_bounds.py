"""A file made to exhaust time or memory is refused quickly, in one line."""

from __future__ import annotations

import bz2
import gzip
import lzma
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcworld.errors import ArcworldError
from arcworld.recordings import grids, lines, opening
from arcworld.recordings.discovery import scan_recordings
from arcworld.recordings.grids import MAX_GRIDS
from arcworld.recordings.reader import read_recording

SECONDS = 60.0


def refused(path: Path) -> str:
    """Return the error message, and check that the refusal took little time."""
    began = time.monotonic()
    with pytest.raises(ArcworldError) as caught:
        read_recording(path)
    assert time.monotonic() - began < SECONDS
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400
    return message


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, opening.zstd.compress]
)
@pytest.mark.parametrize(("blank", "found"), [(1, "rows"), (999, "blank lines")])
def test_a_bomb_of_blank_lines(
    tmp_path: Path, pack: Callable[[bytes], bytes], blank: int, found: str
) -> None:
    """A gzip file may be several ones in a row: 1 MiB of them unpacks to 1 GiB."""
    path = tmp_path / "bomb.jsonl"
    path.write_bytes(pack((b" " * (blank - 1) + b"\n") * ((1 << 20) // blank)) * 1_000)
    assert found in refused(path)


def test_a_row_of_many_empty_grids(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=3)])
    for text in ("[" + "[]," * 500_000 + "[]]", "[" + "[[]]," * 2_000 + "[]]"):
        (line,) = make.write(tmp_path / "row", rows[1:2]).read_bytes().splitlines()
        head, tail = line.split(b'"frame":')[0], line.split(b"]]]")[1]
        path = make.write(
            tmp_path / "a.jsonl", [rows[0], head + b'"frame":' + text.encode() + tail]
        )
        message = refused(path)
        assert "a.jsonl:2: " in message and f"expected at most {MAX_GRIDS:,} grids" in message


def test_a_row_of_many_whole_grids(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grids, "MAX_GRIDS", 9)
    rows = make.rows("human", [make.episode(frames=3)])
    rows[1]["data"]["frame"] = rows[1]["data"]["frame"][-1:] * 10
    path = make.write(tmp_path / "a.jsonl", rows)
    with pytest.raises(ArcworldError, match=r"a\.jsonl:2: found 10 grids in a frame"):
        read_recording(path)


def test_too_many_bytes_or_rows(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make.write(tmp_path / "a.jsonl", make.rows("human", [make.episode(frames=9)]))
    monkeypatch.setattr(lines, "MAX_ROWS", 5)
    assert "a.jsonl:6: found over 5 rows" in refused(path)
    monkeypatch.undo()
    monkeypatch.setattr(lines, "MAX_BYTES", 50_000)
    assert "found a larger file" in refused(path)


def test_a_document_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 1 << 20)
    path = tmp_path / "a.json"
    path.write_bytes(gzip.compress(b'[{"a": "' + b"x" * (64 << 20)))
    assert "found a line of over 1 MiB" in refused(path)


def test_zip_archives_out_of_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_MEMBERS", 3)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.jsonl", "x")
    with pytest.raises(ArcworldError, match="found 5 files in a zip archive"):
        scan_recordings(tmp_path / "many.zip")
    with zipfile.ZipFile(tmp_path / "outside.zip", "w") as archive:
        archive.writestr("../../a.jsonl", "x")
        archive.writestr("/etc/b.jsonl", "x")
        archive.writestr("in.zip", "x")
    with pytest.raises(ArcworldError, match="no recording"):
        scan_recordings(tmp_path / "outside.zip")


def test_compressed_over_and_over(tmp_path: Path) -> None:
    content = b"x"
    for _ in range(6):
        content = gzip.compress(content, mtime=0)
    (tmp_path / "a.jsonl").write_bytes(content)
    assert "cut off" in refused(tmp_path / "a.jsonl")
