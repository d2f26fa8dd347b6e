"""The cache folders of packed data sets: one for each path and state of its files."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import warnings
from hashlib import blake2b
from pathlib import Path

from arcworld.recordings.packed import Packed, load_packed, save_packed

_ABANDONED = 24 * 3600.0
"""Seconds after which an unfinished folder in the cache counts as left by a killed process."""

type CacheKey = list[list[str | int]]
"""Name, size in bytes and modification time in ns of each file."""


def cache_folder() -> Path:
    """Return the cache folder: `$ARCWORLD_CACHE`, else `~/.cache/arcworld`."""
    return Path(os.environ.get("ARCWORLD_CACHE") or Path.home() / ".cache" / "arcworld")


def packed_folder(path: Path, key: CacheKey, cache: Path | str | None) -> Path:
    """Return the folder for the data set at a path, whose files are in the state `key`."""
    place = blake2b(os.fsencode(path.resolve()), digest_size=8).hexdigest()
    content = blake2b(repr(key).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
    return Path(cache or cache_folder()) / "packed" / f"{place}-{content}"


def keep(packed: Packed, folder: Path, key: CacheKey) -> Packed:
    """Save packed data and return it mapped from disk; if saving fails, warn and return it."""
    try:
        save_packed(packed, folder, key)
    except OSError as error:
        warnings.warn(
            f"{folder}: cannot be written ({error}); the recordings are parsed again next time;"
            " set ARCWORLD_CACHE to a folder that can be written",
            stacklevel=3,
        )
        return packed
    _forget(folder)
    return load_packed(folder, key) or packed


def _forget(folder: Path) -> None:
    """Remove older states of the same path and the unfinished folders of killed processes."""
    place = folder.name.split("-")[0]
    for old in folder.parent.glob(f"{place}-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    for left in folder.parent.glob(f".{place}-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left)
