"""Play a demo as a person does: explore a level, reset it, win it, and continue with the next.

A listener receives every action and its result; recording them is its task.
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
    """Functions of a module in `arcworld.games.players`."""

    def solution(self, level: int, rng: np.random.Generator) -> list[Action]:
        """Return actions that win `level` (0-based) from its start; paths vary with `rng`."""
        ...

    def explore(
        self,
        frame_HW: NDArray[np.uint8],
        available_actions: tuple[int, ...],
        rng: np.random.Generator,
    ) -> Action:
        """Return an action as tried by a person who does not know the game."""
        ...


def load_demo_player(game: str) -> DemoPlayer:
    """Return the player of a game, whose module has the game's name.

    Raises:
        ArcworldError: the game does not exist.
    """
    return cast(DemoPlayer, importlib.import_module(f"arcworld.games.players.{entry(game).name}"))


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """How a demo is played.

    Attributes:
        explore: minimum and maximum number of actions on a level before it is reset and won.
        reckless: share of levels that are explored until GAME_OVER or `patience` actions.
        patience: see `reckless`.
        momentum: probability of repeating an action that changed something.
    """

    explore: tuple[int, int] = (5, 30)
    reckless: float = 0.1
    patience: int = 110
    momentum: float = 0.5


type Listener = Callable[[Action, Observation], None]
SMALL_CHANGE = 8
"""Changes of at most this number of pixels are those of a clock; the action did nothing else."""


class Demo:
    """Plays one demo in an opened session; `listener` receives every action and its result."""

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
        """Win `levels` levels; if more are left, explore the next one a little and stop."""
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
        """Try actions; end early if a level is won by chance, or the game is over."""
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
