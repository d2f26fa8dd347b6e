"""Count what a data set holds: steps, levels won, actions by kind and novel transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import ACTION_IDS, Outcome


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of some episodes.

    Attributes:
        recordings: recordings, by guid.
        episodes: plays between two full resets.
        steps: actions taken, including resets of a level.
        novel: steps whose action no step before, in the whole data set, took in the same frame.
        levels_won: steps that won a level.
        levels_reached: different levels that were won, over all games.
        levels: levels of the games.
        game_overs: steps that ended a game as lost.
        actions: steps by action id, 0-7.
    """

    recordings: int
    episodes: int
    steps: int
    novel: int
    levels_won: int
    levels_reached: int
    levels: int
    game_overs: int
    actions: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as values that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Statistics:
    """The counts of a data set.

    Attributes:
        total: everything.
        games: by game id.
        players: by name of the player.
        parts: by part of the split; `held_out` is in neither part.
        novel_against_training: of each part but `train`, the steps whose action no training
            recording took in the same frame.
    """

    total: Counts
    games: Mapping[str, Counts]
    players: Mapping[str, Counts]
    parts: Mapping[str, Counts]
    novel_against_training: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as values that JSON can hold."""
        return asdict(self)


def count(dataset: Dataset) -> Statistics:
    """Count a data set, in total, by game, by player and by part of the split.

    >>> found = count(arcworld.load_dataset("demos"))
    >>> found.total.recordings, found.total.steps == sum(found.total.actions)
    (3, True)
    """
    entries = dataset.entries
    pairs = [_pairs(dataset, index) for index in range(len(entries))]
    first = _first_of_their_kind(pairs)
    parts = [_part_of(dataset, entry.guid) for entry in entries]

    def grouped(keys: Sequence[str]) -> dict[str, Counts]:
        return {
            key: _count(dataset, [i for i, own in enumerate(keys) if own == key], first)
            for key in sorted(set(keys))
        }

    return Statistics(
        total=_count(dataset, range(len(entries)), first),
        games=grouped([entry.game_id for entry in entries]),
        players=grouped([entry.player for entry in entries]),
        parts=grouped(parts),
        novel_against_training=_against_training(pairs, parts),
    )


def _part_of(dataset: Dataset, guid: str) -> str:
    for name in ("train", "validation"):
        if guid in dataset.split.part(name):
            return name
    return "held_out"


def _pairs(dataset: Dataset, index: int) -> NDArray[np.int64]:
    """Return a number for each (frame, action) of an episode, equal only for equal pairs: [A]."""
    action, x, y = dataset.actions(index).astype(np.int64).T
    frame = dataset.frame_ids(index)[:-1].astype(np.int64)
    return ((frame * len(ACTION_IDS) + action) * 65 + x + 1) * 65 + y + 1


def _first_of_their_kind(pairs: Sequence[NDArray[np.int64]]) -> list[NDArray[np.bool_]]:
    """Return for each episode, as bool [A], the steps whose pair occurs for the first time."""
    _, places = np.unique(np.concatenate(pairs), return_index=True)
    first = np.zeros(sum(map(len, pairs)), np.bool_)
    first[places] = True
    return np.split(first, np.cumsum([len(one) for one in pairs])[:-1])


def _against_training(pairs: Sequence[NDArray[np.int64]], parts: Sequence[str]) -> dict[str, int]:
    empty = np.zeros(0, np.int64)
    known = np.concatenate([empty, *(p for p, part in zip(pairs, parts, strict=True)
                                     if part == "train")])  # fmt: skip
    novel = dict.fromkeys(sorted(set(parts) - {"train"}), 0)
    for pair, part in zip(pairs, parts, strict=True):
        if part != "train":
            novel[part] += int((~np.isin(pair, known)).sum())
    return novel


def _count(dataset: Dataset, chosen: Sequence[int], first: Sequence[NDArray[np.bool_]]) -> Counts:
    entries = [dataset.entries[index] for index in chosen]
    columns = dataset.packed.columns
    outcomes, actions = np.zeros(len(Outcome), int), np.zeros(len(ACTION_IDS), int)
    won: set[tuple[str, int]] = set()
    for index, entry in zip(chosen, entries, strict=True):
        outcomes_A = columns["outcomes"][entry.first_action : entry.first_action + entry.actions]
        levels_T = columns["levels"][entry.first : entry.first + entry.frames]
        outcomes += np.bincount(outcomes_A, minlength=len(Outcome))
        actions += np.bincount(dataset.actions(index)[:, 0], minlength=len(ACTION_IDS))
        wins = np.flatnonzero(outcomes_A == Outcome.LEVEL_WON)
        won |= {(entry.game_id, int(level)) for level in levels_T[wins]}
    return Counts(
        recordings=len({entry.guid for entry in entries}),
        episodes=len(entries),
        steps=int(actions.sum()),
        novel=sum(int(first[index].sum()) for index in chosen),
        levels_won=int(outcomes[Outcome.LEVEL_WON]),
        levels_reached=len(won),
        levels=sum({entry.game_id: entry.win_levels for entry in entries}.values()),
        game_overs=int(outcomes[Outcome.GAME_OVER]),
        actions=tuple(actions.tolist()),
    )
