"""The plays of a collection, in `collect.json` beside the recordings, so that it can continue."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from arcworld.collection.settings import RAISED
from arcworld.errors import ArcworldError
from arcworld.recordings.files import shown, write_bytes
from arcworld.tournament.settings import PlayKey, refuse_changes

NAME = "collect.json"


@dataclass(frozen=True, slots=True)
class CollectedPlay:
    """One play.

    Attributes:
        game_id, agent, seed: what was played.
        actions: number of actions taken.
        levels: levels won.
        novel: novel transitions, when it was played.
        kept: whether the recording was kept.
        error: one line if the play crashed; then nothing is kept.
    """

    game_id: str
    agent: str
    seed: int
    actions: int = 0
    levels: int = 0
    novel: int = 0
    kept: bool = False
    error: str | None = None

    @property
    def key(self) -> PlayKey:
        """What distinguishes it from every other play."""
        return self.game_id, self.agent, self.seed


class CollectLog:
    """The plays so far, in order; on disk after each play."""

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path, self.settings = path, settings
        self.plays: dict[PlayKey, CollectedPlay] = {}

    @classmethod
    def open(cls, out: Path, settings: Mapping[str, Any]) -> Self:
        """Begin a log in a folder, or continue the one there.

        Raises:
            ArcworldError: the folder has another collection, other files, or a broken log.
        """
        log = cls(out / NAME, settings)
        if log.path.is_file():
            log._load()
        elif out.is_dir() and any(out.iterdir()):
            raise ArcworldError(
                f"{shown(out)}: found files but no {NAME}; expected a new folder; name another"
            )
        log._save()
        return log

    def kept(self) -> Iterator[CollectedPlay]:
        """Yield the plays whose recordings were kept, in order."""
        return (play for play in self.plays.values() if play.kept)

    def add(self, play: CollectedPlay) -> None:
        """Add a play, on disk too."""
        self.plays[play.key] = play
        self._save()

    def _load(self) -> None:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            before: dict[str, Any] = dict(found["settings"])
            plays = [CollectedPlay(**play) for play in found["plays"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ArcworldError(
                f"{shown(self.path)}: found no log of a collection ({error}); expected JSON with"
                " settings and plays; name another folder"
            ) from None
        refuse_changes(self.path, before, self.settings, RAISED)
        self.plays = {play.key: play for play in plays}

    def _save(self) -> None:
        plays = [asdict(play) for play in self.plays.values()]
        text = json.dumps({"settings": self.settings, "plays": plays}, indent=1)
        write_bytes(self.path, (text + "\n").encode())
