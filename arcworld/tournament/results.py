"""Results of plays, written as each play ends, so that a stopped tournament can continue.

OUT/tournament.json   the settings; a command with other settings is refused
OUT/results.jsonl     one play per line; if a line is deleted, the play is run again
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, Self

import arcworld
from arcworld.errors import ArcworldError
from arcworld.recordings.files import write_bytes
from arcworld.tournament.settings import PlayKey, refuse_changes

SETTINGS, RESULTS = "tournament.json", "results.jsonl"


@dataclass(frozen=True, slots=True)
class PlayResult:
    """Result of one play.

    Attributes:
        levels_completed, actions, score: from the toolkit's scorecard.
        level_actions: actions on each level; the last entry is the level that was not won, if any.
        human_actions: the game's human baseline of each level; empty if it has none.
        ended: as in `GameResult`, or "crashed".
        faults: number of the toolkit's answers that could not be used.
        replaced: number of illegal decisions.
        seconds: of the whole play.
        agent_seconds: the part of `seconds` that the agent took.
        think_ms: milliseconds of a decision and of learning from its result: median and 95th
            percentile; None if nothing was decided.
        plans: of an agent that plans: form of goal -> `started`, `won`, `finished`, `astray`
            or `experiment` -> number of plans.
        levels_by_chance: levels that the random actions of a perturbed start won.
        assisted: levels (0-based) that were won with help, and so do not count as won
            (`AssistedAgent`); None for plays without help.
        error: one line if the play crashed; the other numbers are those up to the crash.
    """

    game_id: str
    agent: str
    seed: int
    levels_completed: int = 0
    win_levels: int = 0
    actions: int = 0
    score: float = 0.0
    level_actions: tuple[int, ...] = ()
    human_actions: tuple[int, ...] = ()
    ended: str = "crashed"
    faults: int = 0
    replaced: int = 0
    seconds: float = 0.0
    agent_seconds: float = 0.0
    think_ms: tuple[float, float] | None = None
    plans: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    levels_by_chance: int = 0
    assisted: tuple[int, ...] | None = None
    error: str | None = None

    @property
    def key(self) -> PlayKey:
        """Identifies the play within the tournament."""
        return self.game_id, self.agent, self.seed

    @property
    def won(self) -> tuple[int, ...]:
        """Levels (0-based) that the agent won without help.

        >>> PlayResult("a", "b", 0, 3, 7, assisted=(1,)).won
        (0, 2)
        """
        assisted = self.assisted or ()
        return tuple(level for level in range(self.levels_completed) if level not in assisted)

    @property
    def won_in(self) -> tuple[int, ...]:
        """Number of actions on each level of `won`, as far as known."""
        return self._of_won(self.level_actions)

    @property
    def won_at(self) -> tuple[int, ...]:
        """Number of actions of the play at the end of each level of `won`.

        >>> PlayResult("a", "b", 0, 2, 3, 60, level_actions=(10, 20, 30)).won_at
        (10, 30)
        """
        return self._of_won(tuple(accumulate(self.level_actions)))

    def _of_won(self, by_level: tuple[int, ...]) -> tuple[int, ...]:
        """Entries of the won levels; a play whose process died has fewer entries than levels."""
        return tuple(by_level[level] for level in self.won if level < len(by_level))

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Self:
        """Make a result from `as_dict`."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in entries.items()
        }
        return cls(**fields)


class ResultStore:
    """The results of a tournament in its folder."""

    def __init__(self, out: Path, results: Mapping[PlayKey, PlayResult]) -> None:
        self.out, self.results = out, dict(results)

    @classmethod
    def open(cls, out: Path, settings: Mapping[str, Any], games: list[str]) -> ResultStore:
        """Begin a tournament in a folder, or continue the one there.

        Raises:
            ArcworldError: it was begun with other settings, or its files cannot be read.
        """
        now = {**settings, "game_ids": games}
        path = out / SETTINGS
        if path.is_file():
            refuse_changes(path, _settings(path), now)
        elif (out / RESULTS).exists():
            raise ArcworldError(
                f"{out}: found {RESULTS} without {SETTINGS}; expected both or none; name another"
                " folder"
            )
        else:
            about = now | {"arcworld": arcworld.__version__}
            write_bytes(path, (json.dumps(about, indent=1) + "\n").encode())
        return cls(out, {result.key: result for result in _read(out / RESULTS)})

    def add(self, result: PlayResult) -> None:
        """Add a result, also to the file."""
        self.results[result.key] = result
        with (self.out / RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(result.as_dict()) + "\n")


def _settings(path: Path) -> dict[str, Any]:
    """The settings of a tournament's file."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ArcworldError(
            f"{path}: found no settings of a tournament; expected a JSON object; name another"
            " folder"
        )
    return {**found}


def _read(path: Path) -> list[PlayResult]:
    """Read all complete lines; a last line that was cut by a kill is removed from the file."""
    if not path.is_file():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        write_bytes(path, whole)
    results: list[PlayResult] = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            results.append(PlayResult.from_dict(json.loads(line)))
        except (ValueError, TypeError, AttributeError) as error:
            raise ArcworldError(
                f"{path}:{number}: no result of a play ({error}); expected a JSON object; delete"
                " the line, and the play is run again"
            ) from None
    return results
