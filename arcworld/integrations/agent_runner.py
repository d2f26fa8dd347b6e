"""An agent that is asked for actions by a program that sends them itself.

Knows the toolkit's frames (`FrameData`, `FrameDataRaw`) by their attributes and what `GameStatus`
makes of them; knows no such program. `play_game` drives an agent; here the agent is driven: what
came of an action is taken in when the program shows the next frame.
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
"""After as many actions without an answer the game is left."""


class AgentRunner:
    """One game, played by an agent in answer to frames.

    The order is `see`, `decide`, `see`, ...; where an action had no answer, `miss` instead of
    `see`. A frame seen twice counts once, so `see` may be called whenever a frame is at hand.

    Args:
        agent: any agent.
        seed: of the actions put in place of illegal ones.
        engine: finds the game's engine where it is in this process (its count of actions is exact).

    Attributes:
        faults: actions without a usable answer; `faults_in_a_row` of them since the last answer.
        replaced: decisions that were not legal.
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
        """What is seen now; None before the game has been opened."""
        return None if self._game_status is None else self._game_status.observation

    @property
    def ended(self) -> str:
        """Why there is nothing more to do; "" while there is."""
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
        """Take in the frame that the last action led to, or that opened the game."""
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
        """The last action had no answer."""
        if self._game_status is not None:
            self._game_status.miss()
        self._fail(reason)

    def decide(self) -> Decision:
        """What to do next; RESET where the game has to be opened, or where nothing is legal."""
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
