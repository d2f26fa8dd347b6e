"""`arcworld check`: what recordings are, and whether they can be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcworld.evaluation.report_tables import TextTable
    from arcworld.recordings.check import FileReport


def check(paths: list[Path], /, *, json: Path | None = None) -> int:
    """Say of recordings what they are and whether they can be used.

    Looks at every `*.jsonl` and `*.jsonl.gz` at or below the paths, and tells each file's dialect,
    game, rows, steps and levels, with its problems by line. Exit status 0 if all can be used,
    1 if some cannot, 2 if a path holds no recording.

    Example: `arcworld check runs/demo/demos --json check.json`

    Args:
        paths: recordings, or folders of them.
        json: write the same as JSON to this file.
    """
    from arcworld.commands.output import print_tables, reserve, write_json
    from arcworld.recordings.check import check_paths

    reserve(json)
    reports = check_paths(paths)
    usable = sum(report.usable for report in reports)
    print_tables([_table(reports)])
    for report in reports:
        for problem in report.problems:
            kind = "unusable" if problem.fatal else "note"
            print(f"{report.path}:{problem.line}: {kind}: {problem.message}")
    print(f"{len(reports)} files, {usable} usable, {len(reports) - usable} not")
    files = [report.as_dict() for report in reports]
    write_json(json, {"files": files, "count": len(files), "usable": usable})
    return 0 if usable == len(reports) else 1


def _table(reports: list[FileReport]) -> TextTable:
    from arcworld.evaluation.report_tables import TextTable

    columns = ("file", "dialect", "game", "usable", "rows", "steps", "levels")
    rows = [
        (
            _short(report.path),
            report.dialect,
            report.game_id,
            "yes" if report.usable else "NO",
            f"{report.rows:,}",
            f"{report.steps:,}",
            f"{report.levels}/{report.win_levels}",
        )
        for report in reports
    ]
    return TextTable("Recordings", columns, rows, text_columns=4)


def _short(path: str, length: int = 60) -> str:
    """The end of a long path.

    >>> _short("a" * 100 + "/b.jsonl", 12)
    '…aaa/b.jsonl'
    """
    return path if len(path) <= length else "…" + path[1 - length :]
