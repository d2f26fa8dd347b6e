"""The project's own games: where they lie, what they are called, which are held out.

Reads `environment_files/` as the toolkit does, and executes a game's source for those who need
its rules or level tables. Does not play: that is the toolkit's part.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.recordings.episode import game_name

GAMES_DIR = Path(__file__).parent / "environment_files"
"""What `Arcade(operation_mode=OFFLINE, environments_dir=...)` scans."""
SPLIT_FILE = Path(__file__).parent / "split.json"


@dataclass(frozen=True, slots=True)
class GameSplit:
    """Names of the games to train on, and of those that no training may ever see."""

    train: tuple[str, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GameEntry:
    """One game: `metadata.json` as the toolkit reads it, and the folder that holds it."""

    game_id: str
    title: str
    class_name: str
    baseline_actions: tuple[int, ...]
    folder: Path

    @property
    def name(self) -> str:
        """The game without its version."""
        return game_name(self.game_id)

    @property
    def source(self) -> Path:
        """The file the toolkit executes."""
        return self.folder / f"{self.class_name.lower()}.py"


@functools.cache
def entries() -> dict[str, GameEntry]:
    """Every game by name, in the order of their names."""
    found = (_entry(path) for path in GAMES_DIR.rglob("metadata.json"))
    return {entry.name: entry for entry in sorted(found, key=lambda entry: entry.name)}


def _entry(path: Path) -> GameEntry:
    fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return GameEntry(
        fields["game_id"],
        fields["title"],
        fields["class_name"],
        tuple(fields["baseline_actions"]),
        path.parent,
    )


def entry(game: str) -> GameEntry:
    """The game called `game`, with or without its version.

    Raises:
        ArcworldError: no such game; the message names the nearest.
    """
    known = entries()
    found = known.get(game_name(game))
    if found is None or game not in (found.name, found.game_id):
        raise ArcworldError(f"no game {game!r}; {did_you_mean(game, known)}")
    return found


def game_ids() -> tuple[str, ...]:
    """Full ids of all games, as `keys-3d1f7a92`."""
    return tuple(one.game_id for one in entries().values())


@functools.cache
def game_split() -> GameSplit:
    """The committed split of the games.

    >>> len(game_split().unseen)
    2
    """
    parts: dict[str, list[str]] = json.loads(SPLIT_FILE.read_text(encoding="utf-8"))
    return GameSplit(tuple(parts["train"]), tuple(parts["unseen"]))


@functools.cache
def game_source(game: str) -> ModuleType:
    """The game's file, executed as the toolkit does: for its rules and level tables."""
    path = entry(game).source
    module = ModuleType(f"arcworld.games.{path.stem}")
    module.__file__ = str(path)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    return module
