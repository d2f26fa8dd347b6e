"""A folder of recordings as a data set: parsed once, packed in a cache, mapped into memory.

Knows which files there are, which are the same recording, and how to split them; the parsing is
`reader`'s and the storage `packed`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.recordings.discovery import scan_recordings
from arcworld.recordings.episode import Episode
from arcworld.recordings.files import relative, shown
from arcworld.recordings.opening import file_of
from arcworld.recordings.pack_cache import CacheKey, keep, packed_folder
from arcworld.recordings.packed import EpisodeEntry, Packed, Packer, Skipped, load_packed
from arcworld.recordings.packing import FrameStore
from arcworld.recordings.reader import read_recording
from arcworld.recordings.split import PARTS, Source, Split, load_split


class Episodes(Sequence[Episode]):
    """Episodes of a data set, each unpacked when it is asked for."""

    def __init__(self, packed: Packed, entries: Sequence[EpisodeEntry]) -> None:
        self._packed, self._entries = packed, entries

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Episode: ...
    @overload
    def __getitem__(self, index: slice) -> Episodes: ...
    def __getitem__(self, index: int | slice) -> Episode | Episodes:
        if isinstance(index, slice):
            return Episodes(self._packed, self._entries[index])
        return self._packed.episode(self._entries[index])


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Recordings, or one part of them.

    Attributes:
        path: the folder or file.
        packed: everything that was read, whatever the part.
        entries: the episodes of this part.
        split: guids of `train` and `validation`.
    """

    path: Path
    packed: Packed
    entries: tuple[EpisodeEntry, ...]
    split: Split

    @property
    def episodes(self) -> Episodes:
        """The episodes; `episodes[i]` is unpacked on access. Each has one action or more."""
        return Episodes(self.packed, self.entries)

    @property
    def guids(self) -> tuple[str, ...]:
        """The recordings, in order."""
        return tuple(dict.fromkeys(entry.guid for entry in self.entries))

    @property
    def games(self) -> tuple[str, ...]:
        """Game ids, sorted."""
        return tuple(sorted({entry.game_id for entry in self.entries}))

    @property
    def transitions(self) -> int:
        """How many actions were taken, over all episodes."""
        return sum(entry.actions for entry in self.entries)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Files below the path that were left out: unusable, not read, or a recording twice."""
        return self.packed.skipped

    @property
    def frames(self) -> FrameStore:
        """Every distinct frame of the whole data set (all parts), by id."""
        return FrameStore(self.packed.columns["frames"])

    def frame_ids(self, index: int) -> NDArray[np.int32]:
        """Ids in `frames` of the frames of episode `index`: [T]."""
        entry = self.entries[index]
        end = entry.first + entry.frames
        return np.array(self.packed.columns["frame_ids"][entry.first : end])

    def actions(self, index: int) -> NDArray[np.int16]:
        """(id, x, y) of the actions of episode `index`, its frames left packed: [A, 3]."""
        entry = self.entries[index]
        end = entry.first_action + entry.actions
        return np.array(self.packed.columns["actions"][entry.first_action : end])

    def distinct_ids(self) -> NDArray[np.int32]:
        """Ids of the distinct frames of this part, sorted."""
        ids = [self.frame_ids(i) for i in range(len(self.entries))]
        return np.unique(np.concatenate(ids)) if ids else np.zeros(0, np.int32)

    def part(self, name: str) -> Dataset:
        """The part `train` or `validation`, or `all` of it.

        Raises:
            ArcworldError: there is no such part, or it holds no recording.
        """
        if name == "all":
            return self
        if name not in PARTS:
            hint = did_you_mean(name, [*PARTS, "all"])
            raise ArcworldError(f"found part {name!r}; expected a part of the split; {hint}")
        guids = self.split.part(name)
        entries = tuple(entry for entry in self.entries if entry.guid in guids)
        if not entries:
            raise ArcworldError(
                f"{shown(self.path)}: found no recording in part {name!r} (of {len(self.guids)});"
                " expected one or more; add recordings, or correct split.json"
            )
        return replace(self, entries=entries)

    def without_levels(self, levels: Mapping[str, Collection[int]]) -> Dataset:
        """The data set without some levels (0-based) of some games, by game id.

        Episodes are cut into stretches that show no frame of those levels, of two frames at least;
        an action into such a level is left out with it, and the stretch before knows that it won
        (`Episode.won_next`). The last frame of a game that is won still shows its last level.
        """
        entries: list[EpisodeEntry] = []
        for index, entry in enumerate(self.entries):
            left_out = levels.get(entry.game_id)
            if left_out is None:
                entries.append(entry)
                continue
            shown_T = self.levels_shown(index)
            kept_T = ~np.isin(shown_T, list(left_out))
            edges = np.flatnonzero(np.diff(np.concatenate([[False], kept_T, [False]])))
            for first, end in edges.reshape(-1, 2).tolist():
                if end - first > 1:
                    won_next = end < len(shown_T) and bool(shown_T[end] > shown_T[end - 1])
                    entries.append(replace(entry.cut(first, end), won_next=won_next))
        return replace(self, entries=tuple(entries))

    def levels_shown(self, index: int) -> NDArray[np.int64]:
        """The level (0-based) that each frame of episode `index` shows: [T]."""
        entry = self.entries[index]
        completed = self.packed.columns["levels"][entry.first : entry.first + entry.frames]
        return np.minimum(completed.astype(np.int64), max(entry.win_levels - 1, 0))

    def of_game(self, game_id: str) -> Dataset:
        """Only the episodes of one game."""
        entries = tuple(entry for entry in self.entries if entry.game_id == game_id)
        return replace(self, entries=entries)


def open_dataset(path: Path | str, *, cache: Path | None = None, seed: int = 0) -> Dataset:
    """Open the recordings at a path: those below a folder or in a zip archive, or one file.

    Links are followed; `discovery` says which files count. The first time, they are parsed and
    packed under `cache`, else `$ARCWORLD_CACHE`, else `~/.cache/arcworld`. While no file changes,
    later calls map that into memory. Of files with the same guid the one with most actions is
    kept, of equals the first. Unusable and unread files are left out; all are in `skipped`.
    Episodes without an action are left out.

    Args:
        path: a folder or a file.
        cache: where packed data is kept.
        seed: of the split by guid, where no `split.json` rules.

    Raises:
        ArcworldError: there is nothing there, or nothing usable.
    """
    path = Path(path)
    found = scan_recordings(path)
    files = found.recordings
    root = path if path.is_dir() else path.parent
    key = _key(files, root)
    folder = packed_folder(path, key, cache)
    packed = load_packed(folder, key)
    if packed is None:
        packed = _pack_files(path, files, root)
        packed = keep(packed, folder, key)
    left_out = [
        Skipped(relative(left.path, root), f"{shown(left.path)}: {left.reason}")
        for left in found.left_out
    ]
    packed = replace(packed, skipped=(*packed.skipped, *left_out))
    sources = {
        entry.guid: Source(entry.guid, entry.game_id, root / entry.source)
        for entry in packed.entries
    }
    split = load_split(path, tuple(sources.values()), seed)
    return Dataset(path, packed, packed.entries, split)


def _key(files: Sequence[Path], root: Path) -> CacheKey:
    stats = [(file, file_of(file).stat()) for file in files]
    return [[relative(f, root), s.st_size, s.st_mtime_ns] for f, s in stats]


def _pack_files(path: Path, files: Sequence[Path], root: Path) -> Packed:
    packer = Packer()
    skipped: list[Skipped] = []
    kept: dict[str, tuple[int, str]] = {}
    for file in files:
        source = relative(file, root)
        try:
            recording = read_recording(file)
        except ArcworldError as error:
            skipped.append(Skipped(source, str(error)))
            continue
        if not recording.steps:
            skipped.append(Skipped(source, f"{shown(file)}: no action was taken"))
            continue
        steps, other = kept.get(recording.guid, (-1, ""))
        if steps >= 0:
            longer, shorter = (other, source) if steps >= recording.steps else (source, other)
            skipped.append(Skipped(shorter, f"{shown(root / shorter)}: the same guid as {longer}"))
        if steps < recording.steps:
            packer.drop(recording.guid)
            kept[recording.guid] = (recording.steps, source)
            for episode in filter(len, recording.episodes):
                packer.add(source, episode)
    if not kept:
        raise ArcworldError(
            f"{shown(path)}: found {len(files)} recordings and none usable; expected one or more;"
            f" the first: {skipped[0].reason}"
        )
    return packer.finish(skipped)
