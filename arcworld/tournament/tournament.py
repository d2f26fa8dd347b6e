"""Run a tournament from its settings to its report; finished plays are not run again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from arcworld.errors import ArcworldError
from arcworld.tournament.backends import backend, cores
from arcworld.tournament.events import Tick
from arcworld.tournament.results import PlayResult, ResultStore
from arcworld.tournament.settings import Play, PlayKey, Settings
from arcworld.tournament.tournament_report import TournamentReport, make_report, write_report


class TournamentProgress(Protocol):
    """Called with the progress in actions; a play that ended early counts all its actions."""

    def __call__(self, what: str, done: int, total: int, /, **measures: float) -> None:
        """See `commands.output.Reporter`."""
        ...


def run_tournament(
    settings: Settings,
    out: str | Path,
    *,
    workers: int | None = None,
    backend_name: str = "processes",
    progress: TournamentProgress | None = None,
) -> TournamentReport:
    """Run the plays that have no result yet, and write the report.

    The numbers do not depend on the number of workers, except for times, and for agents and games
    that read the clock.

    Args:
        settings: what is played.
        out: folder for results and report; a tournament begun there with the same settings
            continues.
        workers: number of plays at once; None: one per core.
        backend_name: "processes" or "ray".
        progress: called during the run.

    Raises:
        ArcworldError: a setting cannot be used (raised before anything is written), or the folder
            belongs to a tournament with other settings.
    """
    if workers is not None and workers < 1:
        raise ArcworldError(f"workers is {workers}; expected 1 or more")
    out = Path(out)
    play_all = backend(backend_name)
    settings.check()
    plays = settings.plays()
    about = settings.as_dict()
    store = ResultStore.open(out, about, sorted({play.game_id for play in plays}))
    left = [play for play in plays if play.key not in store.results]
    count = _Count(settings.max_actions, left, progress)
    for event in play_all(settings, left, min(workers or cores(), len(left))):
        if isinstance(event, PlayResult):
            store.add(event)
        count.take(event)
    report = make_report(about, _in_order(plays, store))
    write_report(report, out)
    return report


def _in_order(plays: Sequence[Play], store: ResultStore) -> list[PlayResult]:
    return [store.results[play.key] for play in plays]


class _Count:
    """Progress of all plays together."""

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
        """Count an event and report the progress."""
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
