"""How far the policy is to be followed: on levels that training showed, while it is sure, and not
for ever.

Knows what is said of frames, surprise, the policy's own confidence, and counts of actions; knows no
model and no game. On a level that training never showed a policy is as good as chance, however sure
it is (docs/LOG.md), so there all is left to exploring. A policy that is lost may find back from
where the level began, so it starts the level over a few times; what does not win then is explored.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from arcworld.planning.surprise import RunningMean

GateDecision = Literal["follow", "start over", "explore"]


@dataclass(frozen=True)
class PolicyGateConfig:
    """Where trust ends.

    Attributes:
        familiar_nats: of the last `window` frames, half must surprise the world model less than
            this, in nats: off the paths of its demos a known game surprises now and then, too.
        min_window: where fewer frames came, the others surprised nobody.
        min_confidence: the probability of the policy's likeliest action must be so high in the
            mean.
        budget: actions that the policy has for a level, and again each time from its beginning;
            halved where exploring won, doubled again where the policy did.
        least_budget: it is never below.
        restarts: how often the policy starts a level over before it is left to exploring.
        evaluate_every: where the models are not asked, they look at every so manieth action only.
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
        budget: actions that the policy has for a level now.
        restarts: how often the level was set back.
        is_in_training: whether training showed a frame of the level, as far as it was played.
    """

    def __init__(self, config: PolicyGateConfig) -> None:
        self.config = config
        self.budget = config.budget
        self._nats = deque[float](maxlen=config.window)
        self.new_level()

    def new_level(self) -> None:
        """A level begins."""
        self.restarts, self.is_in_training = 0, False
        self._begin()

    def note_frame(self, *, shown: bool) -> None:
        """A frame of the level, and whether it stands in training."""
        self.is_in_training |= shown

    def start_over(self) -> None:
        """The level was set back by a RESET, anyone who sent it: the policy has another go."""
        if self.restarts < self.config.restarts:
            self._nats.clear()
            self._begin()
        self.restarts += 1

    def _begin(self) -> None:
        self._spent = 0
        self._confidence = RunningMean(rate=0.25)

    def level_won(self, *, explored: bool) -> None:
        """The level was won: anyone who won it has earned trust for the next."""
        budget = self.budget // 2 if explored else self.budget * 2
        self.budget = min(max(budget, self.config.least_budget), self.config.budget)

    def evaluates(self, action: int) -> bool:
        """Whether the models are to be asked at a game's so manieth action."""
        return self.asks or action % self.config.evaluate_every == 0

    def surprised(self, nats: float) -> None:
        """What came was so unlikely."""
        self._nats.append(nats)

    @property
    def asks(self) -> bool:
        """Whether the models have anything to say here: the level is known, and no surprise."""
        return self.is_in_training and not self.is_strange

    @property
    def is_strange(self) -> bool:
        """Whether the world model does not know this game, or what has become of it."""
        strange = sum(nats >= self.config.familiar_nats for nats in self._nats)
        return 2 * strange >= max(len(self._nats), self.config.min_window)

    @property
    def is_lost(self) -> bool:
        """Whether the policy led to where the world model is lost, and has another go."""
        return self.is_in_training and self.is_strange and self._may_start_over

    @property
    def _may_start_over(self) -> bool:
        return self._spent > 0 and self.restarts < self.config.restarts

    def decide(self, likeliest: float, *, may_reset: bool) -> GateDecision:
        """What to do where the policy gives this probability to the likeliest action that is left,
        those taken here before counting less. One that never was sure since the level began does
        not start it over.
        """
        self._confidence.update(likeliest)
        if not self.asks:
            return "explore"
        if self._spent < self.budget and self._confidence.value >= self.config.min_confidence:
            self._spent += 1
            return "follow"
        return "start over" if may_reset and self._may_start_over else "explore"
