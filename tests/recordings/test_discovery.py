"""Recordings are found through links and in every compression; unread files are listed."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcworld.commands.check import check
from arcworld.errors import ArcworldError
from arcworld.recordings.check import check_all
from arcworld.recordings.dataset import open_dataset
from arcworld.recordings.discovery import find_recordings, scan_recordings, walk_files
from arcworld.recordings.reader import iter_grids, read_recording

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture
def text(make: Any, tmp_path: Path) -> bytes:
    rows = make.rows("human", [make.episode(frames=4)])
    return make.write(tmp_path / "whole", rows).read_bytes()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "a.jsonl": bytes,
    "a.JSONL": bytes,
    "a.json": bytes,
    "a.ndjson": bytes,
    "a.jsonl.gz": gzip.compress,
    "a.JSONL.GZ": gzip.compress,
    "a.recording.jsonl.zst": zstd.compress,
    "a.jsonl.bz2": bz2.compress,
    "a.jsonl.xz": lzma.compress,
    "a.json.gz": gzip.compress,
    "misnamed.jsonl": zstd.compress,
    "twice.jsonl.gz": lambda text: gzip.compress(gzip.compress(text)),
}


@pytest.mark.parametrize("name", PACKERS)
def test_every_compression_and_name_is_read(
    make: Any, tmp_path: Path, same: Any, text: bytes, name: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / name).write_bytes(PACKERS[name](text))
    (path,) = find_recordings(data)
    same(read_recording(path).episodes, [make.episode(frames=4)])
    assert len(list(iter_grids(path))) == 4
    same(list(open_dataset(data, cache=tmp_path / "c").episodes), [make.episode(frames=4)])
    assert find_recordings(path) == [path]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_unicode_encoding_is_read(
    make: Any, tmp_path: Path, same: Any, text: bytes, encoding: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(text.decode().encode(encoding))
    same(read_recording(path).episodes, [make.episode(frames=4)])


def test_text_that_is_cut_within_a_character_is_one_line(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(text.decode().encode("utf-16")[:-1])
    with pytest.raises(ArcworldError, match="that cannot be decoded") as caught:
        read_recording(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("whole", ["array", "objects"])
def test_json_documents_are_read(
    make: Any, tmp_path: Path, same: Any, indent: int | None, whole: str
) -> None:
    rows = make.rows("human", [make.episode(frames=4)])
    rows[1]["data"]["action_input"]["reasoning"] = 'a "{" and a \\ and "}\\'
    document = json.dumps(rows, indent=indent)
    if whole == "objects":
        document = "\n".join(json.dumps(row, indent=indent) for row in rows)
    path = tmp_path / "a.json"
    path.write_text(document)
    same(read_recording(path).episodes, [make.episode(frames=4)])


@pytest.mark.parametrize(
    ("document", "message"),
    [('[{"data": {}}, 5]', "found a line that is not JSON"), ('[{"data": {}', "cut off")],
)
def test_spoilt_documents_are_one_line(tmp_path: Path, document: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(document)
    recording = read_recording(path, strict=False)
    assert any(message in problem.message for problem in recording.problems)


def test_zip_archives_are_data_sets(make: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            rows = make.rows("human", [make.episode(number, guid=f"guid-{number}")])
            path = make.write(tmp_path / "made.jsonl", rows)
            content = path.read_bytes()
            name = f"keys/{number}.jsonl"
            archive.writestr(
                *((name + ".gz", gzip.compress(content)) if number else (name, content))
            )
        archive.writestr("split.json", json.dumps({"train": ["guid-0"], "validation": ["guid-1"]}))
        archive.writestr("readme.md", "about")
        archive.writestr("__MACOSX/keys/._0.jsonl", "x")
    for _ in range(2):
        dataset = open_dataset(tmp_path / "data.zip", cache=tmp_path / "c")
        assert dataset.guids == ("guid-0", "guid-1", "guid-2") and not dataset.skipped
        assert dataset.part("train").guids == ("guid-0",)
        assert dataset.part("validation").guids == ("guid-1",)
    assert scan_recordings(tmp_path / "data.zip").others == {".md": 1}


def test_a_zip_of_one_recording_is_that_recording(
    make: Any, tmp_path: Path, same: Any, text: bytes
) -> None:
    with zipfile.ZipFile(tmp_path / "a.jsonl.zip", "w") as archive:
        archive.writestr("a.jsonl", text)
    same(read_recording(tmp_path / "a.jsonl.zip").episodes, [make.episode(frames=4)])
    with zipfile.ZipFile(tmp_path / "a.jsonl.zip", "a") as archive:
        archive.writestr("b.jsonl", text)
    with pytest.raises(ArcworldError, match="found a zip archive of 2 files"):
        read_recording(tmp_path / "a.jsonl.zip")


@pytest.mark.parametrize("name", ["a.jsonl.zst", "a.jsonl.bz2", "a.jsonl.xz", "a.jsonl.gz"])
def test_cut_data_is_named_and_rows_before_are_kept(make: Any, tmp_path: Path, name: str) -> None:
    rows = make.rows("human", [make.episode(frames=60)])
    text = make.write(tmp_path / "whole", rows).read_bytes()
    packed = PACKERS.get(name, zstd.compress)(text)
    (tmp_path / name).write_bytes(packed[: len(packed) * 9 // 10])
    recording = read_recording(tmp_path / name, strict=False)
    assert not recording.usable and "cut off or damaged" in recording.problems[-1].message
    (tmp_path / name).write_bytes(packed[:40] + b"\0" * 200 + packed[240:])
    assert not read_recording(tmp_path / name, strict=False).usable


def test_links_are_followed_once(make: Any, tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    make.write(data / "keys/a.jsonl", make.rows("human", [make.episode(1, guid="a")]))
    make.write(other / "b.jsonl", make.rows("human", [make.episode(2, guid="b")]))
    (data / "linked").symlink_to(other)
    (data / "again").symlink_to(data / "keys")
    (data / "loop").symlink_to(data)
    (other / "back").symlink_to(tmp_path)
    (data / "file.jsonl").symlink_to(other / "b.jsonl")
    (data / "broken").symlink_to(tmp_path / "absent")
    found = scan_recordings(data)
    names = [str(path.relative_to(data)) for path in found.recordings]
    assert names == ["file.jsonl", "keys/a.jsonl", "linked/b.jsonl"]
    reasons = {left.path.name: left.reason for left in found.left_out}
    assert "already read" in reasons["again"] and "already read" in reasons["loop"]
    assert "broken link" in reasons["broken"]
    dataset = open_dataset(data, cache=tmp_path / "c")
    assert dataset.guids == ("b", "a") or set(dataset.guids) == {"a", "b"}


def test_a_linked_folder_counts_in_check(
    make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make.write(tmp_path / "d/keys/a.jsonl", make.rows("human", [make.episode(1, guid="a")]))
    make.write(tmp_path / "other/b.jsonl", make.rows("human", [make.episode(2, guid="b")]))
    (tmp_path / "d/taps").symlink_to(tmp_path / "other")
    assert check([tmp_path / "d"]) == 0
    assert "2 files, 2 usable, 0 not" in capsys.readouterr().out


def test_what_is_not_read_is_named_and_counted(
    make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make.write(tmp_path / "d/a.jsonl", make.rows("human", [make.episode()]))
    for name in ["b.tar.gz", "c.parquet", "d.jsonl.lz4", "e.7z"]:
        (tmp_path / "d" / name).write_bytes(b"x")
    for name in ["one.png", "two.png", "notes.md", "settings.json", "split.json", ".hidden.jsonl"]:
        (tmp_path / "d" / name).write_bytes(b"{}")
    (tmp_path / "d/broken.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "d/split.json").unlink()
    result = check_all([tmp_path / "d"])
    left = sorted(one.path.name for one in result.left_out)
    assert left == ["b.tar.gz", "broken.zip", "c.parquet", "d.jsonl.lz4", "e.7z"]
    assert result.others == {".json": 1, ".md": 1, ".png": 2}
    report = tmp_path / "check.json"
    assert check([tmp_path / "d"], json=report) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in left) and "5 left out" in out and "2 .png" in out
    assert len(json.loads(report.read_text())["left_out"]) == 5
    dataset = open_dataset(tmp_path / "d", cache=tmp_path / "c")
    assert len(dataset.skipped) == 5


def test_a_folder_that_cannot_be_read_is_named(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d/closed").mkdir(parents=True)
    scandir = os.scandir

    def guarded(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    left: list[tuple[Path, str]] = []
    assert list(walk_files(tmp_path / "d", lambda *found: left.append(found))) == []
    ((path, reason),) = left
    assert path.name == "closed" and "Permission denied" in reason


def test_an_empty_folder_names_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"x")
    with pytest.raises(ArcworldError, match=r"no recording in this folder \(left out: .*a\.tar"):
        find_recordings(tmp_path)


def test_a_file_of_any_name_is_read_where_it_is_named_itself(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "play.txt").write_bytes(text)
    assert find_recordings(str(tmp_path / "play.txt")) == [tmp_path / "play.txt"]
