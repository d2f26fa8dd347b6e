"""A game as a `gymnasium` environment.

Knows `GameSession`; knows no agent. Importing it registers nothing: call `register` for
`gymnasium.make("arcworld/Game-v0", game="keys")`.

What the words of gymnasium mean here:

- `reset` opens a new run on the scorecard. Its seed, once given, stays the game's.
- The reward is the number of levels gained (never negative).
- `terminated`: the game is won. `truncated`: `max_actions` steps are spent, or the toolkit gave no
  answer several times in a row (`info["fault"]` says why).
- GAME_OVER ends nothing: levels stay won, as in the game itself. The next step must be RESET;
  `info["action_mask"]` leaves nothing else. Only where the game can be continued by a full reset
  alone is the episode truncated.
- An action that is not legal (another one after GAME_OVER, one the game does not offer, a RESET
  that would reset the whole game) is not sent: the observation stays, the reward is 0,
  `info["illegal"]` is true, and it counts towards `max_actions`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.play.game_session import GameSession
from arcworld.play.observation import WIN, Observation, ToolkitError
from arcworld.play.toolkit import Scorecard, Toolkit
from arcworld.recordings.episode import ACTION_IDS, CLICK, COLOURS, SIDE, Action

ENV_ID = "arcworld/Game-v0"
TRIES = 5
FramesHW = NDArray[np.uint8]
Info = dict[str, Any]


class ArcEnv(gymnasium.Env[FramesHW, NDArray[np.int64]]):
    """One game. Observations are frames, uint8 [64, 64]; actions are (id, x, y), int [3].

    x and y count only where the id is 6, a click.

    `info` holds `available_actions`, `legal_actions`, `action_mask` (int8 [8], by id),
    `levels_completed`, `win_levels`, `state`, `grids` (uint8 [n, 64, 64], the animation),
    `game_id`, `full_reset`, `illegal`, and `fault` ("" or the toolkit's last); all of it the same
    for the same seed and actions (a run's guid, which is not, is `env.unwrapped.session.guid`).

    Args:
        game: a name or full id.
        games: a folder of games, None for the project's own; or give an open `toolkit`, which is
            then not closed here.
        max_actions: steps of an episode.
        seed: of the game, until `reset` is given another.
        render_mode: "rgb_array" or None.
        zoom: pixels of the picture to a pixel of the frame.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012

    def __init__(
        self,
        game: str,
        *,
        games: Path | None = None,
        toolkit: Toolkit | None = None,
        max_actions: int = 2_000,
        seed: int = 0,
        render_mode: str | None = None,
        zoom: int = 4,
    ) -> None:
        if max_actions < 1:
            raise ArcworldError(f"max_actions is {max_actions}; expected 1 or more")
        self.observation_space = spaces.Box(0, COLOURS - 1, (SIDE, SIDE), np.uint8)
        self.action_space = spaces.MultiDiscrete([len(ACTION_IDS), SIDE, SIDE])
        self.render_mode = render_mode
        self._zoom = zoom
        self._game = game
        self._game_seed = seed
        self._max_actions = max_actions
        self._owns_toolkit = toolkit is None
        self._toolkit = Toolkit(games) if toolkit is None else toolkit
        self._session: GameSession | None = None
        self._steps = 0

    @property
    def session(self) -> GameSession:
        """The run being played."""
        if self._session is None:
            raise ArcworldError("no run is open; call reset() first")
        return self._session

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[FramesHW, Info]:
        """Open a new run."""
        super().reset(seed=seed)
        if seed is not None:
            self._game_seed = seed
        self._session = self._toolkit.open(self._game, self._game_seed)
        self._steps = 0
        observation = self._session.observation
        return observation.frame_HW.copy(), _info(observation)

    def step(self, action: NDArray[np.int64]) -> tuple[FramesHW, float, bool, bool, Info]:
        """One action; see the module for what ends an episode."""
        before = self.session.observation
        self._steps += 1
        after, illegal, fault = self._send(_read_action(action))
        reward = float(max(after.levels_completed - before.levels_completed, 0))
        won = after.state == WIN
        stuck = not won and not after.legal_actions
        truncated = stuck or bool(fault) or (not won and self._steps >= self._max_actions)
        info = _info(after, illegal=illegal, fault=fault)
        return after.frame_HW.copy(), reward, won, truncated, info

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """The frame in the official colours, uint8 [64 * zoom, 64 * zoom, 3]."""
        if self.render_mode is None:
            return None
        from arcworld.frames.palette import to_rgb

        return to_rgb(self.session.observation.frame_HW, self._zoom)

    def scorecard(self) -> Scorecard:
        """Of all runs so far."""
        return self._toolkit.scorecard()

    def close(self) -> None:
        """Close the toolkit, unless it was given."""
        if self._owns_toolkit:
            self._toolkit.close()
        super().close()

    def _send(self, action: Action) -> tuple[Observation, bool, str]:
        """(what is seen now, whether the action was illegal, the fault that ends the episode)."""
        fault = ""
        for _ in range(TRIES):
            if action.id not in self.session.observation.legal_actions:
                return self.session.observation, True, ""
            try:
                return self.session.step(action), False, ""
            except ToolkitError as error:
                fault = str(error)
            if not self.session.may_retry(action):
                break
        return self.session.observation, False, fault


def register() -> None:
    """Make `gymnasium.make("arcworld/Game-v0", game=...)` known; twice does no harm."""
    if ENV_ID not in gymnasium.registry:
        gymnasium.register(id=ENV_ID, entry_point="arcworld.play.environment:ArcEnv")


def _read_action(action: NDArray[np.int64]) -> Action:
    action_id, x, y = (int(value) for value in action)
    return Action(action_id, x, y) if action_id == CLICK else Action(action_id)


def _info(observation: Observation, *, illegal: bool = False, fault: str = "") -> Info:
    mask = np.zeros(len(ACTION_IDS), np.int8)
    mask[list(observation.legal_actions)] = 1
    return {
        "available_actions": observation.available_actions,
        "legal_actions": observation.legal_actions,
        "action_mask": mask,
        "levels_completed": observation.levels_completed,
        "win_levels": observation.win_levels,
        "state": observation.state,
        "grids": np.stack(observation.grids),
        "game_id": observation.game_id,
        "full_reset": observation.full_reset,
        "illegal": illegal,
        "fault": fault,
    }
