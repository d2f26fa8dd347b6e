"""The recordings that a viewer was given, by number: opened when requested, the newest few kept.

A page can only name a number, so nothing outside the given folder is ever read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.recordings.discovery import find_recordings
from arcworld.recordings.episode import Episode, game_name
from arcworld.recordings.files import relative, shown
from arcworld.recordings.reader import game_of, iter_grids, read_recording
from arcworld.web.predictions import as_hex

KEPT = 4
"""Recordings held open."""
LONGEST = 20_000
"""Steps of a recording that a page can hold."""


@dataclass(frozen=True, eq=False)
class RecordingView:
    """One recording as a row of steps, over all its episodes.

    Attributes:
        path: the file.
        episodes: as read.
        places: (episode, action) of each step.
    """

    path: Path
    episodes: tuple[Episode, ...]
    places: tuple[tuple[int, int], ...] = field(init=False)

    def __post_init__(self) -> None:
        steps = [(e, t) for e, episode in enumerate(self.episodes) for t in range(len(episode))]
        object.__setattr__(self, "places", tuple(steps[:LONGEST]))

    def __len__(self) -> int:
        return len(self.places)

    def at(self, step: int) -> tuple[Episode, int]:
        """The episode of a step, and its place there.

        Raises:
            ArcworldError: there is no such step.
        """
        if not 0 <= step < len(self):
            raise ArcworldError(f"no step {step}; expected 0 to {len(self) - 1}")
        episode, t = self.places[step]
        return self.episodes[episode], t

    def as_view(self) -> dict[str, Any]:
        """Every step, each distinct frame once, as plain JSON types."""
        known: dict[bytes, int] = {}
        frames: list[str] = []

        def number(frame_HW: NDArray[np.uint8]) -> int:
            key = frame_HW.tobytes()
            if key not in known:
                known[key] = len(frames)
                frames.append(as_hex(frame_HW))
            return known[key]

        steps = [_step_view(*self.at(step), number) for step in range(len(self))]
        first = self.episodes[0]
        about = {"game_id": first.game_id, "guid": first.guid, "win_levels": first.win_levels}
        return about | {"frames": frames, "steps": steps, "file": shown(self.path.name)}

    def animation(self, step: int) -> list[str]:
        """The grids that the action of a step led through, the last of them the settled frame."""
        episode, t = self.at(step)
        row = episode.start + t + 1
        for number, grids in enumerate(iter_grids(self.path)):
            if number == row:
                return [as_hex(grid) for grid in grids]
        raise ArcworldError(f"{shown(self.path.name)}: step {step} is not there any more")


def _step_view(episode: Episode, t: int, number: Any) -> dict[str, Any]:
    return {
        "action": list(episode.action(t).as_row()),
        "before": number(episode.frames_THW[t]),
        "after": number(episode.frames_THW[t + 1]),
        "outcome": int(episode.outcomes_A[t]),
        "level": int(episode.levels_T[t]),
        "grids": int(episode.grids_T[t + 1]),
        "available": list(episode.available_actions(t)),
        "opens": t == 0,
    }


class Library:
    """The recordings at a path.

    Args:
        path: a folder or a file.

    Raises:
        ArcworldError: there is nothing there.
    """

    def __init__(self, path: str | Path | Sequence[str | Path]) -> None:
        paths = [Path(one) for one in ([path] if isinstance(path, str | Path) else path)]
        self._roots = {
            file: one if one.is_dir() else one.parent
            for one in paths
            for file in find_recordings(one)
        }
        self.files = list(self._roots)
        self._views: OrderedDict[int, RecordingView] = OrderedDict()

    def keep_game(self, game: str) -> None:
        """Keep the recordings of one game, given its name or full id.

        Raises:
            ArcworldError: there are none.
        """
        found = dict[Path, str]()
        for file in self.files:
            with suppress(ArcworldError):  # an unusable file is of no game
                found[file] = game_of(file)
        self.files = [file for file, one in found.items() if game in (one, game_name(one))]
        if not self.files:
            known = found.values() if "-" in game else map(game_name, found.values())
            raise ArcworldError(f"no recording of game {game!r}; {did_you_mean(game, set(known))}")

    def as_view(self) -> list[dict[str, Any]]:
        """Number and name of each."""
        return [{"id": i, "name": self._name(file)} for i, file in enumerate(self.files)]

    def recording_view(self, number: int) -> RecordingView:
        """A recording, opened.

        Raises:
            ArcworldError: there is no such number, or the file cannot be used.
        """
        if not 0 <= number < len(self.files):
            raise ArcworldError(f"no recording {number}; there are {len(self.files)}")
        if number not in self._views:
            self._views[number] = _open(self.files[number])
            while len(self._views) > KEPT:
                self._views.popitem(last=False)
        self._views.move_to_end(number)
        return self._views[number]

    def _name(self, file: Path) -> str:
        place = Path(relative(file, self._roots[file]))
        if len(place.parts) > 1:
            return shown(f"{game_name(place.parts[0])} / {place.name.split('.')[0][:13]}")
        return shown(place.name.split(".")[0])


def _open(file: Path) -> RecordingView:
    recording = read_recording(file)
    recording_view = RecordingView(
        file, tuple(episode for episode in recording.episodes if len(episode))
    )
    if not len(recording_view):
        raise ArcworldError(f"{shown(file.name)}: no action was taken; there is nothing to see")
    return recording_view
