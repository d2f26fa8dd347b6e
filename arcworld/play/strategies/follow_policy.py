"""Strategy FollowPolicy: sample from the policy where it is trusted (`planning.policy_gate`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arcworld.play.agent import Decision, Source
from arcworld.play.strategies.run_advice import Advice, RunAdvice
from arcworld.play.strategies.strategy import Answered, Context


@dataclass(frozen=True)
class FollowPolicyConfig:
    """How the policy is sampled.

    Attributes:
        temperature: of sampling, times the number of times that the level was started over; 0 (the
            most probable action) before the first restart.
    """

    temperature: float = 0.3


class FollowPolicy:
    """Proposes actions of the policy, never one that is known to be useless.

    Args:
        models: what a run says; stands before this strategy in the agent's list.
        seed: of sampling.
        config: how the policy is sampled.
    """

    source = Source.POLICY

    def __init__(
        self, models: RunAdvice, seed: int = 0, config: FollowPolicyConfig | None = None
    ) -> None:
        self.models, self.seed = models, seed
        self.config = config or FollowPolicyConfig()
        self._rng = np.random.default_rng(seed)

    def begin(self, context: Context) -> None:
        """Start a game that was just opened."""
        self._rng = np.random.default_rng(self.seed)

    def propose(self, context: Context) -> Decision | None:
        """Return a sampled action; None where the policy is not followed."""
        advice = self.models.advice(context)
        if advice is None or advice.verdict != "follow" or not advice.open_N.any():
            return None
        index = self.sample(advice, self.models.gate.restarts)
        return advice.decision(index, self.source, self.models.surprise)

    def sample(self, advice: Advice, restarts: int) -> int:
        """Draw the index of a candidate (Gumbel-max trick)."""
        noise = self._rng.gumbel(size=len(advice.scores_N))
        return int((advice.scores_N + self.config.temperature * restarts * noise).argmax())

    def observe(self, context: Context, answered: Answered) -> None:
        """Nothing to do: the models count what was taken."""
