"""The targets of the policy: in each frame, the next action of the shortest known path to a win.

The paths are found in the graph of all recordings of the game. Its nodes are frames, where frames
that differ only in counters (status bars, lives) are one state. Its edges are all observed
transitions and, from states without a path, those that they imply (`training.local_effects`). So a
frame of exploration, of a detour or of a long way round has a target, too, if the recordings show
together how to win from there. Where several actions are equally short, the target is the one that
was taken most often.

Only where a recording won the level in the fewest actions of all is the target the action taken:
a path that leads through the same state twice (for what the frame does not show) stays whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import RESET, Episode, Outcome, level_segments
from arcworld.recordings.status_bars import counter_mask
from arcworld.tokens.sequence import CodedEpisode, cells_of, offsets_of
from arcworld.training.local_effects import (
    ActionRow,
    MaskedState,
    digest_of,
    implied_transitions,
    local_effects,
)

NONE = (RESET, -1, -1)
"""The label (id, x, y) where no path is known; a policy never learns RESET."""

type Edges = Counter[tuple[MaskedState, ActionRow, MaskedState | None]]
"""How often each transition was taken; one that leads to None wins."""


@dataclass(frozen=True, eq=False)
class PathLabels:
    """The targets of one episode.

    Attributes:
        actions_A3: int16, the target (id, x, y) in each frame, where `known_A`.
        known_A: bool, whether a frame has a target.
        timed_A: bool, whether recordings of the game have another target in a frame that differs
            only in counters. The right action then depends on the counters.
    """

    actions_A3: NDArray[np.int16]
    known_A: NDArray[np.bool_]
    timed_A: NDArray[np.bool_]

    def of(self, coded: CodedEpisode) -> CodedEpisode:
        """Return the episode with its actions replaced by the targets.

        This is possible since the policy does not see the actions of its input.
        """
        return replace(
            coded,
            types_A=self.actions_A3[:, 0],
            cells_A=cells_of(self.actions_A3),
            offsets_A=offsets_of(self.actions_A3),
            winning_A=self.known_A,
        )


def shortest_path_labels(episodes: Sequence[Episode]) -> list[PathLabels]:
    """Return the targets of each episode, in order."""
    games: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        games[episode.game_id].append(episode)
    paths = {game: Paths.of(played) for game, played in games.items()}
    states = [paths[episode.game_id].states(episode)[:-1] for episode in episodes]
    labels = [
        _labels_of(episode, best_A, passed, paths[episode.game_id].first)
        for episode, best_A, passed in zip(episodes, best_mask(episodes), states, strict=True)
    ]
    timed = _timed(episodes, states, labels)
    return [
        PathLabels(actions_A3, actions_A3[:, 0] != RESET, timed_A)
        for actions_A3, timed_A in zip(labels, timed, strict=True)
    ]


def _labels_of(
    episode: Episode,
    best_A: NDArray[np.bool_],
    passed: Sequence[MaskedState],
    first: Mapping[MaskedState, ActionRow],
) -> NDArray[np.int16]:
    """Return the target of each frame, int16 [A, 3]; RESET where there is none."""
    found_A3 = np.array([first.get(state, NONE) for state in passed], np.int16).reshape(-1, 3)
    return np.where(best_A[:, None], episode.actions_A3, found_A3)


def _timed(
    episodes: Sequence[Episode],
    states: Sequence[Sequence[MaskedState]],
    labels: Sequence[NDArray[np.int16]],
) -> list[NDArray[np.bool_]]:
    """Return for each episode which frames have a state with several targets, bool [A]."""
    found: dict[tuple[str, MaskedState], set[tuple[int, ...]]] = defaultdict(set)
    for episode, passed, actions_A3 in zip(episodes, states, labels, strict=True):
        for state, row in zip(passed, actions_A3.tolist(), strict=True):
            found[episode.game_id, state].add(tuple(row))
    return [
        np.array([len(found[episode.game_id, state]) > 1 for state in passed], np.bool_)
        for episode, passed in zip(episodes, states, strict=True)
    ]


def best_mask(episodes: Sequence[Episode]) -> list[NDArray[np.bool_]]:
    """Return for each episode which actions won a level in the fewest actions, bool [A]."""
    fewest: dict[tuple[str, int], int] = {}
    for episode in episodes:
        for level, start, end in level_segments(episode):
            key = episode.game_id, level
            fewest[key] = min(fewest.get(key, end - start), end - start)
    found: list[NDArray[np.bool_]] = []
    for episode in episodes:
        best_A = np.zeros(len(episode), dtype=np.bool_)
        for level, start, end in level_segments(episode):
            best_A[start:end] = end - start == fewest[episode.game_id, level]
        found.append(best_A)
    return found


@dataclass(frozen=True, eq=False)
class Paths:
    """The shortest known paths of one game.

    Attributes:
        mask_HW: bool [64, 64], the pixels of counters.
        left: by state, the actions left to a win.
        first: by state, the first action (id, x, y) of the shortest path to a win.
    """

    mask_HW: NDArray[np.bool_]
    left: dict[MaskedState, int] = field(default_factory=dict[MaskedState, int])
    first: dict[MaskedState, ActionRow] = field(default_factory=dict[MaskedState, ActionRow])

    @classmethod
    def of(cls, episodes: Sequence[Episode]) -> Paths:
        """Find the shortest paths in the episodes of a game, by breadth-first search from wins."""
        paths = cls(counter_mask(episodes))
        edges: Edges = Counter()
        frames: dict[MaskedState, NDArray[np.uint8]] = {}
        for episode in episodes:
            states = paths.states(episode)
            frames |= zip(states, paths.shown(episode).reshape(len(states), -1), strict=True)
            for t in _tried(episode):
                won = episode.outcomes_A[t] == Outcome.LEVEL_WON
                edges[states[t], episode.action(t).as_row(), None if won else states[t + 1]] += 1
            if episode.won_next:
                paths.left[states[-1]] = 1
        paths._measure(edges)
        lost = {state for state, _, _ in edges if state not in paths.left}
        within = ((a, action, b) for a, action, b in edges if b is not None and a[0] == b[0])
        effects = local_effects(within, frames) if lost and paths.left else {}
        edges.update(implied_transitions(sorted(lost), effects, frames))
        paths._measure(edges)
        paths._choose(edges)
        return paths

    def shown(self, episode: Episode) -> NDArray[np.uint8]:
        """Return the frames of an episode without counters, uint8 [T, 64, 64]."""
        return np.where(self.mask_HW, np.uint8(0), episode.frames_THW)

    def states(self, episode: Episode) -> list[MaskedState]:
        """Return the state of each frame of an episode."""
        digests = [digest_of(frame) for frame in self.shown(episode)]
        return list(zip(episode.levels_T.tolist(), digests, strict=True))

    def _measure(self, edges: Edges) -> None:
        """Set `left` of states that have none, nearest first; what is set already stays."""
        before: dict[MaskedState, list[MaskedState]] = defaultdict(list)
        for state, _, after in edges:
            if after is None:
                self.left[state] = 1
            else:
                before[after].append(state)
        queue = [(steps, state) for state, steps in self.left.items()]
        heapify(queue)
        while queue:
            steps, after = heappop(queue)
            for state in before[after]:
                if state not in self.left:
                    self.left[state] = steps + 1
                    heappush(queue, (steps + 1, state))

    def _choose(self, edges: Edges) -> None:
        """Set `first`: of the actions on a shortest path, the one taken most often."""
        most: Counter[MaskedState] = Counter()
        for (state, action, after), count in edges.items():
            steps = 1 if after is None else self.left.get(after, len(edges)) + 1
            if self.left.get(state) == steps and count > most[state]:
                self.first[state], most[state] = action, count


def _tried(episode: Episode) -> Iterator[int]:
    """Yield the index of each action that is not a RESET and did not end the game."""
    for t in range(len(episode)):
        lost = episode.outcomes_A[t] == Outcome.GAME_OVER
        if episode.actions_A3[t, 0] != RESET and not lost:
            yield t
