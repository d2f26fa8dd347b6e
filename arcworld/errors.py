"""What a user is told when something they gave cannot be used.

Knows nothing of any room. Every error raised for a user is an `ArcworldError` whose text is one
line: what was found, what was expected, what to do. An `assert` is for our own bugs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ArcworldError(ValueError):
    """Something a user gave cannot be used. The message is one line and says what to do."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A clause that offers the nearest known names.

    >>> did_you_mean("lockz", ["locks", "vials"])
    "did you mean 'locks'? known: locks, vials"
    >>> did_you_mean("zzz", ["locks", "vials"])
    'known: locks, vials'
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    clause = f"known: {', '.join(names) or 'none'}"
    return f"did you mean {near[0]!r}? {clause}" if near else clause
