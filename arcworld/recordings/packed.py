"""Store many episodes as a few columns (arrays), in memory and on disk.

A cache folder holds the columns as `.npy` files, mapped into memory when opened, and
`dataset.json`, which describes them. A folder that is incomplete, outdated or changed loads as
None.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import Episode
from arcworld.recordings.packing import PACKED, FrameStore, pack_frames
from arcworld.recordings.provenance import RECORDED

VERSION = 2
MANIFEST = "dataset.json"
_COLUMNS = {
    "frames": np.dtype("u1"),
    "frame_ids": np.dtype("<i4"),
    "grids": np.dtype("<u2"),
    "levels": np.dtype("u1"),
    "available": np.dtype("u1"),
    "actions": np.dtype("<i2"),
    "outcomes": np.dtype("u1"),
}
type Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class EpisodeEntry:
    """The place of an episode: its frames are rows `first` to `first + frames` of the columns.

    `actions` and `outcomes` have one row less per episode, so theirs start at `first_action`.
    `source` is the path of the file relative to the data set.
    """

    game_id: str
    guid: str
    source: str
    win_levels: int
    start: int
    frames: int
    first: int = 0
    first_action: int = 0
    won_next: bool = False
    player: str = RECORDED

    @property
    def actions(self) -> int:
        """The number of actions taken."""
        return self.frames - 1

    def cut(self, first: int, end: int) -> EpisodeEntry:
        """Return the entry for frames `first` to `end` - 1 and the actions between them."""
        assert 0 <= first < end <= self.frames
        return replace(
            self,
            start=self.start + first,
            frames=end - first,
            first=self.first + first,
            first_action=self.first_action + first,
        )


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Episodes as columns.

    Attributes:
        columns: `frames` [N, 2048], distinct and packed at 4 bits a pixel. With one row per frame:
            `frame_ids`, `grids`, `levels`, `available`. With one row per action: `actions` [., 3]
            and `outcomes`.
        entries: the place of each episode in the columns.
        skipped: files that were left out.
    """

    columns: Columns
    entries: tuple[EpisodeEntry, ...]
    skipped: tuple[Skipped, ...]

    def episode(self, entry: EpisodeEntry) -> Episode:
        """Unpack one episode; it equals the one that was packed."""
        frames = slice(entry.first, entry.first + entry.frames)
        actions = slice(entry.first_action, entry.first_action + entry.actions)
        of = self.columns
        return Episode(
            game_id=entry.game_id,
            guid=entry.guid,
            frames_THW=FrameStore(of["frames"]).take(of["frame_ids"][frames]),
            actions_A3=np.array(of["actions"][actions]),
            outcomes_A=np.array(of["outcomes"][actions]),
            grids_T=np.array(of["grids"][frames]),
            levels_T=np.array(of["levels"][frames]),
            available_T=np.array(of["available"][frames]),
            win_levels=entry.win_levels,
            start=entry.start,
            won_next=entry.won_next,
            player=entry.player,
        )


class Packer:
    """Packs episodes one by one, so that unpacked frames need not stay in memory."""

    def __init__(self) -> None:
        self._ids: dict[bytes, int] = {}
        self._pieces: list[tuple[EpisodeEntry, Columns]] = []

    def add(self, source: str, episode: Episode) -> None:
        """Append an episode that was read from the file `source`."""
        packed = pack_frames(episode.frames_THW)
        columns = {
            "frame_ids": np.array(
                [self._ids.setdefault(row.tobytes(), len(self._ids)) for row in packed]
            ),
            "grids": episode.grids_T,
            "levels": episode.levels_T,
            "available": episode.available_T,
            "actions": episode.actions_A3,
            "outcomes": episode.outcomes_A,
        }
        entry = EpisodeEntry(
            game_id=episode.game_id,
            guid=episode.guid,
            source=source,
            win_levels=episode.win_levels,
            start=episode.start,
            frames=len(packed),
            player=episode.player,
        )
        self._pieces.append((entry, columns))

    def drop(self, guid: str) -> None:
        """Remove a recording that was added before."""
        self._pieces = [piece for piece in self._pieces if piece[0].guid != guid]

    def finish(self, skipped: Sequence[Skipped] = ()) -> Packed:
        """Return everything that was added, as columns."""
        columns: Columns = {}
        for name, dtype in _COLUMNS.items():
            if name != "frames":
                empty = np.zeros((0, 3) if name == "actions" else 0, dtype)
                parts = [piece[name].astype(dtype) for _, piece in self._pieces]
                columns[name] = np.concatenate([empty, *parts])
        frames = np.frombuffer(b"".join(self._ids), np.uint8).reshape(-1, PACKED)
        used, ids = np.unique(columns["frame_ids"], return_inverse=True)
        columns["frames"] = frames[used]
        columns["frame_ids"] = ids.astype(_COLUMNS["frame_ids"])
        entries: list[EpisodeEntry] = []
        first = 0
        for number, (entry, _) in enumerate(self._pieces):
            entries.append(replace(entry, first=first, first_action=first - number))
            first += entry.frames
        return Packed(columns, tuple(entries), tuple(skipped))


def save_packed(packed: Packed, folder: Path, key: Any) -> None:
    """Write a folder atomically; if another process already wrote it, that one stays.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    partial.mkdir()
    try:
        for name, column in packed.columns.items():
            np.save(partial / f"{name}.npy", column)
        (partial / MANIFEST).write_bytes(_manifest(packed, key))
        _put(partial, folder, key)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put(partial: Path, folder: Path, key: Any) -> None:
    for _ in range(3):
        with contextlib.suppress(OSError):
            partial.rename(folder)
            return
        if load_packed(folder, key) is not None:
            return
        aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
        with contextlib.suppress(FileNotFoundError):
            folder.replace(aside)
        if aside.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink(missing_ok=True)
    raise OSError(f"{folder} keeps changing")


def _manifest(packed: Packed, key: Any) -> bytes:
    payload = {
        "version": VERSION,
        "key": key,
        "columns": {name: _describe(column) for name, column in packed.columns.items()},
        "entries": [list(asdict(entry).values()) for entry in packed.entries],
        "skipped": [[skip.path, skip.reason] for skip in packed.skipped],
    }
    text = json.dumps(payload).encode()  # not orjson: file names need not be UTF-8
    return b'{"digest": "%s", "payload":%s}\n' % (_digest(text).encode(), text)


def load_packed(folder: Path, key: Any) -> Packed | None:
    """Map a folder into memory; None if it is incomplete or has another version or key."""
    try:
        text = (folder / MANIFEST).read_bytes()
        body = text[text.index(b'"payload":') + len(b'"payload":') : -2]
        payload = json.loads(body)
        if not text.startswith(b'{"digest": "%s", ' % _digest(body).encode()):
            return None
        if payload["version"] != VERSION or payload["key"] != key:
            return None
        columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _COLUMNS}
        if payload["columns"] != {name: _describe(column) for name, column in columns.items()}:
            return None
        entries = tuple(EpisodeEntry(*entry) for entry in payload["entries"])
        return Packed(columns, entries, tuple(Skipped(*skip) for skip in payload["skipped"]))
    except Exception:  # numpy's header parser may raise anything on a damaged file
        return None


def _digest(text: bytes) -> str:
    return blake2b(text, digest_size=16).hexdigest()


def _describe(column: NDArray[Any]) -> list[Any]:
    """Return shape, type and a cheap checksum (sum and XOR of the content as 64-bit words)."""
    content = np.ascontiguousarray(column).view(np.uint8).ravel()
    whole = len(content) // 8 * 8
    words = content[:whole].view(np.uint64)
    rest = int.from_bytes(content[whole:].tobytes(), "little")
    checksum = [int(words.sum(dtype=np.uint64)), int(np.bitwise_xor.reduce(words)), rest]
    return [list(column.shape), column.dtype.str, checksum]
