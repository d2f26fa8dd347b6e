"""What a strategy is: one way to choose an action, which may have nothing to say.

A `StrategyAgent` is an ordered list of strategies. The first one that proposes a decision is
followed; every one is told what each action did, whoever chose it. A new strategy is one class with
the four members below, and one entry in the list of an agent.
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
    """What strategies share. The agent keeps it up to date; strategies only read it.

    Attributes:
        observation: the last answer of the game.
        memory: the graph of observed states of the level.
        model: learns the game while it is played.
        state: where the player stands, for `model.predict`.
        level_actions: actions since the level was opened, resets included.
        lives: how often the level was started, from 1.
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
        decision: the action, and who chose it.
        step: the transition, with the settled frame after it.
        before, after: the observations around it; `after.grids` is the animation.
        levels_gained: how many levels it won, usually 0 or 1.
        new_level: another level was opened: one was won, or the game was reset.
    """

    decision: Decision
    step: Step
    before: Observation
    after: Observation

    @property
    def levels_gained(self) -> int:
        """Levels that the action won."""
        return max(0, self.after.levels_completed - self.before.levels_completed)

    @property
    def new_level(self) -> bool:
        """Whether the frame after belongs to another level, or to the game opened anew."""
        changed = self.after.levels_completed != self.before.levels_completed
        return changed or self.after.full_reset

    @property
    def is_lost(self) -> bool:
        """Whether the action ended the game."""
        return self.step.outcome == Outcome.GAME_OVER


class Strategy(Protocol):
    """One way to choose an action.

    Attributes:
        source: marks its decisions.
    """

    source: Source

    def begin(self, context: Context) -> None:
        """A game was opened: forget the one before."""
        ...

    def propose(self, context: Context) -> Decision | None:
        """Return a decision, or None to leave it to the strategies behind."""
        ...

    def observe(self, context: Context, answered: Answered) -> None:
        """Learn from an answered action. `context` already shows the state after it."""
        ...
