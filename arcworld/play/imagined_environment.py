"""Any world model as a Gymnasium environment, with the spaces and `info` of `ArcEnv`.

The environment plays in the model's imagination: each observation is the frame that the model
predicts from its own state. What Gymnasium's terms mean here:

- `reset` starts at a true frame, given by `options`. Its seed changes nothing: the prediction is
  the model's most probable frame, not a sample.
- The reward is 1 if the most probable outcome of an action is that it wins the level. The frame of
  the next level is the model's guess; it cannot know a level that it never saw.
- `terminated`: the last level is won. `truncated`: `max_actions` steps are spent.
- After an imagined GAME_OVER only RESET is legal. RESET is not predicted: it returns to the frame
  in which the level began, or in which the episode started.
- An illegal action is not imagined, as in `ArcEnv`.

`step` never trains the model. To train it on true play, call `model.observe` yourself, then
`reset(options={"state": state})`.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.models.interface import Prediction, WorldModel
from arcworld.play.observation import (
    GAME_OVER,
    NOT_FINISHED,
    WIN,
    Observation,
    legal_actions,
)
from arcworld.play.spaces import ActionRow, FrameEnv, FrameHW, Info, make_info, read_action
from arcworld.recordings.episode import RESET, Action, Outcome, Step
from arcworld.recordings.grids import frames_from_array

EVERY_ACTION = (1, 2, 3, 4, 5, 6, 7)
OPTIONS = (
    "frames", "actions", "state", "level_start", "available_actions", "levels_completed",
    "win_levels", "game_id",
)  # fmt: skip


class WorldModelEnv(FrameEnv):
    """A world model to play in. Observations are frames, uint8 [64, 64]; actions (id, x, y).

    >>> from arcworld.models.token_world_model import TokenWorldModel
    >>> frame_HW = arcworld.load_dataset("demos").episodes[0].frames_THW[0]
    >>> model = TokenWorldModel(arcworld.from_pretrained("small"))
    >>> env = arcworld.WorldModelEnv(model, {"frames": frame_HW})
    >>> imagined_HW, info = env.reset()
    >>> imagined_HW, reward, terminated, truncated, info = env.step((1, -1, -1))
    >>> imagined_HW.shape, sorted(info)[:3]
    ((64, 64), ['action_mask', 'available_actions', 'confidence'])

    `info` has the keys of `ArcEnv` (`arcworld.play.spaces.make_info`) and two more: `confidence`,
    the model's confidence in the frame (1.0 for a true frame), and `outcomes`, the probability of
    each `Outcome` as a tuple.

    Args:
        model: see `arcworld.models.interface`. It learns only from the `frames` and `actions` given
            to `reset`.
        options: defaults for the options of every `reset`.
        max_actions: an episode is truncated after this number of steps.
        render_mode: "rgb_array", or None for no pictures.
        zoom: a rendered picture has zoom x zoom pixels for each pixel of the frame.
    """

    def __init__(
        self,
        model: WorldModel[Any],
        options: dict[str, Any] | None = None,
        *,
        max_actions: int = 2_000,
        render_mode: str | None = None,
        zoom: int = 4,
    ) -> None:
        super().__init__(max_actions=max_actions, render_mode=render_mode, zoom=zoom)
        self.model = model
        self._options = dict(options or {})
        self._observation: Observation | None = None
        self._prediction: Prediction[Any] | None = None
        self._state: Any = None
        self._level_start: Any = None

    @property
    def observation(self) -> Observation:
        """The imagined result of the last action."""
        if self._observation is None:
            raise ArcworldError("no episode has begun; call reset() first")
        return self._observation

    @property
    def state(self) -> Any:
        """The state of the model; a search can continue from it."""
        assert self.observation  # raises before the first reset
        return self._state

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[FrameHW, Info]:
        """Start at a true frame, or at a state of the model.

        Args:
            seed: of `np_random`; predictions do not depend on it.
            options: `frames`, uint8 [64, 64] or [T, 64, 64]: the last is the start, and the model
                observes the transitions before it, whose `actions` are int [T - 1, 3] of (id, x,
                y). Or `state`, a state of the model. Also `level_start`, the state that RESET
                returns to (default: the start), `available_actions` (default 1-7),
                `levels_completed` (0), `win_levels` (1) and `game_id`.

        Raises:
            ArcworldError: an option is unknown or has another form, or no start is given.
        """
        super().reset(seed=seed)
        given = {**self._options, **(options or {})}
        for name in given.keys() - set(OPTIONS):
            raise ArcworldError(f"found option {name!r}; {did_you_mean(name, OPTIONS)}")
        new = (options or {}).keys()
        if "frames" in new:
            given.pop("state", None)
        if new & {"frames", "state"} and "level_start" not in new:
            given.pop("level_start", None)
        available = tuple(int(k) for k in given.get("available_actions", EVERY_ACTION))
        self._state = given["state"] if "state" in given else self._observed(given, available)
        self._level_start = given.get("level_start", self._state)
        self._prediction, self._steps = None, 0
        frame_HW = self._state.frame_HW
        self._observation = Observation(
            frame_HW=frame_HW,
            grids=(frame_HW,),
            state=NOT_FINISHED,
            levels_completed=int(given.get("levels_completed", 0)),
            win_levels=int(given.get("win_levels", 1)),
            available_actions=available,
            game_id=str(given.get("game_id", "imagined")),
            guid="",
            full_reset=True,
            legal_actions=legal_actions(NOT_FINISHED, available, reset_is_safe=True),
        )
        return self.observation.frame_HW.copy(), self._add(make_info(self.observation))

    def step(self, action: ActionRow) -> tuple[FrameHW, float, bool, bool, Info]:
        """Predict the result of one action; the module docstring says what ends an episode."""
        frame_HW, reward, terminated, truncated, info = super().step(action)
        return frame_HW, reward, terminated, truncated, self._add(info)

    def fork(self) -> Self:
        """Return another environment in the same state; the two share only the model."""
        other = copy.copy(self)
        other._np_random = copy.deepcopy(self._np_random)
        return other

    def _send(self, action: Action) -> tuple[Observation, bool, str]:
        before = self.observation
        if action.id not in before.legal_actions:
            return before, True, ""
        if action.id == RESET:
            self._state, self._prediction = self._level_start, None
            self._show(NOT_FINISHED, before.levels_completed)
            return self.observation, False, ""
        self._prediction = prediction = self.model.predict(self._state, [action])
        self._state = prediction.states[0]
        outcome = Outcome(int(prediction.outcomes_NO[0].argmax()))
        levels = before.levels_completed + (outcome == Outcome.LEVEL_WON)
        if outcome == Outcome.LEVEL_WON:
            self._level_start = self._state
        won = outcome == Outcome.LEVEL_WON and levels >= before.win_levels
        over = outcome == Outcome.GAME_OVER
        self._show(WIN if won else GAME_OVER if over else NOT_FINISHED, levels)
        return self.observation, False, ""

    def _show(self, state: str, levels: int) -> None:
        before, frame_HW = self.observation, self._state.frame_HW
        self._observation = replace(
            before,
            frame_HW=frame_HW,
            grids=(frame_HW,),
            state=state,
            levels_completed=levels,
            full_reset=False,
            legal_actions=legal_actions(state, before.available_actions, reset_is_safe=True),
        )

    def _add(self, info: Info) -> Info:
        prediction = self._prediction
        certain = (1.0, *[0.0] * (len(Outcome) - 1))
        info["confidence"] = 1.0 if prediction is None else float(prediction.confidence_N[0])
        info["outcomes"] = (
            certain if prediction is None else tuple(prediction.outcomes_NO[0].tolist())
        )
        return info

    def _observed(self, given: dict[str, Any], available: tuple[int, ...]) -> Any:
        """Let the model observe the given transitions; return its state at the last frame."""
        if given.get("frames") is None:
            raise ArcworldError(
                'found no start; expected reset(options={"frames": ...}) with a true frame, or'
                ' "state"'
            )
        frames_THW = frames_from_array(given["frames"])
        rows = np.asarray(given.get("actions", np.zeros((0, 3), np.int64)))
        if rows.shape != (len(frames_THW) - 1, 3):
            raise ArcworldError(
                f"found actions of shape {list(rows.shape)} with {len(frames_THW)} frames; expected"
                f" [{len(frames_THW) - 1}, 3]: one row (id, x, y) between two frames"
            )
        state = self.model.reset(frames_THW[0], available)
        for t, row in enumerate(rows):
            step = Step(frames_THW[t], read_action(row), Outcome.NOTHING, frames_THW[t + 1])
            state = self.model.observe(state, step)
        return state
