"""All transitions of a data set in arrays, with the subsets that measures are computed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.measures.pooling import Grouping
from arcworld.recordings.episode import (
    ACTION_IDS,
    RESET,
    Episode,
    Outcome,
    game_name,
    winning_segments,
)
from arcworld.recordings.novelty import NoveltyIndex


@dataclass(frozen=True, eq=False)
class Transitions:
    """N transitions: `actions_N3[i]`, taken in `frames_NHW[i]`, led to `next_NHW[i]`.

    Attributes:
        episodes: the episodes that the transitions are from.
        episode_N: index of the episode of each transition.
        t_N: index of the transition in its episode.
        games_N: name of the game, without its version.
        frames_NHW: frame before the action, uint8 [N, 64, 64].
        actions_N3: action as (id, x, y), int16.
        next_NHW: frame after the action, uint8 [N, 64, 64].
        outcomes_N: values of `Outcome`.
        novel_N: training does not contain this action in this frame.
        winning_N: the transition is on a winning stretch, see `winning_segments`.
    """

    episodes: Sequence[Episode]
    episode_N: NDArray[np.intp]
    t_N: NDArray[np.intp]
    games_N: NDArray[np.str_]
    frames_NHW: NDArray[np.uint8]
    actions_N3: NDArray[np.int16]
    next_NHW: NDArray[np.uint8]
    outcomes_N: NDArray[np.uint8]
    novel_N: NDArray[np.bool_]
    winning_N: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.t_N)

    @property
    def is_reset_N(self) -> NDArray[np.bool_]:
        """Whether the action is RESET, bool [N]."""
        return self.actions_N3[:, 0] == RESET

    @property
    def level_up_N(self) -> NDArray[np.bool_]:
        """Whether the action won a level, bool [N]."""
        return self.outcomes_N == Outcome.LEVEL_WON

    @property
    def recordings_N(self) -> NDArray[np.intp]:
        """Number of the recording of each transition, intp [N]."""
        guids = np.array([episode.guid for episode in self.episodes], dtype=np.str_)
        return np.unique(guids, return_inverse=True)[1][self.episode_N]

    def grouping(self, subsets: Mapping[str, NDArray[np.bool_]] | None = None) -> Grouping:
        """Grouping of the transitions for tables, by `subsets()` or by the given subsets."""
        chosen = self.subsets() if subsets is None else subsets
        return Grouping(chosen, self.games_N, self.recordings_N)

    def take(self, at: NDArray[np.integer]) -> Transitions:
        """The transitions at the indices `at`; `episodes` stays the same."""
        columns = [field.name for field in fields(self) if field.name != "episodes"]
        return replace(self, **{name: getattr(self, name)[at] for name in columns})

    def legal_types(self) -> NDArray[np.bool_]:
        """Whether each action type may be chosen in each frame, bool [N, 8]; RESET never."""
        places = zip(self.episode_N.tolist(), self.t_N.tolist(), strict=True)
        bits = np.array([self.episodes[e].available_T[t] for e, t in places], dtype=np.uint8)
        legal = (bits[:, None] >> np.arange(len(ACTION_IDS), dtype=np.uint8)) & 1 > 0
        legal[:, RESET] = False
        legal[~legal.any(1)] = True
        return legal

    def subsets(self) -> dict[str, NDArray[np.bool_]]:
        """Subsets by name, bool [N]: `all`, `novel`, `ordinary`, `reset` and `level_up`.

        `ordinary` are the transitions that are neither `reset` nor `level_up`.
        """
        ordinary = ~self.is_reset_N & ~self.level_up_N
        return {
            "all": np.ones(len(self), dtype=np.bool_),
            "novel": self.novel_N,
            "ordinary": ordinary,
            "reset": self.is_reset_N,
            "level_up": self.level_up_N,
        }


def lay_out(episodes: Sequence[Episode], seen: NoveltyIndex) -> Transitions:
    """Collect every transition of the episodes, in order.

    Args:
        episodes: recorded play.
        seen: frames and actions of the training recordings.
    """
    episodes = list(episodes)
    lengths = [len(episode) for episode in episodes]
    frames = np.concatenate([episode.frames_THW[:-1] for episode in episodes])
    actions = np.concatenate([episode.actions_A3 for episode in episodes])
    names = [game_name(episode.game_id) for episode in episodes]
    return Transitions(
        episodes=episodes,
        episode_N=np.repeat(np.arange(len(episodes)), lengths),
        t_N=np.concatenate([np.arange(length) for length in lengths]),
        games_N=np.repeat(np.asarray(names, dtype=np.str_), lengths),
        frames_NHW=frames,
        actions_N3=actions,
        next_NHW=np.concatenate([episode.frames_THW[1:] for episode in episodes]),
        outcomes_N=np.concatenate([episode.outcomes_A for episode in episodes]),
        novel_N=seen.novel_pairs(frames, actions),
        winning_N=np.concatenate([winning_segments(episode) for episode in episodes]),
    )
