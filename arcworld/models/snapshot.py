"""Repositories of the Hugging Face hub: their names, and downloads into the cache of its client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import arcworld
from arcworld.errors import ArcworldError

_REPO = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def may_be_repo(name: str) -> bool:
    """Return whether a name can be one of the hub, `user/name`, and no path of this machine.

    A path whose first folder exists is one of this machine, so that a misspelt one is not asked
    of the hub.

    >>> may_be_repo("user/name"), may_be_repo("a/b/c"), may_be_repo("../name")
    (True, False, False)
    """
    first = name.split("/")[0]
    return bool(_REPO.fullmatch(name)) and first not in (".", "..") and not Path(first).exists()


def find_snapshot(
    repo_id: str, revision: str | None, files: Sequence[str], what: str, expected: str
) -> Path:
    """Return the folder of a repository in the cache of the hub, named by its commit.

    Args:
        repo_id: `user/name`.
        revision: a branch, a tag or a commit; None is the main branch.
        files: patterns of the files to download.
        what, expected: what is looked for, and what may be named, for messages.

    Raises:
        ArcworldError: there is no such repository or revision, or the hub cannot be reached.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                repo_id,
                revision=revision,
                library_name="arcworld",
                library_version=arcworld.__version__,
                allow_patterns=list(files),
            )
        )
    except Exception as error:  # the client raises errors of several libraries
        where = repo_id if revision is None else f"{repo_id} at {revision}"
        raise ArcworldError(
            f"{where}: found no {what} here and none on the Hugging Face hub ({reason(error)});"
            f" expected {expected}; check the name and the network"
        ) from error


def reason(error: Exception) -> str:
    """Return the first line of an error of the hub's client, or its type."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
