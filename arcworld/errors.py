"""Errors for users: the common class, and the clause that suggests a name.

Every error raised for a user is an `ArcworldError` whose message is one line: what was found, what
was expected, what to do. An `assert` marks a bug of this project.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ArcworldError(ValueError):
    """Something that the user gave cannot be used. The message is one line and says what to do."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a clause with the most similar known name and the list of all known names.
    >>> did_you_mean("lockz", ["locks", "vials"])
    "did you mean 'locks'? known: locks, vials"
    >>> did_you_mean("zzz", ["locks", "vials"])
    'known: locks, vials'
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    clause = f"known: {', '.join(names) or 'none'}"
    return f"did you mean {near[0]!r}? {clause}" if near else clause
