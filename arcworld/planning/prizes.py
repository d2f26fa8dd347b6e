"""What winning a level of a game means where an avatar steers: the colours of what it touched then.

Knows recordings, and what memory makes of them; knows no model. On a level that nobody showed, what
is worth going to is known from the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.models.prize import Prize
from arcworld.planning.memory.memory import Memory
from arcworld.recordings.episode import CLICK, COLOURS, RESET, Episode, Outcome

COMMON = 0.5
"""The share of a game's wins at which a colour must have been touched."""


@dataclass(frozen=True, slots=True)
class Played:
    """A frame of an episode, as memory sees an answered action (`memory.seen.Seen`)."""

    frame_HW: NDArray[np.uint8]
    state: str
    levels_completed: int
    available_actions: tuple[int, ...]
    full_reset: bool = False

    @property
    def legal_actions(self) -> tuple[int, ...]:
        """What may be sent."""
        return (RESET, *self.available_actions)


def find_prizes(episodes: Sequence[Episode]) -> dict[str, Prize]:
    """By game id, for games where an avatar was seen to touch something as levels were won."""
    touched: dict[str, list[int]] = defaultdict(list)
    for episode in episodes:
        if set(episode.actions_A3[:, 0].tolist()) - {RESET, CLICK}:
            touched[episode.game_id] += _touched(episode)
    found: dict[str, Prize] = {}
    for game, wins in touched.items():
        counts = Counter(colour for bits in wins for colour in range(COLOURS) if bits >> colour & 1)
        colours = [colour for colour, count in counts.items() if count >= COMMON * len(wins)]
        if colours:
            found[game] = Prize(tuple(sorted(colours)), len(wins))
    return found


def _touched(episode: Episode) -> list[int]:
    """Of each level won with an avatar in sight, the rare colours it touched then, as bits."""
    memory = Memory()
    frames = list(_frames(episode))
    memory.begin(frames[0])
    for t, seen in enumerate(frames[1:]):
        memory.observe(episode.action(t), seen)
    return list(memory.local.touched)


def _frames(episode: Episode) -> Iterator[Played]:
    outcomes = [Outcome.NOTHING, *episode.outcomes_A.tolist()]
    for t, outcome in enumerate(outcomes):
        state = "GAME_OVER" if outcome == Outcome.GAME_OVER else "NOT_FINISHED"
        level, actions = int(episode.levels_T[t]), episode.available_actions(t)
        yield Played(episode.frames_THW[t], state, level, actions)
