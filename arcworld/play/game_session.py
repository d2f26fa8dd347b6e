"""One opened game: send legal actions only; return a complete answer or raise an error.

What is legal is decided by `GameStatus`. The toolkit wrapper's `reset` is never called: opening a
game has already reset it, and a second reset would start a second run on the scorecard.
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
"""Error code of a service for a game that only RESET continues."""


class GameSession:
    """A game that was opened (and so reset), at its first observation.

    Attributes:
        game_status: the observation, the legal actions and the counts.
        human_actions: the human baseline of each level, read from the game; empty if unknown.
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
        """The result of the last answered action."""
        return self.game_status.observation

    @property
    def local(self) -> bool:
        """Whether the engine runs in this process."""
        return self.game_status.engine is not None

    @property
    def game_id(self) -> str:
        """The full id: name and version."""
        return self.observation.game_id

    @property
    def guid(self) -> str:
        """Id of the run, as in the scorecard and in recordings."""
        return self.observation.guid

    @property
    def win_levels(self) -> int:
        """Number of levels of the game."""
        return self.observation.win_levels

    @property
    def actions(self) -> int:
        """Number of answered actions, counted as the scorecard does: RESETs included."""
        return self.game_status.actions

    @property
    def level_actions(self) -> tuple[int, ...]:
        """Number of actions on each level so far; the last entry is the current level."""
        return self.game_status.level_actions

    def step(self, action: Action, reasoning: Mapping[str, Any] | None = None) -> Observation:
        """Send one action and return the observation after it.

        Args:
            action: one of `observation.legal_actions`.
            reasoning: sent with the action, cut to the toolkit's 16 KB.

        Raises:
            IllegalActionError: the action is illegal; nothing was sent.
            ToolkitError: the action was sent and got no usable answer. The observation stays; only
                its state changes if the toolkit reports another.
        """
        if not self._open:
            raise IllegalActionError(
                f"{self.game_id}: its toolkit is closed; open the game with a new one"
            )
        self.game_status.check(action)
        return self.game_status.take(action, self._send(action, fit_reasoning(reasoning)))

    def reset_level(self) -> Observation:
        """Reset the level. If it is already at its start, nothing is sent and nothing is counted.

        Raises:
            IllegalActionError: the game is won, or over and only a full reset would continue it.
        """
        if RESET in self.observation.legal_actions:
            return self.step(Action(RESET))
        if self.observation.state in (WIN, GAME_OVER):
            raise IllegalActionError(self.game_status.refusal(Action(RESET)))
        return self.observation

    def may_retry(self, action: Action) -> bool:
        """Whether an action that got no answer may be sent again."""
        return self.game_status.may_retry(action)

    def close(self) -> None:
        """Refuse further actions: the scorecard is closed and would not count them."""
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
        """Whether a service refuses actions because the answer with GAME_OVER was lost.

        After a lost WIN a service refuses in the same way, so the last level is excluded.
        """
        won = self.observation.levels_completed + 1 >= self.win_levels
        return NOT_STARTED in reason and not won


def engine_of(wrapper: Any) -> Any:
    """Return the game's engine in this process, or None if the game runs on a service."""
    return getattr(wrapper, "_game", None)


def first_fault(wrapper: Any, log_capture: LogCapture) -> str | None:
    """Return why a wrapper that `make` returned cannot be played, or None.

    If a game's source cannot be loaded or fails at its first reset, the toolkit returns a wrapper
    without an answer.
    """
    if wrapper is None or wrapper.observation_space is None:
        return log_capture.take()
    try:
        read_answer(wrapper.observation_space)
    except ArcworldError as fault:
        return str(fault)
    return None
