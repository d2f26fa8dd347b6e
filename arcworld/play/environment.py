"""A game as a Gymnasium environment: `gymnasium.make("arcworld:arcworld/Game-v0", game="keys")`.

What Gymnasium's terms mean here:

- `reset` opens a new run on the scorecard. A seed given once stays the game's seed.
- The reward is the number of levels gained (never negative).
- `terminated`: the game is won. `truncated`: `max_actions` steps are spent, or the toolkit gave no
  answer several times in a row (`info["fault"]` says why).
- GAME_OVER does not end the episode: levels stay won, as in the game itself. Only RESET is legal
  then, as `info["action_mask"]` shows. The episode is truncated only if nothing but a full reset
  would continue the game.
- An illegal action (any but RESET after GAME_OVER, one the game does not offer, a RESET that would
  reset the whole game) is not sent: the observation stays, the reward is 0, `info["illegal"]` is
  true, and the step counts toward `max_actions`.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Self

from gymnasium.envs.registration import EnvSpec

from arcworld.errors import ArcworldError
from arcworld.play.game_session import GameSession
from arcworld.play.observation import Observation, ToolkitError
from arcworld.play.registration import ENV_ID, register
from arcworld.play.spaces import FrameEnv, FrameHW, Info, make_info
from arcworld.play.toolkit import Scorecard, Toolkit
from arcworld.recordings.episode import Action

__all__ = ["ENV_ID", "ArcEnv", "register"]

TRIES = 5
"""How often an action that gets no answer is sent before the episode is truncated."""


class ArcEnv(FrameEnv):
    """One game. Observations are frames, uint8 [64, 64]; actions are (id, x, y), int [3].

    >>> env = arcworld.ArcEnv("keys")
    >>> frame_HW, info = env.reset(seed=0)
    >>> frame_HW, reward, terminated, truncated, info = env.step((1, -1, -1))
    >>> frame_HW.shape, reward, terminated
    ((64, 64), 0.0, False)
    >>> env.close()

    `info` is described at `arcworld.play.spaces.make_info`. It is the same for the same seed and
    actions. The guid of a run is not; it is in `env.unwrapped.session.guid`.

    `copy.deepcopy` gives an independent environment in the same state: the game is opened again in
    a new toolkit, and the episode's actions are sent again.

    Args:
        game: a name or full id.
        games: a folder of games; None for the project's own. Games are Python code that is
            executed: name only folders that you trust.
        toolkit: an open toolkit instead of `games`; it is not closed by `close`.
        max_actions: an episode is truncated after this number of steps.
        seed: of the game, until `reset` gets another.
        render_mode: "rgb_array", or None for no pictures.
        zoom: a rendered picture has zoom x zoom pixels for each pixel of the frame.

    Raises:
        ArcworldError: there is no such folder or no game in it, or a number is out of range.
    """

    def __init__(
        self,
        game: str = "keys",
        *,
        games: str | Path | None = None,
        toolkit: Toolkit | None = None,
        max_actions: int = 2_000,
        seed: int = 0,
        render_mode: str | None = None,
        zoom: int = 4,
    ) -> None:
        super().__init__(max_actions=max_actions, render_mode=render_mode, zoom=zoom)
        self._game = game
        self._game_seed = seed
        self._owns_toolkit = toolkit is None
        self._toolkit = Toolkit(games) if toolkit is None else toolkit
        self._session: GameSession | None = None
        self._opening_seed = seed
        self._sent: list[Action] = []

    @property
    def session(self) -> GameSession:
        """The run being played."""
        if self._session is None:
            raise ArcworldError("no run is open; call reset() first")
        return self._session

    @property
    def observation(self) -> Observation:
        """The result of the last action."""
        return self.session.observation

    @property
    def spec(self) -> EnvSpec | None:  # type: ignore[override]
        """The specification, in plain JSON types: a folder is a str, a toolkit is its folder."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:  # type: ignore[override]
        """The specification in plain JSON types: a folder becomes a str, a toolkit its folder."""
        self._spec = None if spec is None else self._plain(spec)

    _spec: EnvSpec | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[FrameHW, Info]:
        """Open a new run."""
        super().reset(seed=seed)
        if seed is not None:
            self._game_seed = seed
        self._open(self._game_seed)
        return self.observation.frame_HW.copy(), make_info(self.observation)

    def scorecard(self) -> Scorecard:
        """The scorecard of all runs so far."""
        return self._toolkit.scorecard()

    def close(self) -> None:
        """Close the toolkit, unless it was passed in."""
        if self._owns_toolkit:
            self._toolkit.close()
        super().close()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Open the game again in a new toolkit and send the episode's actions (see the class).

        Raises:
            ArcworldError: the game runs on a service, or the same actions gave another frame.
        """
        if self._toolkit.folder is None:
            raise ArcworldError("a game on a service cannot be copied; expected a local one")
        other = copy.copy(self)
        memo[id(self)] = other
        for name in ("observation_space", "action_space", "_np_random", "_spec"):
            setattr(other, name, copy.deepcopy(getattr(self, name), memo))
        other._owns_toolkit, other._toolkit = True, Toolkit(self._toolkit.folder)
        if self._session is not None:
            other._replay(self)
        return other

    def _open(self, seed: int) -> None:
        self._session = self._toolkit.open(self._game, seed)
        self._opening_seed, self._steps, self._sent = seed, 0, []

    def _replay(self, source: ArcEnv) -> None:
        """Bring a new run of the game to the state of another environment's run."""
        steps, actions = source._steps, source._sent
        self._open(source._opening_seed)
        for action in actions:
            self._send(action)
        self._steps = steps
        if self.observation.frame_HW.tobytes() != source.observation.frame_HW.tobytes():
            raise ArcworldError(
                f"{self._game}: the same {len(actions)} actions led to another frame; expected a"
                " deterministic game; play the copy from a reset instead"
            )

    def _send(self, action: Action) -> tuple[Observation, bool, str]:
        """Return (observation after the action, whether it was illegal, fault or "")."""
        fault = ""
        for _ in range(TRIES):
            if action.id not in self.observation.legal_actions:
                return self.observation, True, ""
            try:
                after = self.session.step(action)
                self._sent.append(action)
                return after, False, ""
            except ToolkitError as error:
                fault = str(error)
            if not self.session.may_retry(action):
                break
        return self.observation, False, fault

    def _plain(self, spec: EnvSpec) -> EnvSpec:
        plain = copy.copy(spec)
        plain.kwargs = dict(spec.kwargs)
        if plain.kwargs.pop("toolkit", None) is not None:
            plain.kwargs["games"] = self._toolkit.folder
        if plain.kwargs.get("games") is not None:
            plain.kwargs["games"] = str(plain.kwargs["games"])
        return plain
