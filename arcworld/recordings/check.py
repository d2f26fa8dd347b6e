"""Reports on recordings for `arcworld check`: dialect, game, rows, steps, levels, problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.recordings.dialects import Dialect
from arcworld.recordings.discovery import LeftOut, scan_recordings
from arcworld.recordings.files import shown
from arcworld.recordings.provenance import RECORDED
from arcworld.recordings.reader import read_recording
from arcworld.recordings.recording import Problem


@dataclass(frozen=True, slots=True)
class FileReport:
    """The report on one file.

    Attributes:
        rows: lines that are not blank, including a final summary row.
        steps: actions taken, including resets of a level.
        levels: the most levels completed at any time.
        win_levels: levels in the game.
        usable: whether no problem is fatal.
        player: who played it, as its last row says.
    """

    path: str
    dialect: Dialect
    game_id: str
    guid: str
    rows: int
    episodes: int
    steps: int
    levels: int
    win_levels: int
    usable: bool
    problems: tuple[Problem, ...]
    player: str = RECORDED

    def as_dict(self) -> dict[str, Any]:
        """Return the report as values that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The reports on everything found at the given paths.

    Attributes:
        files: one report for each recording.
        left_out: files and folders that may hold recordings but are not read.
        others: counts of files of other kinds, by suffix.
    """

    files: tuple[FileReport, ...]
    left_out: tuple[LeftOut, ...]
    others: dict[str, int]


def check_all(paths: Iterable[Path | str]) -> CheckResult:
    """Read every recording at or below the paths and list the files that were not read.

    A file that is found twice is read once.

    Raises:
        ArcworldError: a path does not exist or holds no recording.
    """
    found = [scan_recordings(path) for path in paths]
    files = dict.fromkeys(file for one in found for file in one.recordings)
    others: Counter[str] = Counter()
    for one in found:
        others.update(one.others)
    left_out = dict.fromkeys(left for one in found for left in one.left_out)
    return CheckResult(tuple(map(check_file, files)), tuple(left_out), dict(others))


def check_paths(paths: Iterable[Path | str]) -> list[FileReport]:
    """Return only the file reports of `check_all`."""
    return list(check_all(paths).files)


def check_file(path: Path) -> FileReport:
    """Read one file and report on it; a file that cannot be opened is reported as unusable."""
    try:
        recording = read_recording(path, strict=False)
    except ArcworldError as error:
        found = str(error).removeprefix(f"{shown(path)}: ")
        problem = Problem(0, found, True)
        return FileReport(shown(path), "unknown", "", "", 0, 0, 0, 0, 0, False, (problem,))
    episodes = recording.episodes
    return FileReport(
        path=shown(path),
        dialect=recording.dialect,
        game_id=recording.game_id,
        guid=recording.guid,
        rows=recording.rows,
        episodes=len(episodes),
        steps=recording.steps,
        levels=max((int(episode.levels_T.max()) for episode in episodes), default=0),
        win_levels=max((episode.win_levels for episode in episodes), default=0),
        usable=recording.usable,
        problems=recording.problems,
        player=recording.player,
    )
