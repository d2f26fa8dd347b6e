"""Prepare plays for online evaluation: what is scored, which pixels count, where rollouts start.

All of it comes from the recording and nothing from the evaluated model:

- *Scored* are all transitions except RESET, level won and game over, which lead to another scene.
- A transition is *novel* if this play has not taken the same action in the same frame before.
- *Status bars* are the pixels that `recordings.status_bars.counter_mask` finds in the whole
  recording: lines near an edge that move one way whatever the action is, and counters of lives.
  Measures that say "masked" leave them out.
- *Rollouts* start at the first scored transition, then at the first one at least 10 actions later,
  wherever 10 scored transitions in a row follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import RESET, Episode, Outcome, game_name
from arcworld.recordings.status_bars import counter_mask

WINDOWS = ((0, 30), (30, 100), (100, 200), (200, 400))
"""Number of actions before the transition, RESET included: from, to (exclusive)."""
LAST_ACTION = WINDOWS[-1][1]
DEPTHS = (1, 5, 10)
HORIZON = DEPTHS[-1]


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """The first 400 actions of one recording.

    It has N scored transitions and S rollouts.

    Attributes:
        game: name without its version.
        source: the recording, for messages.
        episodes: of the recording.
        counted_HW: bool [64, 64], False where a status bar is.
        places_N2: (episode, t) of each scored transition.
        actions_N: number of actions before each scored transition.
        novel_N: whether this frame and action are new in the play.
        starts_S: indices of the scored transitions at which a rollout starts.
    """

    game: str
    source: str
    episodes: tuple[Episode, ...]
    counted_HW: NDArray[np.bool_]
    places_N2: NDArray[np.intp]
    actions_N: NDArray[np.intp]
    novel_N: NDArray[np.bool_]
    starts_S: NDArray[np.intp]

    def __len__(self) -> int:
        """Number of scored transitions."""
        return len(self.actions_N)


def plays_of(dataset: Dataset, most: int | None = None) -> list[Play]:
    """Return the plays of a data set, sorted by game and recording.

    Plays without a scored transition are left out.

    Args:
        dataset: recordings.
        most: maximum number of recordings, evenly spread; None for all.
    """
    indices: dict[str, list[int]] = {}
    for index, entry in enumerate(dataset.entries):
        indices.setdefault(entry.guid, []).append(index)
    first = [(dataset.entries[those[0]], those) for those in indices.values()]
    order = [those for _, those in sorted(first, key=lambda one: (one[0].game_id, one[0].source))]
    if most is not None and most < len(order):
        order = [order[k] for k in np.linspace(0, len(order) - 1, most).round().astype(int)]
    laid_out = (
        lay_out([dataset.episodes[k] for k in those], dataset.entries[those[0]].source)
        for those in order
    )
    return [play for play in laid_out if len(play)]


def lay_out(episodes: Sequence[Episode], source: str) -> Play:
    """Return the play of one recording's episodes; `source` names it in messages."""
    counted_HW = ~counter_mask(episodes)
    met: set[bytes] = set()
    places: list[tuple[int, int]] = []
    actions: list[int] = []
    novel: list[bool] = []
    for number, episode in enumerate(episodes):
        episode.frames_THW.flags.writeable = False
        for t in range(min(len(episode), LAST_ACTION - episode.start)):
            key = _key(episode, t)
            if is_scored(episode, t):
                places.append((number, t))
                actions.append(episode.start + t)
                novel.append(key not in met)
            met.add(key)
    places_N2 = np.array(places, np.intp).reshape(-1, 2)
    return Play(
        game=game_name(episodes[0].game_id),
        source=source,
        episodes=tuple(episodes),
        counted_HW=counted_HW,
        places_N2=places_N2,
        actions_N=np.array(actions, np.intp),
        novel_N=np.array(novel, np.bool_),
        starts_S=np.array(list(_starts(places_N2)), np.intp),
    )


def is_scored(episode: Episode, t: int) -> bool:
    """Whether action `t` stays in the same scene, so that its transition is scored."""
    return bool(episode.actions_A3[t, 0] != RESET and episode.outcomes_A[t] == Outcome.NOTHING)


def _key(episode: Episode, t: int) -> bytes:
    frame = episode.frames_THW[t].tobytes()
    return blake2b(frame + episode.actions_A3[t].tobytes(), digest_size=16).digest()


def _starts(places_N2: NDArray[np.intp]) -> Iterator[int]:
    place = 0
    while place + HORIZON <= len(places_N2):
        (first, t), (last, end) = places_N2[place], places_N2[place + HORIZON - 1]
        if first == last and end - t == HORIZON - 1:
            yield place
            place += HORIZON
        else:
            place += 1
