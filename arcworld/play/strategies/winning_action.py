"""Strategy WinningAction: take the action that the world model expects to win the level.

It is the agent's goal with a trained run: one action clearly leads in P(level won), it has not
failed on this level before, and the policy does not rule it out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arcworld.play.agent import Decision, Source
from arcworld.play.strategies.run_advice import Advice, RunAdvice
from arcworld.play.strategies.strategy import Answered, Context
from arcworld.recordings.episode import Action


@dataclass(frozen=True)
class WinningActionConfig:
    """Thresholds.

    Attributes:
        least: minimum P(level won) of the leading action.
        lead: minimum lead of its P(level won) over the second.
        prior: where the policy is followed, the minimum probability that it must give to the
            action.
    """

    least: float = 0.5
    lead: float = 0.2
    prior: float = 0.01


class WinningAction:
    """Proposes the leading action, once in a level."""

    source = Source.GOAL

    def __init__(self, models: RunAdvice, config: WinningActionConfig | None = None) -> None:
        self.models, self.config = models, config or WinningActionConfig()
        self._missed: set[Action] = set()

    def begin(self, context: Context) -> None:
        """Start a game that was just opened."""
        self._missed = set()

    def propose(self, context: Context) -> Decision | None:
        """Return the leading action; None if none leads, or the models do not decide here."""
        advice = self.models.advice(context)
        index = None if advice is None else self.leading(advice)
        if advice is None or index is None:
            return None
        return advice.decision(index, self.source, self.models.surprise)

    def leading(self, advice: Advice) -> int | None:
        """Index of the candidate that clearly leads in P(level won); None if none does.

        What was missed does not count; what is useless is not chosen.
        """
        if not advice.open_N.any():
            return None
        level_N = advice.level_N.copy()
        missed = [i for i, action in advice.actions.items() if action in self._missed]
        level_N[missed] = 0
        best = int(np.where(advice.open_N, level_N, -1.0).argmax())
        lead = float(level_N[best] - np.delete(level_N, best).max(initial=0.0))
        follows = advice.verdict == "follow"
        likely = not follows or advice.prior_N[best] >= self.config.prior
        leads = level_N[best] >= self.config.least and lead >= self.config.lead
        return best if likely and leads else None

    def observe(self, context: Context, answered: Answered) -> None:
        """Remember an action that was expected to win the level and did not."""
        if answered.other_level:
            self._missed.clear()
        elif answered.decision.source is self.source:
            self._missed.add(answered.decision.action)
