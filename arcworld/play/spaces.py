"""Gymnasium spaces and `info` of an ARC-AGI-3 game, shared by real and imagined games.

`FrameEnv` is the common base class. A subclass implements `reset`, `observation` and `_send`; the
base class has the spaces, rewards, masks, `info` and rendering.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.play.observation import WIN, Observation
from arcworld.recordings.episode import ACTION_IDS, COLOURS, SIDE, Action

type FrameHW = NDArray[np.uint8]
type ActionRow = NDArray[np.int64]
type Info = dict[str, Any]
type Mask = tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.int8]]


class FrameEnv(gymnasium.Env[FrameHW, ActionRow]):
    """An environment whose observations are frames and whose actions are (id, x, y).

    Args:
        max_actions: an episode is truncated after this number of steps.
        render_mode: "rgb_array", or None for no pictures.
        zoom: a rendered picture has zoom x zoom pixels for each pixel of the frame.

    Raises:
        ArcworldError: `max_actions` or `zoom` is below 1.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012

    def __init__(
        self, *, max_actions: int = 2_000, render_mode: str | None = None, zoom: int = 4
    ) -> None:
        if max_actions < 1:
            raise ArcworldError(f"max_actions is {max_actions}; expected 1 or more")
        if zoom < 1:
            raise ArcworldError(f"zoom is {zoom}; expected 1 or more")
        self.observation_space = frame_space()
        self.action_space = action_space()
        self.render_mode = render_mode
        self._zoom = zoom
        self._max_actions = max_actions
        self._steps = 0

    @property
    @abstractmethod
    def observation(self) -> Observation:
        """The current observation. Raises `ArcworldError` before the first `reset`."""

    @abstractmethod
    def _send(self, action: Action) -> tuple[Observation, bool, str]:
        """Take one action; return (observation after it, whether it was illegal, fault or "")."""

    def step(self, action: ActionRow) -> tuple[FrameHW, float, bool, bool, Info]:
        """Take one action. The module docstring of `environment` says what ends an episode.

        Args:
            action: int [3]: id 0-7, x 0-63, y 0-63.

        Raises:
            ArcworldError: the action has another form, or no episode has begun.
        """
        before = self.observation
        after, illegal, fault = self._send(read_action(action))
        self._steps += 1
        reward = float(max(after.levels_completed - before.levels_completed, 0))
        won = after.state == WIN
        stuck = not after.legal_actions
        truncated = not won and (stuck or bool(fault) or self._steps >= self._max_actions)
        info = make_info(after, illegal=illegal, fault=fault)
        return after.frame_HW.copy(), reward, won, truncated, info

    def action_masks(self) -> NDArray[np.bool_]:
        """The mask for sb3-contrib's MaskablePPO: bool [8 + 64 + 64], of id, then x, then y."""
        return np.concatenate(action_mask(self.observation.legal_actions)).astype(np.bool_)

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """The frame in the official colours, uint8 [64 * zoom, 64 * zoom, 3]."""
        if self.render_mode is None:
            return None
        from arcworld.frames.palette import to_rgb

        return to_rgb(self.observation.frame_HW, self._zoom)


def frame_space() -> spaces.Box[np.uint8]:
    """Space of frames: uint8 [64, 64], colours 0-15."""
    return spaces.Box(0, COLOURS - 1, (SIDE, SIDE), np.uint8)


def action_space() -> spaces.MultiDiscrete:
    """Space of actions: int64 [3], id 0-7, x and y 0-63; x and y are used only by id 6, a click."""
    return spaces.MultiDiscrete([len(ACTION_IDS), SIDE, SIDE])


def read_action(row: Any) -> Action:
    """Convert a row (id, x, y) to an action.

    >>> read_action([1, 12, 40]), read_action(np.array([6, 12, 40]))
    (Action(id=1, x=None, y=None), Action(id=6, x=12, y=40))

    Raises:
        ArcworldError: it is not three whole numbers within the action space.
    """
    values = np.asarray(row)
    if values.shape != (3,) or values.dtype.kind not in "iu":
        raise ArcworldError(f"action {row!r}; expected 3 whole numbers: id 0-7, x 0-63, y 0-63")
    try:
        return Action.from_row(cast(NDArray[np.int64], values))
    except ValueError as error:
        raise ArcworldError(f"action {values.tolist()}: {error}") from None


def action_mask(legal_actions: tuple[int, ...]) -> Mask:
    """Legal ids as the mask that `action_space.sample(mask=...)` takes: 1 legal, 0 illegal.

    Three int8 arrays, [8], [64] and [64]; every x and y is legal.
    """
    ids = np.zeros(len(ACTION_IDS), np.int8)
    ids[list(legal_actions)] = 1
    return ids, np.ones(SIDE, np.int8), np.ones(SIDE, np.int8)


def make_info(observation: Observation, *, illegal: bool = False, fault: str = "") -> Info:
    """Return the `info` of one observation; every step has the same keys.

    Values of varying length are tuples, not arrays. Gymnasium's vector environments stack arrays,
    which need one shape, and keep tuples as objects (`infos["grids"][i]`).

    Returns:
        available_actions: tuple of ids that the game offers, without RESET.
        legal_actions: tuple of ids that may be sent now.
        action_mask: see `action_mask`.
        levels_completed, win_levels: int.
        state: "NOT_FINISHED", "WIN" or "GAME_OVER".
        grids: the animation, a tuple of uint8 [64, 64]; the last one is the observation.
        game_id: name and version.
        full_reset: whether the game started again on level 0.
        illegal: whether the action was illegal and therefore not sent.
        fault: why the toolkit gave no answer; "" if it gave one.
    """
    return {
        "available_actions": observation.available_actions,
        "legal_actions": observation.legal_actions,
        "action_mask": action_mask(observation.legal_actions),
        "levels_completed": observation.levels_completed,
        "win_levels": observation.win_levels,
        "state": observation.state,
        "grids": tuple(grid.copy() for grid in observation.grids),
        "game_id": observation.game_id,
        "full_reset": observation.full_reset,
        "illegal": illegal,
        "fault": fault,
    }
