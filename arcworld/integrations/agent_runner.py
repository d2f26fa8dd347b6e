"""Run an agent inside a program that sends the actions itself.

`play_game` calls an agent and sends its actions. Here the program is in control: it shows frames,
asks for decisions, and sends them. The result of an action is read when the program shows the next
frame. Frames are the toolkit's `FrameData` or `FrameDataRaw`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.random import in_place_of
from arcworld.play.game_status import GameStatus
from arcworld.play.observation import GAME_OVER, WIN, Observation, ToolkitError
from arcworld.recordings.episode import RESET, Action

FAULTS_IN_A_ROW = 9
"""After this number of consecutive actions without an answer, the game ends."""


class AgentRunner:
    """One game, played by an agent in answer to frames.

    The order of calls is `see`, `decide`, `see`, ...; after an action without an answer, `miss`
    instead of `see`. A frame shown twice counts once, so `see` may be called with the current frame
    at any time.

    Args:
        agent: any agent.
        seed: of the random actions that replace illegal ones.
        engine: returns the game's engine if it runs in this process (its count of actions is
            exact).

    Attributes:
        faults: number of actions without a usable answer.
        faults_in_a_row: number of these since the last answer.
        replaced: number of illegal decisions.
    """

    def __init__(
        self, agent: Agent, seed: int = 0, engine: Callable[[], Any] = lambda: None
    ) -> None:
        self.agent = agent
        self.faults = self.faults_in_a_row = self.replaced = 0
        self._rng = np.random.default_rng(seed)
        self._engine = engine
        self._game_status: GameStatus | None = None
        self._sent: Decision | None = None
        self._dead = ""

    @property
    def observation(self) -> Observation | None:
        """The current observation; None before the game was opened."""
        return None if self._game_status is None else self._game_status.observation

    @property
    def ended(self) -> str:
        """Why the game ended; "" while it can continue."""
        seen = self.observation
        if seen is None or self._dead:
            return self._dead
        if seen.state == WIN:
            return "won"
        if not seen.legal_actions:
            over = seen.state == GAME_OVER
            return "only a full reset is left" if over else "no action is legal"
        return ""

    def see(self, frame: Any) -> None:
        """Read the frame that the last action led to, or that opened the game."""
        if self._game_status is None:
            self._open(frame)
        elif self._sent is not None:
            try:
                observation = self._game_status.take(self._sent.action, frame)
            except ToolkitError as fault:
                self._fail(str(fault))
                return
            sent, self._sent, self.faults_in_a_row = self._sent, None, 0
            self.agent.observe(sent, observation)

    def miss(self, reason: str) -> None:
        """Note that the last action had no answer."""
        if self._game_status is not None:
            self._game_status.miss()
        self._fail(reason)

    def decide(self) -> Decision:
        """Return the next decision; RESET if the game must be opened or nothing is legal."""
        self._sent = self._choose()
        return self._sent

    def _open(self, frame: Any) -> None:
        try:
            self._game_status = GameStatus(frame, self._engine())
        except ToolkitError as fault:
            if self._sent is not None:
                self._fail(str(fault))
            return
        self._sent, self.faults_in_a_row = None, 0
        self.agent.begin(self._game_status.observation)

    def _choose(self) -> Decision:
        seen = self.observation
        if seen is None:
            return Decision(Action(RESET), "the game is not open")
        if seen.state == GAME_OVER or not seen.legal_actions:
            return Decision(Action(RESET), "game over")
        decision = self.agent.choose_action(seen)
        if decision.action.id in seen.legal_actions:
            return decision
        self.replaced += 1
        return in_place_of(decision, seen.legal_actions, self._rng)

    def _fail(self, reason: str) -> None:
        self.faults += 1
        self.faults_in_a_row += 1
        sent, self._sent = self._sent, None
        unsafe = (
            sent is not None
            and self._game_status is not None
            and sent.action.id in self._game_status.observation.legal_actions
            and not self._game_status.may_retry(sent.action)
        )
        if unsafe or self.faults_in_a_row >= FAULTS_IN_A_ROW:
            self._dead = f"toolkit: {reason}"
