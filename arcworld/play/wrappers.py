"""Gymnasium wrappers for common reinforcement learning libraries.

`DiscreteActions` gives a Discrete action space (needed by DQN, and easier for PPO); `OneHotFrames`
and `RgbFrames` give observations that convolutional policies take as images. They combine in any
order, around `ArcEnv` or any other `FrameEnv`:

    env = gymnasium.make("arcworld:arcworld/Game-v0", game="taps")
    env = OneHotFrames(DiscreteActions(env))
    model = MaskablePPO("CnnPolicy", env)
"""

from __future__ import annotations

from typing import Any, SupportsFloat, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.planning.memory.objects import MEDIUM, SMALL, SPECK, VAST, find_objects, size_of
from arcworld.play.observation import Observation
from arcworld.play.spaces import FrameEnv, FrameHW, frame_space
from arcworld.recordings.episode import CLICK, COLOURS, SIDE

SIMPLE = (0, 1, 2, 3, 4, 5, 7)
"""Ids of the actions other than clicks, in the order of the Discrete space."""
SIZES = (SMALL, MEDIUM, SPECK, VAST)
"""Order of preference where there are more objects than numbers: earlier sizes are kept."""

type Env = gymnasium.Env[Any, Any]


class DiscreteActions(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """A Discrete action space: RESET, 1-5, 7, then clicks on the objects of the current frame.

    An object is a connected area of one colour; the click goes to its pixel nearest to its centre.
    Objects are in reading order of their first pixels. With fewer than `max_objects` objects, the
    remaining numbers click the same objects again (in turn) and are masked out. With more, small
    objects are kept first, then medium ones, single pixels and large areas.

    `info["action_mask"]` is int8 [n], as `action_space.sample(mask=...)` takes it.

    Args:
        env: an `ArcEnv` or another `FrameEnv`, also inside other wrappers.
        max_objects: number of objects that can be clicked.
    """

    def __init__(self, env: Env, max_objects: int = 64) -> None:
        RecordConstructorArgs.__init__(self, max_objects=max_objects)
        super().__init__(env)
        if max_objects < 1:
            raise ArcworldError(f"max_objects is {max_objects}; expected 1 or more")
        _frame_env(env)
        self.max_objects = max_objects
        self.action_space = spaces.Discrete(len(SIMPLE) + max_objects)
        self._points: list[tuple[int, int]] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, self._describe(info)

    def step(self, action: int) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take the action with this number."""
        observation, reward, terminated, truncated, info = self.env.step(self.to_row(action))
        return observation, reward, terminated, truncated, self._describe(info)

    def to_row(self, action: int) -> NDArray[np.int64]:
        """Convert a number to (id, x, y) in the current frame.

        Raises:
            ArcworldError: the number is outside the action space.
        """
        if not self.action_space.contains(action):
            count = cast(spaces.Discrete, self.action_space).n
            raise ArcworldError(f"action {action!r}; expected a whole number from 0 to {count - 1}")
        if action < len(SIMPLE):
            return np.array([SIMPLE[action], 0, 0])
        points = self._points or [(SIDE // 2, SIDE // 2)]
        return np.array([CLICK, *points[(int(action) - len(SIMPLE)) % len(points)]])

    def action_masks(self) -> NDArray[np.bool_]:
        """The mask for sb3-contrib's MaskablePPO: bool [n]."""
        return self._mask(_frame_env(self.env).observation).astype(np.bool_)

    def _describe(self, info: dict[str, Any]) -> dict[str, Any]:
        seen = _frame_env(self.env).observation
        clickable = CLICK in seen.legal_actions
        self._points = click_points(seen.frame_HW, self.max_objects) if clickable else []
        return info | {"action_mask": self._mask(seen)}

    def _mask(self, seen: Observation) -> NDArray[np.int8]:
        mask = np.zeros(len(SIMPLE) + self.max_objects, np.int8)
        mask[: len(SIMPLE)] = [kind in seen.legal_actions for kind in SIMPLE]
        mask[len(SIMPLE) : len(SIMPLE) + len(self._points)] = 1
        return mask


class OneHotFrames(gymnasium.ObservationWrapper[Any, Any, Any], RecordConstructorArgs):
    """Frames as images of 16 channels, uint8 [16, 64, 64]: 255 in the channel of a pixel's colour.

    Stable-Baselines3's CnnPolicy accepts this without changes, and divides by 255.
    """

    def __init__(self, env: Env) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(_with_frames(env))
        self.observation_space = spaces.Box(0, 255, (COLOURS, SIDE, SIDE), np.uint8)

    def observation(self, observation: FrameHW) -> NDArray[np.uint8]:
        """Convert a frame to channels."""
        return (np.arange(COLOURS)[:, None, None] == observation).astype(np.uint8) * np.uint8(255)


class RgbFrames(gymnasium.ObservationWrapper[Any, Any, Any], RecordConstructorArgs):
    """Frames in the official colours, uint8 [64 * zoom, 64 * zoom, 3]."""

    def __init__(self, env: Env, zoom: int = 1) -> None:
        RecordConstructorArgs.__init__(self, zoom=zoom)
        super().__init__(_with_frames(env))
        if zoom < 1:
            raise ArcworldError(f"zoom is {zoom}; expected 1 or more")
        self.zoom = zoom
        self.observation_space = spaces.Box(0, 255, (SIDE * zoom, SIDE * zoom, 3), np.uint8)

    def observation(self, observation: FrameHW) -> NDArray[np.uint8]:
        """Convert a frame to RGB."""
        from arcworld.frames.palette import to_rgb

        return to_rgb(observation, self.zoom)


def click_points(frame_HW: FrameHW, limit: int) -> list[tuple[int, int]]:
    """Return one pixel (x, y) to click for each object, at most `limit`.

    >>> frame = np.zeros((64, 64), np.uint8)
    >>> frame[10:13, 20:23] = frame[40:43, 50:53] = 5
    >>> click_points(frame, 2)
    [(21, 11), (51, 41)]
    """
    objects = find_objects(frame_HW)
    preference = [SIZES.index(size_of(int(area))) for area in objects.areas_N]
    kept = sorted(range(len(objects)), key=preference.__getitem__)[:limit]
    return [objects.click_point(number) for number in sorted(kept)]


def _with_frames(env: Env) -> Env:
    if env.observation_space != frame_space():
        raise ArcworldError(
            f"observations are {env.observation_space}; expected frames, {frame_space()}; use only"
            " one of OneHotFrames and RgbFrames"
        )
    return env


def _frame_env(env: Env) -> FrameEnv:
    inner = env.unwrapped
    if not isinstance(inner, FrameEnv):
        raise ArcworldError(f"{type(inner).__name__} is wrapped; expected an arcworld environment")
    return inner
