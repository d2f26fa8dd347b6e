"""One file of play as it was read: its episodes, and what is wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arcworld.recordings.dialects import Dialect
from arcworld.recordings.episode import Episode
from arcworld.recordings.files import shown


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a file; `line` counts from 1, 0 is the file as a whole.

    A fatal problem makes the file unusable; any other says what was assumed or left out.
    """

    line: int
    message: str
    fatal: bool

    def at(self, path: Path) -> str:
        """One line with the file and the row.

        >>> Problem(3, "found ...", True).at(Path("a.jsonl"))
        'a.jsonl:3: found ...'
        """
        place = f"{shown(path)}:{self.line}" if self.line else shown(path)
        return f"{place}: {self.message}"


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One file of play. With a fatal problem, `episodes` holds what came before it.

    `rows` counts lines that are not blank, a last summary row among them.
    """

    path: Path
    dialect: Dialect
    game_id: str
    guid: str
    episodes: tuple[Episode, ...]
    rows: int
    problems: tuple[Problem, ...]

    @property
    def usable(self) -> bool:
        """Whether no problem is fatal."""
        return not any(problem.fatal for problem in self.problems)

    @property
    def steps(self) -> int:
        """Actions taken, over all episodes."""
        return sum(map(len, self.episodes))
