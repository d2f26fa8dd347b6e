"""Find the recordings below a folder, through links and zip archives, and list what is left out."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from arcworld.errors import ArcworldError
from arcworld.recordings.files import shown
from arcworld.recordings.opening import DamagedError, read_file, zip_names

_LINES = re.compile(r"\.(jsonl|ndjson|jsonlines)(\.(gz|gzip|zst|zstd|bz2|xz))?$", re.IGNORECASE)
_JSON = re.compile(r"\.json(\.(gz|gzip|zst|zstd|bz2|xz))?$", re.IGNORECASE)
_ZIP = re.compile(r"\.zip$", re.IGNORECASE)
_OTHER_DATA = re.compile(
    r"\.(tar|tgz|tbz2?|txz|7z|rar|lz4|lzma|br|z|parquet|arrow|csv|tsv|pkl|pickle|npz|npy|h5|hdf5)$"
    r"|\.(tar|jsonl|ndjson|json)\.[a-z0-9]+$",
    re.IGNORECASE,
)
"""File names that may hold recordings in a format that is not read."""
_OURS = ("split.json", "collect.json", "metadata.json", "dataset-metadata.json")
_ROW = re.compile(rb'"(?:data|frame|action_input)"\s*:')
_SNIFFED = 1 << 16
EXPECTED = "*.jsonl or *.json, plain or as .gz, .zst, .bz2 or .xz, or .zip archives of them"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that may hold recordings but is not read, and the reason."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found below a path.

    Attributes:
        recordings: sorted paths; one inside a zip archive is `ARCHIVE.zip/its/own/path`.
        left_out: what may hold recordings but is not read.
        others: counts of all other files, by suffix.
    """

    recordings: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]
    others: dict[str, int]


def find_recordings(path: Path | str) -> list[Path]:
    """Return the path itself if it is a file, else every recording below the folder, sorted.

    Raises:
        ArcworldError: the path does not exist, or holds no recording.
    """
    return list(scan_recordings(path).recordings)


def scan_recordings(path: Path | str) -> Found:
    """Return the file itself, or every recording below a folder, and what was left out.

    Links are followed; a folder that was already read is left out. A `.json` file counts as a
    recording if it starts like one.

    Raises:
        ArcworldError: the path does not exist, or holds no recording.
    """
    path = Path(path)
    if not _exists(path):
        raise ArcworldError(
            f"{shown(path)}: found nothing at this path; expected a recording or a folder"
            " of recordings; check the path"
        )
    scan = _Scan()
    if path.is_dir():
        for file in walk_files(path, scan.leave_out):
            scan.add(file)
    elif _ZIP.search(path.name) or not _may_be_one(path):
        scan.add(path)
    else:
        scan.recordings.append(path)
    if scan.recordings:
        return Found(tuple(sorted(scan.recordings)), tuple(scan.left_out), scan.others)
    place = "in this folder" if path.is_dir() else "here"
    for left in scan.left_out[:1]:
        place += f" (left out: {shown(left.path)}: {left.reason})"
    raise ArcworldError(
        f"{shown(path)}: found no recording {place}; expected {EXPECTED}; check the path"
    )


class _Scan:
    """Collects what was found so far."""

    def __init__(self) -> None:
        self.recordings: list[Path] = []
        self.left_out: list[LeftOut] = []
        self.others: dict[str, int] = {}

    def leave_out(self, path: Path, reason: str) -> None:
        self.left_out.append(LeftOut(path, reason))

    def add(self, file: Path) -> None:
        """Add one file to the list that its name (and for `.json` its content) puts it in."""
        name = file.name
        if name.startswith(".") or name in _OURS:
            return
        if _LINES.search(name) or (_JSON.search(name) and _looks_like_one(file)):
            self.recordings.append(file)
        elif _ZIP.search(name):
            self._add_archive(file)
        elif _OTHER_DATA.search(name):
            self.leave_out(file, f"found a kind of file that is not read; expected {EXPECTED}")
        else:
            suffix = file.suffix.lower() or "no suffix"
            self.others[suffix] = self.others.get(suffix, 0) + 1

    def _add_archive(self, file: Path) -> None:
        try:
            names = zip_names(file)
        except (DamagedError, OSError) as error:
            self.leave_out(file, getattr(error, "strerror", None) or str(error))
            return
        before = len(self.recordings)
        for name in names:
            outside = ".." in Path(name).parts or Path(name).is_absolute()
            if outside or _ZIP.search(name):
                self.leave_out(
                    file / Path(name).name, "found inside an archive; not read; unpack it"
                )
            elif not any(part.startswith((".", "__MACOSX")) for part in Path(name).parts):
                self.add(file / name)
        if len(self.recordings) == before:
            self.leave_out(file, "found a zip archive without a recording")


def walk_files(
    folder: Path, leave_out: Callable[[Path, str], None] = lambda path, reason: None
) -> Iterator[Path]:
    """Yield every file below a folder, through links, each real folder once.

    Links are followed last, so that a file is found under its own path and not a linked one.

    Args:
        folder: where to look.
        leave_out: called with each path that cannot be followed or read, and the reason.
    """
    seen: dict[str, Path] = {}
    waiting = deque([folder])
    while waiting:
        start = waiting.popleft()
        for place, folders, names in os.walk(
            start, onerror=lambda error: leave_out(Path(error.filename), _reason(error))
        ):
            real = os.path.realpath(place)
            if real in seen:
                leave_out(
                    Path(place), f"found a link to {shown(seen[real])}, which was already read"
                )
                folders.clear()
                continue
            seen[real] = Path(place)
            folders.sort()
            links = [Path(place, name) for name in folders if Path(place, name).is_symlink()]
            waiting.extend(links)
            folders[:] = [name for name in folders if Path(place, name) not in links]
            for name in sorted(names):
                file = Path(place, name)
                if file.is_file():
                    yield file
                elif file.is_symlink() and not file.exists():
                    leave_out(file, "found a broken link")


def _reason(error: OSError) -> str:
    return f"cannot be read ({error.strerror or error})"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _may_be_one(file: Path) -> bool:
    """Return whether a file that the user named has the name or the content of a recording."""
    named = _LINES.search(file.name) or _JSON.search(file.name)
    return named is not None or _looks_like_one(file)


def _looks_like_one(file: Path) -> bool:
    """Return whether the content of a file starts like a row of play."""
    head = read_file(file, _SNIFFED) or b""
    return _ROW.search(head) is not None
