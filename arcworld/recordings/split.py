"""Split recordings into `train` and `validation`; a recording is never divided between the two.

A `split.json` may also name the players of recordings; others say themselves who played them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

import orjson

from arcworld.errors import ArcworldError
from arcworld.recordings.files import denied, relative, shown
from arcworld.recordings.grids import short
from arcworld.recordings.opening import read_file

NAME = "split.json"
PARTS = ("train", "validation")
PLAYERS = "players"
MAX_BYTES = 64 << 20
"""Limit on the bytes of a `split.json`."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the split needs of a recording: its id, its game and its file."""

    guid: str
    game_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class Split:
    """The guids of each part. A recording that its `split.json` does not name is in neither.

    `players` has the players that a `split.json` names, by guid.
    """

    train: frozenset[str]
    validation: frozenset[str]
    players: Mapping[str, str] = field(default_factory=dict[str, str])

    def part(self, name: str) -> frozenset[str]:
        """Return the guids of `train` or `validation`."""
        return self.train if name == "train" else self.validation

    def without(self, guids: frozenset[str]) -> Split:
        """Return the split with some recordings in neither part."""
        return replace(self, train=self.train - guids, validation=self.validation - guids)


@dataclass(frozen=True, slots=True)
class SplitFile:
    """What a `split.json` holds: guids or relative paths, by part and by player.

    `parts` is empty if the file names players alone.
    """

    parts: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    players: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])


def load_split(
    data: Path | str,
    sources: Sequence[Source],
    seed: int = 0,
    validation_fraction: float = 0.2,
) -> Split:
    """Split recordings by the nearest `split.json`, else by guid.

    `split.json` maps `train` and `validation` to guids or to paths relative to its own folder. It
    applies to the recordings below it. Its `players` maps names of players to guids or paths; a
    file with `players` alone leaves the split to the guids. The search goes from each recording up
    to the folder above `data`. Other recordings are split by guid and seed, separately for each
    game: the part of a recording depends only on the guids of its own game.

    Raises:
        ArcworldError: a `split.json` does not have this form, or names a recording in both parts.
    """
    data = Path(data)
    root = data if data.is_dir() else data.parent
    parts: dict[str, set[str]] = {name: set() for name in PARTS}
    players: dict[str, str] = {}
    free: list[Source] = []
    for file, ruled in _by_split_file(root, sources).items():
        read = _read(file) if file else SplitFile()
        named = read.parts
        if file:
            players |= _players(file, ruled, read)
        if not named:
            free += ruled
            continue
        assert file is not None
        found = {name: _named(file, ruled, named[name]) for name in named}
        if not any(found.values()):
            if file.parent == root.parent and file.parent != root:
                free += ruled
                continue
            raise ArcworldError(
                f"{shown(file)}: found none of the {len(ruled)} recordings beside it;"
                " expected their guids or relative paths; correct the names"
            )
        if file.parent == root:
            _warn_of_unknown_names(file, ruled, named)
        for name, guids in found.items():
            parts[name] |= guids
    for name, guids in _by_guid(free, seed, validation_fraction).items():
        parts[name] |= guids
    twice = sorted(parts["train"] & parts["validation"])
    if twice:
        raise ArcworldError(
            f"{shown(root / NAME)}: found recording {twice[0]} in both parts; expected it in one;"
            " remove it from the other"
        )
    return Split(frozenset(parts["train"]), frozenset(parts["validation"]), players)


def _by_split_file(root: Path, sources: Sequence[Source]) -> dict[Path | None, list[Source]]:
    ruled: dict[Path | None, list[Source]] = {}
    nearest: dict[Path, Path | None] = {}
    for source in sources:
        folder = source.path.parent
        if folder not in nearest:
            nearest[folder] = _nearest(folder, root.parent)
        ruled.setdefault(nearest[folder], []).append(source)
    return ruled


def _nearest(folder: Path, top: Path) -> Path | None:
    for place in (folder, *folder.parents):
        if read_file(place / NAME, 1) is not None:
            return place / NAME
        if place == top:
            return None
    return None


def _read(file: Path) -> SplitFile:
    try:
        found = orjson.loads(read_file(file, MAX_BYTES) or b"")
        players = found.get(PLAYERS, {})
        parts = (
            {} if players and not any(n in found for n in PARTS) else {n: found[n] for n in PARTS}
        )
        if _are_lists(parts) and _are_lists(players):
            return SplitFile(parts, players)
        problem = "a part that is not a list of strings"
    except PermissionError:
        raise denied(file) from None
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        problem = short(error)
    raise ArcworldError(
        f"{shown(file)}: found {problem}; expected an object with the lists 'train' and"
        " 'validation' of guids or relative paths, and optional 'players' by name; correct it, or"
        " remove it to split by guid"
    )


def _are_lists(named: Mapping[str, object]) -> bool:
    return all(isinstance(v, list) and all(isinstance(s, str) for s in v) for v in named.values())


def _players(file: Path, sources: Sequence[Source], read: SplitFile) -> dict[str, str]:
    """Return the player of each guid that the file names one for."""
    players: dict[str, str] = {}
    for player, names in read.players.items():
        for guid in sorted(_named(file, sources, names)):
            if players.setdefault(guid, player) != player:
                raise ArcworldError(
                    f"{shown(file)}: found recording {guid} by {players[guid]!r} and by {player!r};"
                    " expected one player; remove it from the other"
                )
    return players


def _named(file: Path, sources: Sequence[Source], names: Sequence[str]) -> set[str]:
    wanted = {name.removeprefix("./") for name in names}
    return {
        source.guid
        for source in sources
        if source.guid in wanted or relative(source.path, file.parent) in wanted
    }


def _warn_of_unknown_names(
    file: Path, sources: Sequence[Source], named: Mapping[str, list[str]]
) -> None:
    """Warn of names in a split file that match no recording: a misspelt one is in neither part."""
    known = {source.guid for source in sources}
    known |= {relative(source.path, file.parent) for source in sources}
    names = [name.removeprefix("./") for part in named.values() for name in part]
    unknown = [n for n in names if n not in known and not (file.parent / n).is_file()]
    if unknown:
        warnings.warn(
            f"{shown(file)}: found {len(unknown)} names that match no recording ({unknown[0]});"
            " expected guids or relative paths; correct them, or these are in neither part",
            stacklevel=4,
        )


def _by_guid(sources: Sequence[Source], seed: int, fraction: float) -> dict[str, set[str]]:
    """Split by guid within each game; a game with one recording has it in `train`."""
    games: dict[str, set[str]] = {}
    for source in sources:
        games.setdefault(source.game_id, set()).add(source.guid)
    parts: dict[str, set[str]] = {name: set() for name in PARTS}
    for guids in games.values():
        order = sorted(guids, key=lambda guid: blake2b(f"{seed}/{guid}".encode()).digest())
        held = round(len(order) * fraction)
        held = min(max(held, 1 if fraction > 0 else 0), len(order) - 1)
        parts["validation"] |= set(order[:held])
        parts["train"] |= set(order[held:])
    return parts
