"""What `arcworld check` says of each file: dialect, game, rows, steps, levels, problems.

Knows how to sum up a recording; knows nothing of how it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.recordings.dialects import Dialect
from arcworld.recordings.files import find_recordings, shown
from arcworld.recordings.reader import Problem, read_recording


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file.

    Attributes:
        rows: lines that are not blank, a last summary row among them.
        steps: actions taken in a frame, level resets among them.
        levels: the most levels completed at any time.
        usable: whether no problem is fatal.
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

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def check_paths(paths: Iterable[Path | str]) -> list[FileReport]:
    """Read every `*.jsonl` and `*.jsonl.gz` at or below the paths; a file named twice once.

    Raises:
        ArcworldError: a path does not exist or holds no recording.
    """
    files = dict.fromkeys(file for path in paths for file in find_recordings(path))
    return [check_file(file) for file in files]


def check_file(path: Path) -> FileReport:
    """Read one file; a file that cannot be opened is unusable."""
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
    )
