"""Strategy RestartWhenLost: start a level over whose first frame the policy knows.

It does so where the policy led to frames that surprise the world model, and where the policy's
actions on the level are spent or it is no longer confident (`planning.policy_gate`).
"""

from __future__ import annotations

from arcworld.play.agent import Decision, Source
from arcworld.play.strategies.run_advice import RunAdvice
from arcworld.play.strategies.strategy import Answered, Context
from arcworld.recordings.episode import RESET, Action


class RestartWhenLost:
    """Proposes RESET a few times on each level; the limits are in `PolicyGateConfig`."""

    source = Source.RESTART

    def __init__(self, models: RunAdvice) -> None:
        self.models = models

    def begin(self, context: Context) -> None:
        """Nothing to do: the gate of the models counts restarts."""

    def propose(self, context: Context) -> Decision | None:
        """Return RESET, or None if the policy is not lost or RESET is not legal."""
        if RESET not in context.observation.legal_actions:
            return None
        if self.models.gate.is_lost:
            return self._restart("the world model's surprise is high here")
        advice = self.models.advice(context)
        if advice is None or advice.verdict != "start over":
            return None
        return self._restart("the policy does not win from here")

    def observe(self, context: Context, answered: Answered) -> None:
        """Nothing to do: the gate of the models counts restarts."""

    def _restart(self, why: str) -> Decision:
        return Decision(Action(RESET), f"start over: {why}", source=self.source)
