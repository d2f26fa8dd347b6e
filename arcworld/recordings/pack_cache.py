"""Folders in the cache that hold packed data sets."""

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
"""Seconds after which an unfinished folder in the cache has no owner."""

type CacheKey = list[list[str | int]]
"""Name, size and time of change of each file."""


def cache_folder() -> Path:
    """Where what can be made again is kept: `$ARCWORLD_CACHE`, else `~/.cache/arcworld`."""
    return Path(os.environ.get("ARCWORLD_CACHE") or Path.home() / ".cache" / "arcworld")


def packed_folder(path: Path, key: CacheKey, cache: Path | None) -> Path:
    """Where the data set at a path is packed, in the state that `key` describes."""
    place = blake2b(os.fsencode(path.resolve()), digest_size=8).hexdigest()
    content = blake2b(repr(key).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
    return (cache or cache_folder()) / "packed" / f"{place}-{content}"


def keep(packed: Packed, folder: Path, key: CacheKey) -> Packed:
    """Save, and open what was saved; where that fails, go on from memory."""
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
    """Remove older states of the same path, and what killed processes left behind."""
    place = folder.name.split("-")[0]
    for old in folder.parent.glob(f"{place}-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    for left in folder.parent.glob(f".{place}-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left)
