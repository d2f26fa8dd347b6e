"""Interface of a strategy: one way to choose an action, which may propose nothing.

A `StrategyAgent` is an ordered list of strategies. The first one that proposes a decision is
followed. Every strategy observes every action, including those that another strategy chose. A new
strategy is one class with the three methods below, and one entry in the list of an agent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from arcworld.errors import ArcworldError
from arcworld.online.model import OnlineWorldModel
from arcworld.online.scene import OnlineState
from arcworld.planning.memory.memory import Memory
from arcworld.play.agent import Decision
from arcworld.play.observation import Observation
from arcworld.recordings.episode import Outcome, Step


@dataclass(slots=True)
class Learned:
    """The world model that learns the game during play, and its current state."""

    model: OnlineWorldModel
    state: OnlineState

    @classmethod
    def opened(cls, model: OnlineWorldModel, observation: Observation) -> Learned:
        """The model at a true frame of a game; what it learned before is kept."""
        return cls(model, model.reset(observation.frame_HW, observation.available_actions))

    def observe(self, step: Step, after: Observation) -> None:
        """Learn from a transition, and continue from the game's answer `after`."""
        self.state = self.model.observe(self.state, step)
        if after.full_reset:
            self.state = self.model.reset(after.frame_HW, after.available_actions)
        self.state = replace(self.state, available=after.available_actions)


@dataclass(slots=True)
class Context:
    """State that strategies share. The agent updates it; strategies only read it.

    Attributes:
        observation: the last answer of the game.
        memory: the graph of observed states of the level.
        learned: the world model that learns the game during play; None in agents without one.
        level_actions: number of actions since the level was opened, resets included.
        lives: number of times the level was started, from 1.
    """

    observation: Observation
    memory: Memory
    learned: Learned | None = None
    level_actions: int = 0
    lives: int = 1

    @property
    def model(self) -> OnlineWorldModel:
        """World model that learns the game during play.

        Raises:
            ArcworldError: the agent has none.
        """
        return self._learned.model

    @property
    def state(self) -> OnlineState:
        """Current state, as input of `model.predict`.

        Raises:
            ArcworldError: the agent has no world model that learns.
        """
        return self._learned.state

    @property
    def _learned(self) -> Learned:
        if self.learned is None:
            raise ArcworldError(
                "found an agent without a model that learns during play; expected one for this"
                " strategy; make the StrategyAgent without model=None"
            )
        return self.learned


@dataclass(frozen=True, slots=True)
class Answered:
    """An action that the game answered.

    Attributes:
        decision: the action, and the strategy that chose it.
        own: whether this agent chose it; else its caller did, or an agent beside it.
        step: the transition, with the settled frame after it.
        before: the observation before the action.
        after: the observation after it; `after.grids` is the animation.
    """

    decision: Decision
    own: bool
    step: Step
    before: Observation
    after: Observation

    @property
    def levels_gained(self) -> int:
        """Number of levels that the action won, usually 0 or 1."""
        return max(0, self.after.levels_completed - self.before.levels_completed)

    @property
    def new_level(self) -> bool:
        """Whether another level was opened: a level was won, or the whole game was reset."""
        return self.other_level or self.after.full_reset

    @property
    def other_level(self) -> bool:
        """Whether the number of levels won changed; not when the first level was opened again."""
        return self.after.levels_completed != self.before.levels_completed

    @property
    def is_lost(self) -> bool:
        """Whether the action led to GAME_OVER."""
        return self.step.outcome == Outcome.GAME_OVER


class Strategy(Protocol):
    """One way to choose an action."""

    def begin(self, context: Context) -> None:
        """Start a game that was just opened; drop all state of the previous game."""
        ...

    def propose(self, context: Context) -> Decision | None:
        """Return a decision with its `source`, or None to leave it to the next strategy."""
        ...

    def observe(self, context: Context, answered: Answered) -> None:
        """Learn from an answered action. `context` already has the state after it."""
        ...
