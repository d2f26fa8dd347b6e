"""Four baselines that need no model: copy, majority, repeat and lookup.

- `copy` predicts the last frame again.
- `majority` predicts what was most frequent in the training recordings of the game.
- `repeat` chooses the last action again.
- `lookup` predicts what followed the same frame and action in training, else as `copy` does. For
  actions it looks up the frame, else it chooses as `majority` does.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.evaluation.measures.transitions import Transitions
from arcworld.frames.tokenizer import CELLS, GRID, from_cells, to_cells
from arcworld.recordings.episode import ACTION_IDS, CLICK, RESET, Outcome
from arcworld.recordings.novelty import frame_hashes, pair_hashes
from arcworld.tokens.sequence import cells_of

type ChosenAction = tuple[int, int]
"""Type and cell of an action; cell 64 means that the action is no click."""


def split_cells(frames_NHW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Split frames into cells, uint8 [N, 64 cells, 64 pixels]."""
    return to_cells(torch.from_numpy(frames_NHW)).flatten(-2).numpy()


def join_cells(cells_NCP: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Join cells into frames, uint8 [N, 64, 64]; the inverse of `split_cells`."""
    return from_cells(torch.from_numpy(cells_NCP).unflatten(-1, (GRID, GRID))).numpy()


class FrameBaselines:
    """Baselines of the next frame: `copy`, `majority` and `lookup`.

    Args:
        training: transitions of the training recordings.
    """

    def __init__(self, training: Transitions) -> None:
        followers: dict[int, Counter[int]] = defaultdict(Counter)
        self._next = training.next_NHW
        first: dict[int, int] = {}
        pairs = pair_hashes(training.frames_NHW, training.actions_N3).tolist()
        for i, (pair, follower) in enumerate(
            zip(pairs, frame_hashes(training.next_NHW).tolist(), strict=True)
        ):
            followers[pair][follower] += 1
            first.setdefault(follower, i)
        self._lookup = {pair: first[c.most_common(1)[0][0]] for pair, c in followers.items()}
        games = np.unique(training.games_N)
        self._majority = {
            str(game): _commonest(training.next_NHW[training.games_N == game]) for game in games
        }

    def predictions(self, transitions: Transitions) -> dict[str, NDArray[np.uint8]]:
        """Predicted next frames by baseline name, uint8 [N, 64, 64] each."""
        copy = transitions.frames_NHW
        blank = np.zeros(copy.shape[1:], np.uint8)
        majority = [self._majority.get(str(game), blank) for game in transitions.games_N]
        lookup = self.look_up(copy, transitions.actions_N3)
        frames = np.array(majority, np.uint8).reshape(copy.shape)
        return {"copy": copy, "majority": frames, "lookup": lookup}

    def look_up(
        self, frames_NHW: NDArray[np.uint8], actions_N3: NDArray[np.int16]
    ) -> NDArray[np.uint8]:
        """Frames that followed the same frame and action in training, else the same frame.

        Returns:
            uint8 [N, 64, 64].
        """
        found = frames_NHW.copy()
        for i, pair in enumerate(pair_hashes(frames_NHW, actions_N3).tolist()):
            if pair in self._lookup:
                found[i] = self._next[self._lookup[pair]]
        return found


def _commonest(frames_NHW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Most frequent content of each cell, joined to one frame, uint8 [64, 64]."""
    cells = split_cells(frames_NHW)
    best = np.empty_like(cells[0])
    for c in range(CELLS):
        kinds, counts = np.unique(cells[:, c], axis=0, return_counts=True)
        best[c] = kinds[counts.argmax()]
    return join_cells(best[None])[0]


class ActionBaselines:
    """Baselines of the next action: `majority`, `repeat` and `lookup`.

    `majority` takes the most frequent type and the most frequent click cell of the game,
    independently of each other. For a game outside training it counts over all games. Every
    baseline chooses among the legal actions, and none chooses RESET.
    """

    def __init__(self, training: Transitions) -> None:
        by_frame: dict[int, Counter[ChosenAction]] = defaultdict(Counter)
        self._types: dict[str, NDArray[np.int64]] = defaultdict(_no_types)
        self._cells: dict[str, NDArray[np.int64]] = defaultdict(_no_cells)
        types, cells = choices(training)
        hashes = frame_hashes(training.frames_NHW).tolist()
        for i in np.flatnonzero(training.winning_N & (types != RESET)):
            by_frame[hashes[i]][int(types[i]), int(cells[i])] += 1
            for game in (str(training.games_N[i]), _EVERY):
                self._types[game][types[i]] += 1
                self._cells[game][cells[i]] += types[i] == CLICK
        self._lookup = {frame: counts.most_common(1)[0][0] for frame, counts in by_frame.items()}

    def predictions(self, transitions: Transitions) -> dict[str, NDArray[np.int16]]:
        """Predicted (type, cell) by baseline name, int16 [N, 2] each."""
        majority = self._majority(transitions)
        hashes = frame_hashes(transitions.frames_NHW).tolist()
        known = [(i, self._lookup[h]) for i, h in enumerate(hashes) if h in self._lookup]
        lookup, repeat = majority.copy(), majority.copy()
        for i, choice in known:
            lookup[i] = choice
        before = _last_choice(transitions)
        taken = np.stack(choices(transitions), axis=1)[before]
        legal = np.take_along_axis(transitions.legal_types(), taken[:, :1].astype(np.intp), axis=1)
        again = (before >= 0) & legal[:, 0]
        repeat[again] = taken[again]
        return {"majority": majority, "repeat": repeat, "lookup": lookup}

    def _majority(self, transitions: Transitions) -> NDArray[np.int16]:
        games = [g if g in self._types else _EVERY for g in map(str, transitions.games_N)]
        counts = np.stack([self._types[game] for game in games])
        types = np.where(transitions.legal_types(), counts, -1).argmax(1)
        cells = np.stack([self._cells[game] for game in games])[:, :CELLS].argmax(1)
        return np.stack([types, cells], axis=1).astype(np.int16)


_EVERY = "*"


def _no_types() -> NDArray[np.int64]:
    return np.zeros(len(ACTION_IDS), dtype=np.int64)


def _no_cells() -> NDArray[np.int64]:
    return np.zeros(CELLS + 1, dtype=np.int64)


def _last_choice(transitions: Transitions) -> NDArray[np.intp]:
    """Index of the last action before each transition that is not RESET, else -1; intp [N]."""
    last = np.full(len(transitions), -1, dtype=np.intp)
    is_reset = transitions.is_reset_N
    for i in range(1, len(transitions)):
        if transitions.t_N[i]:
            last[i] = last[i - 1] if is_reset[i - 1] else i - 1
    return last


class OutcomeBaselines:
    """Baselines of the outcome of an action: `majority` and `lookup`.

    `majority` is the rate of each outcome in training after this action type in this game.
    `lookup` is the rate after the same frame and action, else as `majority`.
    """

    def __init__(self, training: Transitions) -> None:
        self._counts: dict[int | tuple[str, int], NDArray[np.float64]] = defaultdict(_no_outcomes)
        pairs = pair_hashes(training.frames_NHW, training.actions_N3).tolist()
        kinds = _kinds(training)
        for pair, kind, outcome in zip(pairs, kinds, training.outcomes_N.tolist(), strict=True):
            for key in (pair, kind):
                self._counts[key][outcome] += 1
        self._rates = np.bincount(training.outcomes_N, minlength=len(Outcome)) / len(training)

    def predictions(self, transitions: Transitions) -> dict[str, NDArray[np.float64]]:
        """Probability of each `Outcome` by baseline name, float64 [N, 3] each.

        A game or an action type that is not in training gets the rates over all of training.
        """
        pairs = pair_hashes(transitions.frames_NHW, transitions.actions_N3).tolist()
        kinds = _kinds(transitions)
        majority = [self._counts.get(kind, self._rates) for kind in kinds]
        rows = zip(pairs, majority, strict=True)
        lookup = [self._counts.get(pair, by_kind) for pair, by_kind in rows]
        baselines = {"majority": np.stack(majority), "lookup": np.stack(lookup)}
        return {name: rows / rows.sum(1, keepdims=True) for name, rows in baselines.items()}


def _no_outcomes() -> NDArray[np.float64]:
    return np.zeros(len(Outcome))


def _kinds(transitions: Transitions) -> list[tuple[str, int]]:
    """Game and action type of each transition, as a key."""
    types = transitions.actions_N3[:, 0].tolist()
    return list(zip(transitions.games_N.tolist(), types, strict=True))


def choices(transitions: Transitions) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Types and cells of the recorded actions, int16 [N] each."""
    return transitions.actions_N3[:, 0], cells_of(transitions.actions_N3)


def known_cells(training_frames_NHW: NDArray[np.uint8]) -> set[bytes]:
    """Every distinct 8x8 cell of the training frames, at any place of the grid, as bytes."""
    cells = split_cells(training_frames_NHW).reshape(-1, GRID * GRID)
    return {row.tobytes() for row in np.unique(cells, axis=0)}
