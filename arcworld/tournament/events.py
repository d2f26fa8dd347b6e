"""What a backend reports while plays run: progress, results, and plays that were lost."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from arcworld.tournament.results import PlayResult
from arcworld.tournament.settings import Play


@dataclass(frozen=True, slots=True)
class Tick:
    """Progress of a play."""

    play: Play
    actions: int
    levels: int


type Events = Generator[Tick | PlayResult]


def lost(play: Play, why: str, tick: Tick | None = None) -> PlayResult:
    """Return the result of a play whose process died; its score is unknown and counts as 0."""
    levels, actions = (tick.levels, tick.actions) if tick else (0, 0)
    return PlayResult(*play.key, levels_completed=levels, actions=actions, error=why)
