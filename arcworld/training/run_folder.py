"""The folder of a run that is trained: who may write into it, and whether it has this run."""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.models.storage.checkpoint import load_object, save_json

LOCK = ".lock"


@contextmanager
def lock_folder(out: Path) -> Generator[None]:
    """Keep other processes from training into a folder; a process that dies gives it up.

    Raises:
        ArcworldError: another process trains into it.
    """
    from filelock import FileLock, Timeout

    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ArcworldError(
            f"{out}: another process trains into this folder; expected one at a time; wait for it"
            " to end, or name another folder"
        ) from None
    try:
        yield
    finally:
        (out / LOCK).unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):  # there is a run in it
            out.rmdir()


def _is_leftover(path: Path) -> bool:
    """Whether a file is a lock, or what a process left that was killed while writing `run.json`."""
    return path.name == LOCK or path.name.startswith(".run.json.")


def open_folder(out: Path, found: dict[str, Any], resume: bool, data: Path) -> None:
    """Create the run's folder, or check that it has this run; the data may be inside it."""
    path = out / "run.json"
    if not path.is_file():
        if resume:
            raise ArcworldError(
                f"{out}: found nothing to resume; expected a run; leave --resume out to start one"
            )
        if out.is_dir() and any(
            entry != data and not _is_leftover(entry) for entry in out.iterdir()
        ):
            raise ArcworldError(
                f"{out}: found files but no run; expected a new folder; name another"
            )
        save_json(path, found)
        return
    if not resume:
        raise ArcworldError(
            f"{out}: found a run; expected a new folder; continue it with --resume or name another"
        )
    _compare(out, load_object(path), found)


def _compare(out: Path, before: dict[str, Any], found: dict[str, Any]) -> None:
    """Refuse to resume with other recordings, settings or weights than a run began with."""
    if before.get("data_digest") is None:
        _warn_of_no_digest(out, "its recordings, so only their ids are compared")
    elif before["data_digest"] != found["data_digest"]:
        raise ArcworldError(
            f"{out}: the recordings have changed since the run began; expected the same content;"
            " restore them, or start a run in another folder"
        )
    start = found["start"]
    if start and isinstance(before.get("start"), dict) and "digest" not in before["start"]:
        _warn_of_no_digest(out, "the weights that it started from, so they are not compared")
        found = found | {"start": {key: start[key] for key in start if key != "digest"}}
    for key in ("recipe", "scheme", "seed", "settings", "trained_on", "start"):
        if not _same(before.get(key), _json_form(found[key])):
            raise ArcworldError(
                f"{out}: found a run with another {key}; expected the same as when it began;"
                f" resume it with its own {key} or name another folder"
            )


def _warn_of_no_digest(out: Path, what: str) -> None:
    warnings.warn(
        f"{out}: an older version began this run, without a digest of {what}", stacklevel=5
    )


def _same(before: Any, found: Any) -> bool:
    """Whether values are equal; a setting that is newer than the run may be left out if None."""
    if isinstance(before, dict) and isinstance(found, dict):
        keys = before.keys() | found.keys()
        return all(_same(before.get(key), found.get(key)) for key in keys)
    return bool(before == found)


def _json_form(value: Any) -> Any:
    """Return a value as JSON loads it after saving (tuples become lists)."""
    return json.loads(json.dumps(value))
