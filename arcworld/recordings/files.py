"""Files that appear whole or not at all, and which files below a path are recordings.

Knows names and bytes; knows nothing of what a recording says.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError

SUFFIXES = (".jsonl", ".jsonl.gz")


def find_recordings(path: Path | str) -> list[Path]:
    """A file itself, or every `*.jsonl` and `*.jsonl.gz` below a folder, sorted.

    Raises:
        ArcworldError: there is nothing there, or nothing with such a name.
    """
    path = Path(path)
    if path.is_dir():
        found = sorted(p for p in path.rglob("*.jsonl*") if _named(p) and p.is_file())
        if found:
            return found
        raise ArcworldError(
            f"{path}: found no recording in this folder; expected *.jsonl or *.jsonl.gz files;"
            " check the path"
        )
    if not path.exists():
        raise ArcworldError(
            f"{path}: found nothing at this path; expected a recording or a folder of recordings;"
            " check the path"
        )
    if not _named(path):
        raise ArcworldError(
            f"{path}: found a file of another name; expected *.jsonl or *.jsonl.gz;"
            " rename it if it is a recording"
        )
    return [path]


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
