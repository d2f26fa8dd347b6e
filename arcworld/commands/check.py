"""`arcworld check`: describe recordings and whether they can be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcworld.evaluation.report.report_tables import TextTable
    from arcworld.recordings.check import FileReport


def check(paths: list[Path], /, *, json: Path | None = None) -> int:
    """Describe recordings and whether they can be used.

    Reads every recording at or below the paths: `.jsonl` and `.json`, plain or as `.gz`, `.zst`,
    `.bz2`, `.xz` or `.zip`, through links. Shows each file's dialect, game, rows, steps and levels,
    with its problems by line, and names what is not read. A recording whose fields contradict each
    other is refused. Exit status 0 if all can be used, 1 if some cannot, 2 if a path contains no
    recording.

    Example: `arcworld check runs/demo/demos --json check.json`

    Args:
        paths: recordings, or folders of them.
        json: write the result as JSON to this file.
    """
    from arcworld.commands.output import print_tables, reserve, write_json
    from arcworld.recordings.check import check_all
    from arcworld.recordings.files import shown

    reserve(json)
    result = check_all(paths)
    reports = result.files
    usable = sum(report.usable for report in reports)
    print_tables([_table(reports)])
    for report in reports:
        for problem in report.problems:
            kind = "unusable" if problem.fatal else "note"
            print(f"{report.path}:{problem.line}: {kind}: {problem.message}")
    for left in result.left_out:
        print(f"{shown(left.path)}: left out: {left.reason}")
    noun = "file" if len(reports) == 1 else "files"
    print(f"{len(reports)} {noun}, {usable} usable, {len(reports) - usable} not", end="")
    print(f"; {len(result.left_out)} left out" if result.left_out else "")
    if result.others:
        print(f"files of other kinds, not read: {_counts(result.others)}")
    files = [report.as_dict() for report in reports]
    write_json(
        json,
        {
            "files": files,
            "count": len(files),
            "usable": usable,
            "left_out": [[shown(left.path), left.reason] for left in result.left_out],
            "other_files": result.others,
        },
    )
    return 0 if usable == len(reports) else 1


def _table(reports: Sequence[FileReport]) -> TextTable:
    from arcworld.evaluation.report.report_tables import TextTable

    columns = ("file", "dialect", "game", "player", "usable", "rows", "steps", "levels")
    rows = [
        (
            _short(report.path),
            report.dialect,
            report.game_id,
            report.player,
            "yes" if report.usable else "NO",
            f"{report.rows:,}",
            f"{report.steps:,}",
            f"{report.levels}/{report.win_levels}",
        )
        for report in reports
    ]
    return TextTable("Recordings", columns, rows, text_columns=5)


def _counts(others: dict[str, int]) -> str:
    """Counts by suffix, largest first.

    >>> _counts({".md": 1, ".png": 12})
    '12 .png, 1 .md'
    """
    most = sorted(others.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{count:,} {suffix}" for suffix, count in most)


def _short(path: str, length: int = 60) -> str:
    """The end of a long path.

    >>> _short("a" * 100 + "/b.jsonl", 12)
    '…aaa/b.jsonl'
    """
    return path if len(path) <= length else "…" + path[1 - length :]
