"""How far the policy is to be followed: while the game is known, the policy sure, and not for ever.

Knows surprise, the policy's own confidence, and counts of actions; knows no model and no game. A
policy that is lost may find back from where the level began, so it starts the level over once; what
does not win then is left to exploring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arcworld.planning.surprise import RunningMean

Verdict = Literal["follow", "start over", "explore"]


@dataclass(frozen=True)
class TrustConfig:
    """Where trust ends.

    Attributes:
        familiar_nats: frames must surprise the world model less than this in the mean, in nats a
            frame.
        sure: the probability of the policy's likeliest action must be so high in the mean.
        patience: actions that the policy has for a level, and once more from its beginning; halved
            where exploring won, doubled again where the policy did.
        least_patience: it is never below.
    """

    familiar_nats: float = 30.0
    sure: float = 0.5
    patience: int = 100
    least_patience: int = 20


class Trust:
    """Follows one game, level by level."""

    def __init__(self, config: TrustConfig) -> None:
        self.config = config
        self.patience = config.patience
        self._nats = RunningMean(rate=0.1)
        self.enter()

    def enter(self) -> None:
        """A level begins."""
        self._restarted = False
        self._begin()

    def start_over(self) -> None:
        """The level was set back by a RESET, whoever sent it: the policy has one more go."""
        if not self._restarted:
            self._begin()
        self._restarted = True

    def _begin(self) -> None:
        self._spent = 0
        self._sure = RunningMean(rate=0.25)

    def settle(self, *, explored: bool) -> None:
        """The level was won: whoever won it has earned trust for the next."""
        patience = self.patience // 2 if explored else self.patience * 2
        self.patience = min(max(patience, self.config.least_patience), self.config.patience)

    def surprised(self, nats: float) -> None:
        """What came was so unlikely."""
        self._nats.update(nats)

    @property
    def is_strange(self) -> bool:
        """Whether the world model does not know this game."""
        return self._nats.value >= self.config.familiar_nats

    def verdict(self, likeliest: float, *, may_reset: bool) -> Verdict:
        """What to do where the policy gives its likeliest action this probability."""
        self._sure.update(likeliest)
        if self.is_strange:
            return "explore"
        if self._spent < self.patience and self._sure.value >= self.config.sure:
            self._spent += 1
            return "follow"
        return "start over" if may_reset and not self._restarted else "explore"
