"""Decide how long the policy is followed before the level is started over or explored.

On a level that training never showed, a policy is no better than chance, however confident it is
(docs/LOG.md); such levels are always explored. On a known level the policy is followed while it is
confident and the frames do not surprise the world model. If it fails, the level is started over a
few times, because the policy knows the level's first frame; then the level is explored.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from arcworld.planning.surprise import RunningMean

GateDecision = Literal["follow", "start over", "explore"]


@dataclass(frozen=True)
class PolicyGateConfig:
    """Limits of following the policy.

    Attributes:
        familiar_nats: a frame with at least this surprise, in nats, is strange. A game is strange
            if half of the last `window` frames are: single surprises also occur in known games.
        window: number of frames considered.
        min_window: with fewer frames than this, the missing ones count as not strange.
        min_confidence: minimum of the running mean of the probability of the policy's most probable
            action.
        budget: number of actions of the policy on a level, counted again after each restart. Halved
            when exploring won a level, doubled up to this value when the policy did.
        least_budget: lower limit of the budget.
        restarts: number of times that the policy starts a level over before the level is explored.
        evaluate_every: where the models do not decide, surprise is measured only at every such
            action.
    """

    familiar_nats: float = 30.0
    window: int = 50
    min_window: int = 10
    min_confidence: float = 0.5
    budget: int = 100
    least_budget: int = 20
    restarts: int = 3
    evaluate_every: int = 8


class PolicyGate:
    """Follows one game, level by level.

    Attributes:
        budget: number of actions that the policy currently has for a level.
        restarts: number of times that the level was reset.
        is_in_training: whether training showed a frame of this level.
    """

    def __init__(self, config: PolicyGateConfig) -> None:
        self.config = config
        self.budget = config.budget
        self._nats = deque[float](maxlen=config.window)
        self.new_level()

    def new_level(self) -> None:
        """Start a level."""
        self.restarts, self.is_in_training = 0, False
        self._begin()

    def note_frame(self, *, shown: bool) -> None:
        """Note a frame of the level.

        Args:
            shown: whether training showed it.
        """
        self.is_in_training |= shown

    def start_over(self) -> None:
        """Note a RESET of the level, whichever part sent it: the policy's count of actions starts
        again."""
        if self.restarts < self.config.restarts:
            self._nats.clear()
            self._begin()
        self.restarts += 1

    def _begin(self) -> None:
        self._spent = 0
        self._confidence = RunningMean(rate=0.25)

    def level_won(self, *, explored: bool) -> None:
        """Adapt the budget after a won level: halve it if exploring won, double it if the policy
        did."""
        budget = self.budget // 2 if explored else self.budget * 2
        self.budget = min(max(budget, self.config.least_budget), self.config.budget)

    def evaluates(self, action: int) -> bool:
        """Whether surprise is measured at this action (its number in the game)."""
        return self.asks or action % self.config.evaluate_every == 0

    def surprised(self, nats: float) -> None:
        """Note the surprise of a frame, in nats."""
        self._nats.append(nats)

    @property
    def asks(self) -> bool:
        """Whether the models decide: training showed the level, and the game is not strange."""
        return self.is_in_training and not self.is_strange

    @property
    def is_strange(self) -> bool:
        """Whether at least half of the recent frames surprised the world model."""
        strange = sum(nats >= self.config.familiar_nats for nats in self._nats)
        return 2 * strange >= max(len(self._nats), self.config.min_window)

    @property
    def is_lost(self) -> bool:
        """Whether the policy led to strange frames on a known level and may start over."""
        return self.is_in_training and self.is_strange and self._may_start_over

    @property
    def _may_start_over(self) -> bool:
        return self._spent > 0 and self.restarts < self.config.restarts

    def decide(self, likeliest: float, *, may_reset: bool) -> GateDecision:
        """Return what to do next.

        A policy that was never confident since the level began does not start it over.

        Args:
            likeliest: the policy's highest probability among usable actions, lowered for actions
                that were taken in this state.
            may_reset: whether RESET is legal.
        """
        self._confidence.update(likeliest)
        if not self.asks:
            return "explore"
        if self._spent < self.budget and self._confidence.value >= self.config.min_confidence:
            self._spent += 1
            return "follow"
        return "start over" if may_reset and self._may_start_over else "explore"
