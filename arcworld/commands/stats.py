"""`arcworld stats`: count what a data set holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.commands.arguments import Seed

if TYPE_CHECKING:
    from arcworld.evaluation.report.report_tables import TextTable
    from arcworld.recordings.statistics import Counts, Statistics

_COLUMNS = ("recordings", "steps", "novel", "novel %", "won", "levels", "game over")


def stats(paths: list[Path], /, *, seed: Seed = 0, json: Path | None = None) -> None:
    """Count what a data set holds: steps, levels, actions and novel transitions.

    Tables by game, by player, by part of the split and by kind of action. *novel* counts the steps
    whose action no step before, in the whole data set, took in the same frame. *won* counts the
    wins of a level, *levels* the different levels that were won, of those that the games have.
    Recordings that training would leave out are named and not counted.

    Example: `arcworld stats runs/demo/demos --json stats.json`

    Args:
        paths: recordings, or folders of them.
        seed: of the split by guid, where there is no `split.json`.
        json: write the result as JSON to this file.
    """
    from arcworld.commands.output import open_data, print_tables, reserve, write_json
    from arcworld.recordings.statistics import count

    reserve(json)
    dataset = open_data(paths, seed)
    found = count(dataset)
    print_tables(
        [
            _table("By game", "game", found.games, found.total),
            _table("By player", "player", found.players, found.total),
            _parts(found),
            _actions(found),
        ]
    )
    skipped = [[one.path, one.reason] for one in dataset.skipped]
    write_json(json, found.as_dict() | {"left_out": skipped})


def _table(
    title: str, name: str, groups: Mapping[str, Counts], total: Counts | None = None
) -> TextTable:
    from arcworld.evaluation.report.report_tables import TextTable

    rows = [(key, *_cells(counts)) for key, counts in groups.items()]
    rows += [("all", *_cells(total))] if total is not None else []
    return TextTable(title, (name, *_COLUMNS), rows)


def _cells(counts: Counts) -> tuple[str, ...]:
    return (
        f"{counts.recordings:,}",
        f"{counts.steps:,}",
        f"{counts.novel:,}",
        _share(counts.novel, counts.steps),
        f"{counts.levels_won:,}",
        f"{counts.levels_reached}/{counts.levels}",
        f"{counts.game_overs:,}",
    )


def _parts(found: Statistics) -> TextTable:
    from arcworld.evaluation.report.report_tables import NOTHING, TextTable

    rows = []
    for name, counts in found.parts.items():
        novel = found.novel_against_training.get(name)
        against = NOTHING if novel is None else f"{novel:,}"
        share = NOTHING if novel is None else _share(novel, counts.steps)
        rows.append((name, f"{counts.recordings:,}", f"{counts.steps:,}", against, share))
    note = "Novel: no training recording took the action in the frame."
    columns = ("part", "recordings", "steps", "novel", "novel %")
    return TextTable("By part of the split", columns, rows, note)


def _actions(found: Statistics) -> TextTable:
    from arcworld.evaluation.report.report_tables import TextTable
    from arcworld.recordings.episode import ACTION_IDS, CLICK, RESET, UNDO

    meaning = {RESET: "RESET", CLICK: "ACTION6 (click)", UNDO: "ACTION7 (undo)"}
    rows = [
        (
            meaning.get(action, f"ACTION{action}"),
            f"{found.total.actions[action]:,}",
            _share(found.total.actions[action], found.total.steps),
        )
        for action in ACTION_IDS
    ]
    return TextTable("By kind of action", ("action", "steps", "steps %"), rows)


def _share(part: int, whole: int) -> str:
    """A share in percent.

    >>> _share(1, 8), _share(0, 0)
    ('12.5 %', '-')
    """
    return f"{100 * part / whole:.1f} %" if whole else "-"
