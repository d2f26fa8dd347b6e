"""What an agent is: it sees an observation, decides on an action, and is told what came of it.

Knows no agent in particular, and no toolkit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from arcworld.play.observation import Observation
from arcworld.play.reasoning import fit_reasoning
from arcworld.recordings.episode import Action


class Source(StrEnum):
    """The part of an agent that chose an action."""

    RETURN = "return to start"
    RESTART = "restart"
    GOAL = "goal"
    POLICY = "policy"
    PROBE = "probe"
    PLAN = "plan"
    EXPLORE = "explore"


@dataclass(frozen=True, slots=True)
class Decision:
    """An action, why it was chosen, and what the agent expects of it.

    >>> Decision(Action(6, 3, 4), "a door stands out", {"p_level": 0.5}).reasoning()
    {'reason': 'a door stands out', 'expected': {'p_level': 0.5}}

    Attributes:
        reason: one line for people.
        expected: numbers by short names, as `p_level`, `surprise`, `change`.
        source: the strategy that chose it, where the agent is made of strategies.
    """

    action: Action
    reason: str = ""
    expected: Mapping[str, float] = field(default_factory=dict[str, float])
    source: Source | None = None

    def reasoning(self) -> dict[str, Any]:
        """For the toolkit's field of that name: JSON, at most 16 KB."""
        entries: dict[str, Any] = {}
        if self.reason:
            entries["reason"] = self.reason
        if self.expected:
            entries["expected"] = dict(self.expected)
        return fit_reasoning(entries) or {}


class Agent(Protocol):
    """A player. One agent plays one game at a time and may play several in turn."""

    name: str

    def begin(self, observation: Observation) -> None:
        """A game has been opened: forget what belongs to another."""
        ...

    def choose_action(self, observation: Observation) -> Decision:
        """Decide on one of `observation.legal_actions`; never asked when the game is over.

        An action that is not legal is not sent: a random legal one takes its place, and counts.
        Where the toolkit did not answer a decision, there is no `observe`, and it is asked anew.
        """
        ...

    def observe(self, decision: Decision, observation: Observation) -> None:
        """What a decision led to: one's own, one put in its place, or a RESET after game over."""
        ...
