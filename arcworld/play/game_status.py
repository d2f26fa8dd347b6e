"""State of a game as far as the toolkit's answers show it: observation, legal actions, counts.

One `GameStatus` follows one run. It sends nothing: `GameSession`, or another program that calls an
agent, sends the actions.

A RESET resets the whole game if the engine has counted no action since the level began. This is so
right after a level was won, after another RESET, and after the game itself reset the level (a lost
life). For a local game the engine's counter is read. For a game on a service this class counts
actions; it cannot detect the last case.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from arcworld.play.observation import (
    GAME_OVER,
    NOT_FINISHED,
    WIN,
    IllegalActionError,
    Observation,
    ToolkitError,
    legal_actions,
    read_answer,
)
from arcworld.recordings.episode import RESET, Action

_UNKNOWN = ("", "None", 0)
"""Values of a field for which the toolkit gave no information."""


class GameStatus:
    """The state of one game since it was opened.

    Attributes:
        observation: the result of the last answered action. Its state and legal actions are newer
            if an action without an answer showed that they changed.
        engine: the game's engine in this process; None if the game runs on a service.
        actions: number of answered actions, counted as the scorecard does: RESETs included.

    Args:
        opening: the toolkit's answer to opening the game.
        engine: see above.
        forgiving: a RESET that would reset the whole game does nothing, as in a competition.

    Raises:
        ToolkitError: the opening answer cannot be used.
    """

    def __init__(self, opening: Any, engine: Any = None, *, forgiving: bool = False) -> None:
        self.engine = engine
        self.actions = 0
        self._forgiving = forgiving
        self._since_start = 0
        self._unsure = False
        self._level_actions = [0]
        self.observation = self._with_reset(read_answer(opening, opening=True))

    @property
    def level_actions(self) -> tuple[int, ...]:
        """Number of actions on each level so far; the last entry is the current level."""
        return tuple(self._level_actions)

    def check(self, action: Action) -> None:
        """Raise `IllegalActionError` if an action is not legal now."""
        if action.id not in self.observation.legal_actions:
            raise IllegalActionError(self.refusal(action))

    def refusal(self, action: Action) -> str:
        """Return one line that says why an action is not legal."""
        now = self.observation
        found = f"{now.game_id}: {action.name} is not legal in state {now.state}"
        if now.state == WIN:
            return f"{found}: the game is won; open it again to play more"
        if action.id == RESET:
            return f"{found}: it would reset the whole game; open it again to do so"
        legal = ", ".join(str(action_id) for action_id in now.legal_actions)
        return f"{found}; legal ids: {legal or 'none'}"

    def take(self, action: Action, answer: Any) -> Observation:
        """Read the answer to an action and return the new observation.

        Raises:
            ToolkitError: the answer cannot be used. The observation stays; only its state changes
                if the answer or the engine reports another.
        """
        before = self.observation
        try:
            after = read_answer(answer)
            self._check_against_before(action, after)
        except ToolkitError as fault:
            self.miss(_state_of(answer))
            raise ToolkitError(f"{before.game_id}: {action.name}: {fault}") from None
        fell = after.levels_completed < before.levels_completed
        rose = max(after.levels_completed - before.levels_completed, 0)
        self._since_start = 0 if rose or action.id == RESET else self._since_start + 1
        self._unsure = False
        after = dataclasses.replace(
            after,
            game_id=before.game_id,
            guid=before.guid,
            win_levels=before.win_levels,
            full_reset=after.full_reset or (action.id == RESET and fell),
        )
        self._count(rose, full_reset=after.full_reset)
        self.observation = self._with_reset(after)
        return self.observation

    def _check_against_before(self, action: Action, after: Observation) -> None:
        """Refuse an answer that contradicts the previous one.

        After an action without an answer the number of levels may differ, because the action may
        have been carried out.

        Raises:
            ToolkitError: they contradict each other; the message names the field.
        """
        before = self.observation
        for field in ("game_id", "guid", "win_levels"):
            was, found = getattr(before, field), getattr(after, field)
            if was != found and was not in _UNKNOWN and found not in _UNKNOWN:
                raise ToolkitError(f"{field} {found} contradicts {was} in the previous answer")
        levels, were = after.levels_completed, before.levels_completed
        if levels < were and action.id != RESET and not self._unsure:
            raise ToolkitError(
                f"levels_completed {levels} contradicts {were} before {action.name}, which resets"
                " no level"
            )

    def miss(self, state: str | None = None) -> None:
        """Note that an action got no answer, so that it may or may not have been carried out.

        On a service the action may have won the level, so RESET stays illegal until the next
        answer.

        Args:
            state: state of the game, if an answer that is otherwise unusable contains it.
        """
        engine = getattr(getattr(self.engine, "_state", None), "value", None)
        reported = GAME_OVER if state == GAME_OVER else self.observation.state
        known = engine in (NOT_FINISHED, GAME_OVER) or (engine == WIN and self._all_levels_won())
        state = engine if known else reported
        self._unsure = True
        self.observation = self._with_reset(dataclasses.replace(self.observation, state=state))

    def _all_levels_won(self) -> bool:
        """Whether the engine in this process counts all levels as completed."""
        return self.engine._score >= self.observation.win_levels

    def may_retry(self, action: Action) -> bool:
        """Whether an action that got no answer may be sent again.

        A RESET must not be sent twice: if the first was carried out, the second resets the whole
        game.
        """
        if action.id not in self.observation.legal_actions:
            return False
        exact = self.engine is not None or self._forgiving
        return action.id != RESET or exact or self.observation.levels_completed == 0

    def _count(self, rose: int, *, full_reset: bool) -> None:
        self.actions += 1
        self._level_actions[-1] += 1
        if full_reset:
            self._level_actions = [0]
        self._level_actions.extend([0] * rose)

    def _with_reset(self, observation: Observation) -> Observation:
        """The observation with its legal actions; RESET only if it resets the level alone."""
        safe = self._reset_is_safe(observation.state)
        legal = legal_actions(observation.state, observation.available_actions, reset_is_safe=safe)
        return dataclasses.replace(observation, legal_actions=legal)

    def _reset_is_safe(self, state: str) -> bool:
        if self.engine is not None:
            return self.engine._action_count != 0
        if self._unsure:
            return state == GAME_OVER  # the action that lost was counted
        return self._since_start != 0


def _state_of(answer: Any) -> str | None:
    return getattr(getattr(answer, "state", None), "value", None)
