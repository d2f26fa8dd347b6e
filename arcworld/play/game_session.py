"""One opened game: legal actions only, and a whole answer to each, or an error that says why.

Knows the toolkit's `EnvironmentWrapper`; knows no agent, and leaves to `GameStatus` what is legal.
The wrapper's `reset` is never called: opening has already reset, and a second one would start a
second run on the scorecard.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.play.game_status import GameStatus
from arcworld.play.observation import (
    GAME_OVER,
    WIN,
    IllegalActionError,
    Observation,
    ToolkitError,
    read_answer,
)
from arcworld.play.reasoning import fit_reasoning
from arcworld.play.toolkit_compat import LogCapture, describe_error, hidden_environment
from arcworld.recordings.episode import CLICK, RESET, Action

NOT_STARTED = "GAME_NOT_STARTED_ERROR"
"""A service's word for a game that only RESET continues."""


class GameSession:
    """A game that has been opened (and so reset), at its first observation.

    Attributes:
        game_status: what is seen, legal and counted.
        human_actions: the human baseline of each level, read from the game; empty where unknown.
    """

    def __init__(self, wrapper: Any, log_capture: LogCapture, *, competition: bool = False) -> None:
        from arcengine import GameAction as OfficialAction

        self._wrapper = wrapper
        self._log_capture = log_capture
        self._official_actions = [OfficialAction.from_id(action_id) for action_id in range(8)]
        self._open = True
        self.human_actions: tuple[int, ...] = tuple(wrapper.info.baseline_actions or ())
        self.game_status = GameStatus(
            wrapper.observation_space, engine_of(wrapper), forgiving=competition
        )

    @property
    def observation(self) -> Observation:
        """What the last answered action led to."""
        return self.game_status.observation

    @property
    def local(self) -> bool:
        """Whether the engine runs in this process."""
        return self.game_status.engine is not None

    @property
    def game_id(self) -> str:
        """The game with its version."""
        return self.observation.game_id

    @property
    def guid(self) -> str:
        """The run's id, in the scorecard and in recordings."""
        return self.observation.guid

    @property
    def win_levels(self) -> int:
        """Levels in the game."""
        return self.observation.win_levels

    @property
    def actions(self) -> int:
        """Actions answered so far, as the scorecard counts them: RESETs too."""
        return self.game_status.actions

    @property
    def level_actions(self) -> tuple[int, ...]:
        """Actions on each level so far; the last entry is the level being played."""
        return self.game_status.level_actions

    def step(self, action: Action, reasoning: Mapping[str, Any] | None = None) -> Observation:
        """Send one action.

        Args:
            action: one of `observation.legal_actions`.
            reasoning: goes with the action, cut to the toolkit's 16 KB.

        Raises:
            IllegalActionError: nothing was sent.
            ToolkitError: sent, and no usable answer; the observation stays, but for its state
                where the toolkit says that it changed.
        """
        if not self._open:
            raise IllegalActionError(f"{self.game_id}: its toolkit is closed; open the game anew")
        self.game_status.check(action)
        return self.game_status.take(action, self._send(action, fit_reasoning(reasoning)))

    def reset_level(self) -> Observation:
        """Set the level back; where it is fresh already, nothing is sent and nothing counted.

        Raises:
            IllegalActionError: the game is won, or over in a way that only a full reset mends.
        """
        if RESET in self.observation.legal_actions:
            return self.step(Action(RESET))
        if self.observation.state in (WIN, GAME_OVER):
            raise IllegalActionError(self.game_status.refusal(Action(RESET)))
        return self.observation

    def may_retry(self, action: Action) -> bool:
        """Whether an action that was sent without an answer may be sent again."""
        return self.game_status.may_retry(action)

    def close(self) -> None:
        """No more actions: the scorecard is closed, and would not count them."""
        self._open = False

    def _send(self, action: Action, reasoning: dict[str, Any] | None) -> Any:
        data = {"x": action.x, "y": action.y} if action.id == CLICK else {}
        official = self._official_actions[action.id]
        self._log_capture.take()
        try:
            with hidden_environment() if action.id == RESET else nullcontext():
                answer = self._wrapper.step(official, data=data, reasoning=reasoning)
        except Exception as error:
            self.game_status.miss()
            raise ToolkitError(f"{self.game_id}: {action.name}: {describe_error(error)}") from error
        if answer is None:
            reason = self._log_capture.take("the toolkit answered None")
            self.game_status.miss(GAME_OVER if self._over_unseen(reason) else None)
            raise ToolkitError(f"{self.game_id}: {action.name}: {reason}")
        return answer

    def _over_unseen(self, reason: str) -> bool:
        """A service refuses what follows a GAME_OVER whose answer was lost, and likewise a WIN."""
        won = self.observation.levels_completed + 1 >= self.win_levels
        return NOT_STARTED in reason and not won


def engine_of(wrapper: Any) -> Any:
    """The game's engine in this process; None where a service has it."""
    return getattr(wrapper, "_game", None)


def first_fault(wrapper: Any, log_capture: LogCapture) -> str | None:
    """Why a wrapper that `make` returned cannot be played; None where it can.

    A source that cannot be loaded, or fails at its first reset, leaves a wrapper without an answer.
    """
    if wrapper is None or wrapper.observation_space is None:
        return log_capture.take()
    try:
        read_answer(wrapper.observation_space)
    except ArcworldError as fault:
        return str(fault)
    return None
