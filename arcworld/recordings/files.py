"""Write files atomically, print paths on one line, and say which file may not be read."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError


def shown(path: Path | str) -> str:
    """Return a path as one line that any terminal can print.

    >>> shown(Path("odd\\nname.jsonl"))
    'odd?name.jsonl'
    """
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def relative(path: Path, folder: Path) -> str:
    """Return a path relative to a folder, as a `split.json` or a manifest writes it.

    >>> relative(Path("data/ls20/a.jsonl"), Path("data"))
    'ls20/a.jsonl'
    """
    return path.as_posix().removeprefix(folder.as_posix().rstrip("/") + "/")


def denied(path: Path | str) -> ArcworldError:
    """Return the error of a file that this user may not read."""
    return ArcworldError(
        f"{shown(path)}: permission denied; expected a file that you may read; ask its owner for"
        " permission"
    )


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: under a temporary name, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_array(path: Path, array: NDArray[np.generic]) -> None:
    """Write an `.npy` file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{uuid.uuid4().hex}.{path.name}")
    try:
        np.save(partial, array)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
