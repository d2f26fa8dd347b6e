"""A tournament from its settings to its report: what is played already is not played again.

Knows the order of things; each step is another module's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from arcworld.errors import ArcworldError
from arcworld.tournament.backends import Tick, backend, cores
from arcworld.tournament.results import PlayResult, ResultStore
from arcworld.tournament.settings import Play, PlayKey, Settings
from arcworld.tournament.tournament_report import TournamentReport, make_report, write_report


class TournamentProgress(Protocol):
    """Told how far it is, in actions: those of a play that ended early count as played."""

    def __call__(self, what: str, done: int, total: int, /, **measures: float) -> None:
        """See `commands.output.Reporter`."""
        ...


def run_tournament(
    settings: Settings,
    out: Path,
    *,
    workers: int | None = None,
    backend_name: str = "processes",
    progress: TournamentProgress | None = None,
) -> TournamentReport:
    """Play what is not played yet, and write the report.

    The report's numbers do not depend on how many plays go on at once, but for the times in it,
    and for agents and games that read the clock.

    Args:
        settings: what is played.
        out: a folder for results and report; one that was begun with the same settings goes on.
        workers: plays at once; None: as many as there are cores.
        backend_name: "processes", or "ray".
        progress: told as it goes.

    Raises:
        ArcworldError: something in the settings cannot be used, before anything is written; or
            the folder belongs to a tournament with others.
    """
    if workers is not None and workers < 1:
        raise ArcworldError(f"workers is {workers}; expected 1 or more")
    play_all = backend(backend_name)
    settings.check()
    plays = settings.plays()
    about = settings.as_dict()
    store = ResultStore.open(out, about, sorted({play.game_id for play in plays}))
    left = [play for play in plays if play.key not in store.results]
    count = _Count(settings.max_actions, left, progress)
    for event in play_all(settings, left, workers or cores()):
        if isinstance(event, PlayResult):
            store.add(event)
        count.take(event)
    report = make_report(about, _in_order(plays, store))
    write_report(report, out)
    return report


def _in_order(plays: Sequence[Play], store: ResultStore) -> list[PlayResult]:
    return [store.results[play.key] for play in plays]


class _Count:
    """How far all plays are together."""

    def __init__(
        self, max_actions: int, left: Sequence[Play], progress: TournamentProgress | None
    ) -> None:
        self._max_actions = max_actions
        self._total = max_actions * len(left)
        self._progress = progress
        self._actions: dict[PlayKey, int] = {}
        self._levels: dict[PlayKey, int] = {}
        self._crashes = self._ended = 0

    def take(self, event: Tick | PlayResult) -> None:
        """Count what was heard, and tell."""
        if isinstance(event, Tick):
            self._actions[event.play.key] = event.actions
            self._levels[event.play.key] = event.levels
        else:
            self._actions[event.key] = self._max_actions
            self._levels[event.key] = event.levels_completed
            self._ended += 1
            self._crashes += event.error is not None
        if self._progress is not None:
            measures: dict[str, Any] = {"plays": self._ended, "levels": sum(self._levels.values())}
            if self._crashes:
                measures["crashes"] = self._crashes
            self._progress("tournament", sum(self._actions.values()), self._total, **measures)
