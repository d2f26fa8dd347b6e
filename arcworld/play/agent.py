"""Interface of an agent: it gets an observation, returns a decision, and observes the result."""

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
    """An action, the reason for it, and the numbers that the agent expects.

    >>> Decision(Action(6, 3, 4), "a door stands out", {"p_level": 0.5}).reasoning()
    {'reason': 'a door stands out', 'expected': {'p_level': 0.5}}

    Attributes:
        action: the action to send.
        reason: one line for people.
        expected: numbers by short names, e.g. `p_level`, `surprise`, `change`.
        source: the strategy that chose the action; None for agents without strategies.
        beliefs: what the agent takes for the goal, the most probable first, one line each.
    """

    action: Action
    reason: str = ""
    expected: Mapping[str, float] = field(default_factory=dict[str, float])
    source: Source | None = None
    beliefs: tuple[str, ...] = ()

    def reasoning(self) -> dict[str, Any]:
        """Return JSON of at most 16 KB for the toolkit's `reasoning` field."""
        entries: dict[str, Any] = {}
        if self.reason:
            entries["reason"] = self.reason
        if self.expected:
            entries["expected"] = dict(self.expected)
        if self.beliefs:
            entries["beliefs"] = list(self.beliefs)
        return fit_reasoning(entries) or {}


class Agent(Protocol):
    """A player. An agent plays one game at a time and may play several games one after another."""

    name: str

    def begin(self, observation: Observation) -> None:
        """Start a game that was just opened; drop all state of the previous game."""
        ...

    def choose_action(self, observation: Observation) -> Decision:
        """Return an action out of `observation.legal_actions`; never called after GAME_OVER or WIN.

        An illegal action is not sent. A random legal one is sent in its place and counts. If the
        toolkit gave no answer to the action, `observe` is not called, and `choose_action` is called
        again.
        """
        ...

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Receive the result of an action.

        The action may be the agent's own, a random one that replaced an illegal decision, or the
        RESET that follows GAME_OVER.
        """
        ...
