"""Agent `random`: uniform random legal actions; the lowest baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from arcworld.play.agent import Decision
from arcworld.play.observation import Observation
from arcworld.recordings.episode import CLICK, RESET, SIDE, Action


class RandomAgent:
    """Draws legal actions uniformly and click pixels uniformly; never RESET.

    The same seed gives the same choices, whatever was played before.
    """

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._rng = np.random.default_rng(seed)

    def begin(self, observation: Observation) -> None:
        """Set the random generator back to the seed."""
        self._rng = np.random.default_rng(self.seed)

    def choose_action(self, observation: Observation) -> Decision:
        """Return a random legal action."""
        return Decision(random_action(observation.legal_actions, self._rng), "random")

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Do nothing."""


def in_place_of(
    decision: Decision, legal_actions: Sequence[int], rng: np.random.Generator
) -> Decision:
    """Return a random legal action instead of an illegal decision."""
    action = random_action(legal_actions, rng)
    return Decision(action, f"in place of {decision.action.name}, which is not legal")


def random_action(legal_actions: Sequence[int], rng: np.random.Generator) -> Action:
    """Draw one of the legal actions; RESET only if there is no other.

    >>> rng = np.random.default_rng(0)
    >>> random_action((0, 6), rng).id, random_action((0,), rng).id
    (6, 0)
    """
    offered = [action_id for action_id in legal_actions if action_id != RESET] or [RESET]
    chosen = int(rng.choice(offered))
    if chosen != CLICK:
        return Action(chosen)
    x, y = (int(value) for value in rng.integers(0, SIDE, size=2))
    return Action(CLICK, x, y)
