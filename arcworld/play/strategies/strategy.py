"""Interface of a strategy: one way to choose an action, which may propose nothing.

A `StrategyAgent` is an ordered list of strategies. The first one that proposes a decision is
followed. Every strategy observes every action, including those that another strategy chose. A new
strategy is one class with the four members below, and one entry in the list of an agent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from arcworld.online.model import OnlineWorldModel
from arcworld.online.scene import OnlineState
from arcworld.planning.memory.memory import Memory
from arcworld.play.agent import Decision, Source
from arcworld.play.observation import Observation
from arcworld.recordings.episode import Outcome, Step


@dataclass(slots=True)
class Context:
    """State that strategies share. The agent updates it; strategies only read it.

    Attributes:
        observation: the last answer of the game.
        memory: the graph of observed states of the level.
        model: world model that learns the game during play.
        state: current state, as input of `model.predict`.
        level_actions: number of actions since the level was opened, resets included.
        lives: number of times the level was started, from 1.
    """

    observation: Observation
    memory: Memory
    model: OnlineWorldModel
    state: OnlineState
    level_actions: int = 0
    lives: int = 1


@dataclass(frozen=True, slots=True)
class Answered:
    """An action that the game answered.

    Attributes:
        decision: the action, and the strategy that chose it.
        step: the transition, with the settled frame after it.
        before: the observation before the action.
        after: the observation after it; `after.grids` is the animation.
    """

    decision: Decision
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
        changed = self.after.levels_completed != self.before.levels_completed
        return changed or self.after.full_reset

    @property
    def is_lost(self) -> bool:
        """Whether the action led to GAME_OVER."""
        return self.step.outcome == Outcome.GAME_OVER


class Strategy(Protocol):
    """One way to choose an action.

    Attributes:
        source: marks the strategy's decisions.
    """

    source: Source

    def begin(self, context: Context) -> None:
        """Start a game that was just opened; drop all state of the previous game."""
        ...

    def propose(self, context: Context) -> Decision | None:
        """Return a decision, or None to leave it to the next strategy in the list."""
        ...

    def observe(self, context: Context, answered: Answered) -> None:
        """Learn from an answered action. `context` already has the state after it."""
        ...
