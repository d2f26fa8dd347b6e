"""A demo as a person plays: look around a level, set it back, win it, go on to the next.

Knows how scripted players are found and how a demo is put together from their parts; knows no
game, and writes nothing down: anyone who listens to the steps does.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from arcworld.games.catalogue import entry
from arcworld.play.observation import GAME_OVER, WIN, Observation
from arcworld.play.toolkit import GameSession
from arcworld.recordings.episode import RESET, Action


class DemoPlayer(Protocol):
    """What a module in `arcworld.games.players` offers."""

    def solution(self, level: int, rng: np.random.Generator) -> list[Action]:
        """Actions that win `level` (0-based) from its fresh start; ways differ with `rng`."""
        ...

    def explore(
        self,
        frame_HW: NDArray[np.uint8],
        available_actions: tuple[int, ...],
        rng: np.random.Generator,
    ) -> Action:
        """One try of somebody who does not know the game."""
        ...


def load_demo_player(game: str) -> DemoPlayer:
    """The player of a game, found by the game's name.

    Raises:
        ArcworldError: no such game.
    """
    return cast(DemoPlayer, importlib.import_module(f"arcworld.games.players.{entry(game).name}"))


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """How a demo is played.

    Attributes:
        explore: fewest and most actions spent on a level before it is set back and won.
        reckless: share of levels explored until GAME_OVER, or `patience` actions.
        momentum: how often an action that did something is tried again at once.
    """

    explore: tuple[int, int] = (5, 30)
    reckless: float = 0.1
    patience: int = 110
    momentum: float = 0.5


type Listener = Callable[[Action, Observation], None]
SMALL_CHANGE = 8
"""So few pixels are a tick of a bar: the action did nothing else."""


class Demo:
    """Plays one demo in an opened session; `listener` hears every action and its answer."""

    def __init__(
        self,
        session: GameSession,
        player: DemoPlayer,
        rng: np.random.Generator,
        listener: Listener,
        config: DemoConfig | None = None,
    ) -> None:
        self._session = session
        self._player = player
        self._rng = rng
        self._listener = listener
        self._config = config or DemoConfig()

    def play(self, levels: int | None = None) -> None:
        """Win `levels` levels; where that is not the whole game, try the next a little and stop."""
        wanted = self._session.win_levels if levels is None else levels
        while self._now.levels_completed < wanted:
            self._play_level()
        if self._now.state != WIN:
            self._explore(self._some())

    @property
    def _now(self) -> Observation:
        return self._session.observation

    def _some(self) -> int:
        return int(self._rng.integers(*self._config.explore, endpoint=True))

    def _play_level(self) -> None:
        level = self._now.levels_completed
        reckless = self._rng.random() < self._config.reckless
        self._explore(self._config.patience if reckless else self._some())
        if self._now.levels_completed > level:
            return
        self._step(Action(RESET))
        for action in self._player.solution(level, self._rng):
            self._step(action)
        assert self._now.levels_completed == level + 1, f"the player of {self._now.game_id} failed"

    def _explore(self, actions: int) -> None:
        """Tries things; ends early where a level is won by luck, or the game is over."""
        level, again = self._now.levels_completed, None
        for _ in range(actions):
            action = again or self._player.explore(
                self._now.frame_HW, self._now.available_actions, self._rng
            )
            before = self._now.frame_HW
            self._step(action)
            if self._now.state == GAME_OVER or self._now.levels_completed > level:
                return
            moved = np.count_nonzero(before != self._now.frame_HW) > SMALL_CHANGE
            again = action if moved and self._rng.random() < self._config.momentum else None

    def _step(self, action: Action) -> None:
        self._listener(action, self._session.step(action))
