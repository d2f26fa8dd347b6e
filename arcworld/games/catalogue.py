"""List of the project's own games: their folders, names, and which are held out from training.

`environment_files/` has the toolkit's layout. `game_source` executes a game's file, for code that
needs its rules or level tables.
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
"""Value for `Arcade(operation_mode=OFFLINE, environments_dir=...)`."""
SPLIT_FILE = Path(__file__).parent / "split.json"


@dataclass(frozen=True, slots=True)
class GameSplit:
    """Names of the games to train on, and of those that are always held out from training."""

    train: tuple[str, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GameEntry:
    """One game: the contents of its `metadata.json`, and its folder."""

    game_id: str
    title: str
    class_name: str
    baseline_actions: tuple[int, ...]
    folder: Path

    @property
    def name(self) -> str:
        """The game's name without its version."""
        return game_name(self.game_id)

    @property
    def source(self) -> Path:
        """The file that the toolkit executes."""
        return self.folder / f"{self.class_name.lower()}.py"


@functools.cache
def entries() -> dict[str, GameEntry]:
    """Every game by name, sorted."""
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
    """Return the game with this name or full id.

    Raises:
        ArcworldError: the game does not exist; the message suggests a similar name.
    """
    known = entries()
    found = known.get(game_name(game))
    if found is None or game not in (found.name, found.game_id):
        raise ArcworldError(f"no game {game!r}; {did_you_mean(game, known)}")
    return found


@functools.cache
def game_split() -> GameSplit:
    """Return the split of the games, which is a file of the repository.

    >>> len(game_split().unseen)
    2
    """
    parts: dict[str, list[str]] = json.loads(SPLIT_FILE.read_text(encoding="utf-8"))
    return GameSplit(tuple(parts["train"]), tuple(parts["unseen"]))


@functools.cache
def game_source(game: str) -> ModuleType:
    """Execute the game's file as the toolkit does, and return it as a module."""
    path = entry(game).source
    module = ModuleType(f"arcworld.games.{path.stem}")
    module.__file__ = str(path)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    return module
