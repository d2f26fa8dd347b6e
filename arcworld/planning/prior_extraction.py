"""Extract from recordings of a game what also holds on levels that they do not show.

These game priors are the pixels of clocks and, in games with an avatar, the colours that it touched
when levels were won.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.memory import Memory
from arcworld.recordings.episode import CLICK, COLOURS, RESET, Episode, Outcome
from arcworld.recordings.game_priors import GamePriors, pixel_runs
from arcworld.recordings.status_bars import clock_mask

COMMON = 0.5
"""Minimum share of a game's wins at which a colour must have been touched."""


@dataclass(frozen=True, slots=True)
class RecordedObservation:
    """A frame of an episode in the form that memory observes (`memory.observed_frame`)."""

    frame_HW: NDArray[np.uint8]
    state: str
    levels_completed: int
    available_actions: tuple[int, ...]
    full_reset: bool = False

    @property
    def legal_actions(self) -> tuple[int, ...]:
        """Ids that may be sent."""
        return (RESET, *self.available_actions)


def extract_game_priors(episodes: Sequence[Episode]) -> dict[str, GamePriors]:
    """Return the game priors of every game, by its id."""
    games: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        games[episode.game_id].append(episode)
    return {game: _of_game(played) for game, played in games.items()}


def _of_game(episodes: Sequence[Episode]) -> GamePriors:
    counters = pixel_runs(clock_mask(episodes))
    wins = [bits for episode in episodes if _steers(episode) for bits in _touched(episode)]
    counts = Counter(colour for bits in wins for colour in range(COLOURS) if bits >> colour & 1)
    goal_colours = sorted(colour for colour, count in counts.items() if count >= COMMON * len(wins))
    return GamePriors(tuple(goal_colours), len(wins) if goal_colours else 0, counters)


def _steers(episode: Episode) -> bool:
    return bool(set(episode.actions_A3[:, 0].tolist()) - {RESET, CLICK})


def _touched(episode: Episode) -> list[int]:
    """Rare colours that the avatar touched at each won level, as bits."""
    memory = Memory()
    frames = list(_frames(episode))
    memory.begin(frames[0])
    for t, seen in enumerate(frames[1:]):
        memory.observe(episode.action(t), seen)
    return list(memory.dynamics.touched)


def _frames(episode: Episode) -> Iterator[RecordedObservation]:
    outcomes = [Outcome.NOTHING, *episode.outcomes_A.tolist()]
    for t, outcome in enumerate(outcomes):
        state = "GAME_OVER" if outcome == Outcome.GAME_OVER else "NOT_FINISHED"
        level, actions = int(episode.levels_T[t]), episode.available_actions(t)
        yield RecordedObservation(episode.frames_THW[t], state, level, actions)
