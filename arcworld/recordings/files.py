"""Files that appear whole or not at all, and which files below a path are recordings.

Knows names and bytes; knows nothing of what a recording says.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError

SUFFIXES = (".jsonl", ".jsonl.gz")


def shown(path: Path | str) -> str:
    """A path as one line that any terminal can print.

    >>> shown(Path("odd\\nname.jsonl"))
    'odd?name.jsonl'
    """
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def relative(path: Path, folder: Path) -> str:
    """A path below a folder as its `split.json` or a manifest writes it.

    >>> relative(Path("data/ls20/a.jsonl"), Path("data"))
    'ls20/a.jsonl'
    """
    return path.as_posix().removeprefix(folder.as_posix().rstrip("/") + "/")


def find_recordings(path: Path | str) -> list[Path]:
    """A file itself, or every `*.jsonl` and `*.jsonl.gz` below a folder, sorted.

    Raises:
        ArcworldError: there is nothing there, or nothing with such a name.
    """
    path = Path(path)
    if _exists(path) and path.is_dir():
        found = sorted(p for p in path.rglob("*.jsonl*") if _named(p) and p.is_file())
        if found:
            return found
        raise ArcworldError(
            f"{shown(path)}: found no recording in this folder; expected *.jsonl or"
            " *.jsonl.gz files; check the path"
        )
    if not _exists(path):
        raise ArcworldError(
            f"{shown(path)}: found nothing at this path; expected a recording or a folder"
            " of recordings; check the path"
        )
    if not _named(path):
        raise ArcworldError(
            f"{shown(path)}: found a file of another name; expected *.jsonl or *.jsonl.gz;"
            " rename it if it is a recording"
        )
    return [path]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _named(path: Path) -> bool:
    return path.name.endswith(SUFFIXES) and not path.name.startswith(".")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole: under a temporary name first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_array(path: Path, array: NDArray[np.generic]) -> None:
    """Write an `.npy` file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{uuid.uuid4().hex}.{path.name}")
    try:
        np.save(partial, array)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
