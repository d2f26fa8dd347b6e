"""The result of reading one file: its episodes and its problems."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arcworld.recordings.dialects import Dialect
from arcworld.recordings.episode import Episode
from arcworld.recordings.files import shown
from arcworld.recordings.provenance import RECORDED


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in a file; `line` counts from 1, and 0 means the file as a whole.

    A fatal problem makes the file unusable. Any other states what was assumed or left out.
    """

    line: int
    message: str
    fatal: bool

    def at(self, path: Path) -> str:
        """Return the problem as one line with the file and the row.

        >>> Problem(3, "found ...", True).at(Path("a.jsonl"))
        'a.jsonl:3: found ...'
        """
        place = f"{shown(path)}:{self.line}" if self.line else shown(path)
        return f"{place}: {self.message}"


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One file of play. With a fatal problem, `episodes` holds the play before it.

    `rows` counts the lines that are not blank, including a final summary row. `player` is the one
    that a summary row names.
    """

    path: Path
    dialect: Dialect
    game_id: str
    guid: str
    episodes: tuple[Episode, ...]
    rows: int
    problems: tuple[Problem, ...]
    player: str = RECORDED

    @property
    def usable(self) -> bool:
        """Whether no problem is fatal."""
        return not any(problem.fatal for problem in self.problems)

    @property
    def steps(self) -> int:
        """The number of actions taken, over all episodes."""
        return sum(map(len, self.episodes))
