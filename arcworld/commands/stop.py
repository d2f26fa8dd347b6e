"""A command that was stopped, and how to go on.

Knows nothing else, so that the command line can import it at once.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


class Stopped(KeyboardInterrupt):
    """Ctrl-C, with one clause that says how to go on."""


@contextmanager
def go_on_with(hint: str) -> Generator[None]:
    """Give an interrupt within the block its hint."""
    try:
        yield
    except Stopped:
        raise
    except KeyboardInterrupt:
        raise Stopped(hint) from None
