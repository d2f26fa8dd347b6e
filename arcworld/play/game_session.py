"""One opened game: legal actions only, and a whole answer to each, or an error that says why.

Knows the toolkit's `EnvironmentWrapper` and when the engine would reset the whole game; knows no
agent. The wrapper's `reset` is never called: opening has already reset, and a second one would
start a second run on the scorecard.

A RESET resets the whole game where the engine has counted no action since the level began: right
after a level was won, after another RESET, and also where the game itself set the level back (a
life lost). Locally the engine's own count is read; from a service, our count stands in for it,
which cannot see the last case.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.play.observation import (
    GAME_OVER,
    WIN,
    IllegalActionError,
    Observation,
    ToolkitError,
    legal_actions,
    read_answer,
)
from arcworld.play.official import Ear, describe, hidden_environment
from arcworld.play.reasoning import fit_reasoning
from arcworld.recordings.episode import CLICK, RESET, GameAction


class GameSession:
    """A game that has been opened (and so reset), at its first observation.

    Attributes:
        human_actions: the human baseline of each level, read from the game; empty where unknown.
        local: the engine runs in this process.
        actions: actions answered so far, as the scorecard counts them: RESETs too.
    """

    def __init__(self, wrapper: Any, ear: Ear, *, competition: bool = False) -> None:
        from arcengine import GameAction as OfficialAction

        self._wrapper = wrapper
        self._ear = ear
        self._official_actions = [OfficialAction.from_id(action_id) for action_id in range(8)]
        self._competition = competition
        self._open = True
        self._since_start = 0
        self._level_actions = [0]
        self.actions = 0
        self.local = getattr(wrapper, "_game", None) is not None
        self.human_actions: tuple[int, ...] = tuple(wrapper.info.baseline_actions or ())
        self._observation = read_answer(
            wrapper.observation_space, full_reset=True, reset_is_safe=self._reset_is_safe(0)
        )

    @property
    def observation(self) -> Observation:
        """What the last answered action led to."""
        return self._observation

    @property
    def game_id(self) -> str:
        """The game with its version."""
        return self._observation.game_id

    @property
    def guid(self) -> str:
        """The run's id, in the scorecard and in recordings."""
        return self._observation.guid

    @property
    def win_levels(self) -> int:
        """Levels in the game."""
        return self._observation.win_levels

    @property
    def level_actions(self) -> tuple[int, ...]:
        """Actions on each level so far; the last entry is the level being played."""
        return tuple(self._level_actions)

    def step(self, action: GameAction, reasoning: Mapping[str, Any] | None = None) -> Observation:
        """Send one action.

        Args:
            action: one of `observation.legal_actions`.
            reasoning: goes with the action, cut to the toolkit's 16 KB.

        Raises:
            IllegalActionError: nothing was sent.
            ToolkitError: sent, and no usable answer; the observation stays, but for its state
                where the toolkit says that the game is over.
        """
        self._check(action)
        before = self._observation
        answer = self._send(action, fit_reasoning(reasoning))
        rose = answer.levels_completed > before.levels_completed
        since_start = 0 if rose or action.id == RESET else self._since_start + 1
        try:
            observation = read_answer(
                answer,
                full_reset=_opens_game(action, before, answer),
                reset_is_safe=self._reset_is_safe(since_start),
            )
        except ToolkitError as fault:
            self._adopt_game_over(answer)
            raise ToolkitError(f"{self.game_id}: {action.name}: {fault}") from None
        self._since_start = since_start
        self._count(before, observation)
        self._observation = observation
        return observation

    def reset_level(self) -> Observation:
        """Set the level back; where it is fresh already, nothing is sent and nothing counted.

        Raises:
            IllegalActionError: the game is won, or over in a way that only a full reset mends.
        """
        if RESET in self._observation.legal_actions:
            return self.step(GameAction(RESET))
        if self._observation.state in (WIN, GAME_OVER):
            raise IllegalActionError(self._refusal(GameAction(RESET)))
        return self._observation

    def may_retry(self, action: GameAction) -> bool:
        """Whether an action that was sent without an answer may be sent again.

        A RESET that was carried out after all would, sent twice, reset the whole game.
        """
        if action.id not in self._observation.legal_actions:
            return False
        exact = self.local or self._competition  # where such a RESET is known, or does nothing
        return action.id != RESET or exact or self._observation.levels_completed == 0

    def close(self) -> None:
        """No more actions: the scorecard is closed, and would not count them."""
        self._open = False

    def _check(self, action: GameAction) -> None:
        if not self._open:
            raise IllegalActionError(f"{self.game_id}: its toolkit is closed; open the game anew")
        if action.id not in self._observation.legal_actions:
            raise IllegalActionError(self._refusal(action))

    def _refusal(self, action: GameAction) -> str:
        found = f"{self.game_id}: {action.name} is not legal in state {self._observation.state}"
        if self._observation.state == WIN:
            return f"{found}: the game is won; open it anew to play on"
        if action.id == RESET:
            return f"{found}: it would reset the whole game; open it anew to do so"
        legal = ", ".join(str(action_id) for action_id in self._observation.legal_actions)
        return f"{found}; legal ids: {legal or 'none'}"

    def _send(self, action: GameAction, reasoning: dict[str, Any] | None) -> Any:
        data = {"x": action.x, "y": action.y} if action.id == CLICK else {}
        official = self._official_actions[action.id]
        self._ear.take()
        try:
            with hidden_environment() if action.id == RESET else nullcontext():
                answer = self._wrapper.step(official, data=data, reasoning=reasoning)
        except Exception as error:
            raise ToolkitError(f"{self.game_id}: {action.name}: {describe(error)}") from error
        if answer is None:
            reason = self._ear.take("the toolkit answered None")
            self._refresh()
            raise ToolkitError(f"{self.game_id}: {action.name}: {reason}")
        return answer

    def _count(self, before: Observation, after: Observation) -> None:
        self.actions += 1
        self._level_actions[-1] += 1
        if after.full_reset:
            self._level_actions = [0]
        rose = max(after.levels_completed - before.levels_completed, 0)
        self._level_actions.extend([0] * rose)

    def _reset_is_safe(self, since_start: int) -> bool:
        """Whether the engine has counted an action on this level; `since_start` is our count."""
        engine = getattr(self._wrapper, "_game", None) if self.local else None
        counted: int = getattr(engine, "_action_count", since_start)
        return counted != 0

    def _adopt_game_over(self, answer: Any) -> None:
        self._refresh(GAME_OVER if answer.state.value == GAME_OVER else None)

    def _refresh(self, state: str | None = None) -> None:
        """After a step of unknown outcome the engine may see the level with other eyes."""
        before = self._observation
        state = state or before.state
        legal = legal_actions(
            state, before.available_actions, reset_is_safe=self._reset_is_safe(self._since_start)
        )
        self._observation = dataclasses.replace(before, state=state, legal_actions=legal)


def _opens_game(action: GameAction, before: Observation, answer: Any) -> bool:
    """A full reset: as the engine says, or (services do not say) as the levels show."""
    fell = answer.levels_completed < before.levels_completed
    return bool(answer.full_reset) or (action.id == RESET and fell)


def first_fault(wrapper: Any, ear: Ear) -> str | None:
    """Why a wrapper that `make` returned cannot be played; None where it can.

    A source that cannot be loaded, or fails at its first reset, leaves a wrapper without an answer.
    """
    if wrapper is None or wrapper.observation_space is None:
        return ear.take()
    try:
        read_answer(wrapper.observation_space, full_reset=True, reset_is_safe=False)
    except ArcworldError as fault:
        return str(fault)
    return None
