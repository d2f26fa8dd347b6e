"""Parts of an agent that can be left out by its name: `online-without-reach+experiments`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from arcworld.errors import ArcworldError, did_you_mean

WITHOUT = "-without-"
"""Between the name of an agent and the parts that it is to play without."""


def split_parts(name: str) -> tuple[str, tuple[str, ...]]:
    """Return the name of an agent and the parts to leave out.

    >>> split_parts("world-model-without-goal+return"), split_parts("explorer")
    (('world-model', ('goal', 'return')), ('explorer', ()))
    """
    base, _, parts = name.partition(WITHOUT)
    return base, tuple(parts.split("+")) if parts else ()


def name_without(name: str, without: Collection[str]) -> str:
    """Return the name of an agent that plays without parts; the inverse of `split_parts`."""
    return f"{name}{WITHOUT}{'+'.join(without)}" if without else name


def check_parts(name: str, without: Collection[str], parts: Sequence[str]) -> None:
    """Refuse parts that an agent does not have.

    Raises:
        ArcworldError: a part that does not exist.
    """
    for part in without:
        if part not in parts:
            raise ArcworldError(f"agent {name}: no part {part!r}; {did_you_mean(part, parts)}")
