"""Interrupt of a command, with a hint on how to continue. Imports nothing of the project."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


class Stopped(KeyboardInterrupt):
    """Ctrl-C, with one clause that says how to continue."""


@contextmanager
def continue_with(hint: str) -> Generator[None]:
    """Add a hint to a KeyboardInterrupt raised within the block."""
    try:
        yield
    except Stopped:
        raise
    except KeyboardInterrupt:
        raise Stopped(hint) from None
