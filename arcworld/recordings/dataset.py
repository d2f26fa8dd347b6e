"""A folder of recordings as a data set: parsed once, packed in a cache, mapped into memory.

This module finds the files, removes duplicate recordings and applies the split. `reader` parses
the files; `packed` stores the episodes.
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

SPLITS = (*PARTS, "all", "held_out")
"""What `dataset[name]` and the option `--split` accept."""


_EMPTY = {"held_out": "every recording is in train or validation, so use another part"}
_EMPTY_PART = "add recordings, correct split.json, or use another part"


class Episodes(Sequence[Episode]):
    """A sequence of episodes; each one is unpacked on access."""

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
    """A set of recordings, or one part of its split.

    `dataset["train"]`, `dataset["validation"]`, `dataset["held_out"]` (in neither) and
    `dataset["all"]` are what `--split` means on the command line.

    >>> dataset = arcworld.load_dataset("demos")
    >>> dataset.games, len(dataset.episodes), len(dataset["validation"].episodes)
    (('keys-3d1f7a92',), 3, 1)

    Attributes:
        path: the folder or file.
        packed: everything that was read, in all parts.
        entries: the episodes of this part.
        split: the guids of `train` and `validation`.
    """

    path: Path
    packed: Packed
    entries: tuple[EpisodeEntry, ...]
    split: Split

    @property
    def episodes(self) -> Episodes:
        """The episodes, each with at least one action; `episodes[i]` is unpacked on access."""
        return Episodes(self.packed, self.entries)

    @property
    def guids(self) -> tuple[str, ...]:
        """The ids of the recordings, in order, each once."""
        return tuple(dict.fromkeys(entry.guid for entry in self.entries))

    @property
    def games(self) -> tuple[str, ...]:
        """Game ids, sorted."""
        return tuple(sorted({entry.game_id for entry in self.entries}))

    @property
    def players(self) -> tuple[str, ...]:
        """Names of the players, sorted."""
        return tuple(sorted({entry.player for entry in self.entries}))

    @property
    def transitions(self) -> int:
        """The number of actions taken, over all episodes."""
        return sum(entry.actions for entry in self.entries)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Files below the path that were left out: unusable, not read, or a duplicate recording."""
        return self.packed.skipped

    @property
    def frames(self) -> FrameStore:
        """Every distinct frame of the whole data set (all parts), by id."""
        return FrameStore(self.packed.columns["frames"])

    def frame_ids(self, index: int) -> NDArray[np.int32]:
        """Return the ids in `frames` of the frames of episode `index`: [T]."""
        entry = self.entries[index]
        end = entry.first + entry.frames
        return np.array(self.packed.columns["frame_ids"][entry.first : end])

    def actions(self, index: int) -> NDArray[np.int16]:
        """Return (id, x, y) of the actions of episode `index`, without unpacking frames: [A, 3]."""
        entry = self.entries[index]
        end = entry.first_action + entry.actions
        return np.array(self.packed.columns["actions"][entry.first_action : end])

    def distinct_ids(self) -> NDArray[np.int32]:
        """Return the sorted ids of the distinct frames of this part."""
        ids = [self.frame_ids(i) for i in range(len(self.entries))]
        return np.unique(np.concatenate(ids)) if ids else np.zeros(0, np.int32)

    def __getitem__(self, name: str) -> Dataset:
        """Return `part(name)`."""
        return self.part(name)

    def part(self, name: str) -> Dataset:
        """Return one of `SPLITS`: the recordings of a part of the split, or all of them.

        Raises:
            ArcworldError: there is no such part, or it holds no recording.
        """
        if name not in SPLITS:
            hint = did_you_mean(str(name), SPLITS)
            raise ArcworldError(f"found part {name!r}; expected a part of the split; {hint}")
        if name == "all":
            return self
        if name == "held_out":
            named = self.split.train | self.split.validation
            entries = tuple(entry for entry in self.entries if entry.guid not in named)
        else:
            guids = self.split.part(name)
            entries = tuple(entry for entry in self.entries if entry.guid in guids)
        if not entries:
            raise ArcworldError(
                f"{shown(self.path)}: found no recording in part {name!r} (of {len(self.guids)});"
                f" expected one or more; {_EMPTY.get(name, _EMPTY_PART)}"
            )
        return replace(self, entries=entries)

    def without_levels(self, levels: Mapping[str, Collection[int]]) -> Dataset:
        """Return the data set without the given levels (0-based) of each game, by game id.

        Episodes are cut into pieces of at least two frames that show none of those levels. The
        action that enters such a level is left out too; `Episode.won_next` of the piece before
        says that it won. The last frame of a won game still shows its last level.
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
        """Return the level (0-based) that each frame of episode `index` shows: [T]."""
        entry = self.entries[index]
        completed = self.packed.columns["levels"][entry.first : entry.first + entry.frames]
        return np.minimum(completed.astype(np.int64), max(entry.win_levels - 1, 0))

    def hold_out_players(self, names: Collection[str]) -> Dataset:
        """Return the data set with the recordings of some players in neither part of the split.

        Raises:
            ArcworldError: there is no recording by one of them.
        """
        for name in names:
            if name not in self.players:
                hint = did_you_mean(name, self.players)
                raise ArcworldError(f"{shown(self.path)}: found no recording by {name!r}; {hint}")
        guids = frozenset(entry.guid for entry in self.entries if entry.player in names)
        return replace(self, split=self.split.without(guids))

    def of_players(self, names: Collection[str]) -> Dataset:
        """Return the data set with the episodes of some players only."""
        return replace(self, entries=tuple(e for e in self.entries if e.player in names))

    def of_game(self, game_id: str) -> Dataset:
        """Return the data set with the episodes of one game only."""
        entries = tuple(entry for entry in self.entries if entry.game_id == game_id)
        return replace(self, entries=entries)


def open_dataset(path: Path | str, *, cache: Path | str | None = None, seed: int = 0) -> Dataset:
    """Open the recordings at a path: all below a folder or in a zip archive, or one file.

    Links are followed; `discovery` decides which files are recordings. The first call parses the
    files and packs them into the cache. Later calls map the cache into memory, as long as no file
    changes. Of files with the same guid, the one with the most actions is kept (the first of
    equals). Unusable and unread files are left out and listed in `skipped`. Episodes without an
    action are left out.

    Args:
        path: a folder or a file.
        cache: the cache folder; else `$ARCWORLD_CACHE`, else `~/.cache/arcworld`.
        seed: seed of the split by guid, for recordings without a `split.json`.

    Raises:
        ArcworldError: the path does not exist, or holds no usable recording.
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
    entries = tuple(replace(e, player=split.players.get(e.guid, e.player)) for e in packed.entries)
    packed = replace(packed, entries=entries)
    return Dataset(path, packed, entries, split)


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
            f"{shown(path)}: found {len(files)} recordings, none usable; expected one or more;"
            f" the first: {skipped[0].reason}"
        )
    return packer.finish(skipped)
