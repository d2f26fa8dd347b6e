"""Trust: running hit rates by kind of claim, outcomes by context, and calibration by bins.

Everything decays, so that what a game no longer does is forgotten, and every table is bounded.
"""

from __future__ import annotations

from collections.abc import Hashable

TABLE_LIMIT = 60_000
"""Contexts kept in one table; the oldest tenth is dropped beyond."""


type Count = tuple[float, float]
"""Hits and tries, decayed."""


def decayed(count: Count, hit: bool, decay: float = 0.97) -> Count:
    """A count with one more try."""
    return count[0] * decay + hit, count[1] * decay + 1


def bounded[K, V](table: dict[K, V], limit: int = TABLE_LIMIT) -> None:
    """Drop the oldest tenth of a table that is over its limit."""
    if len(table) > limit:
        for key in list(table)[: limit // 10]:
            del table[key]


class HitRates:
    """Running hit rate by key: exponential average with a prior that is worth some tries."""

    def __init__(self, decay: float = 0.98, prior_tries: float = 2.0) -> None:
        self.decay, self.prior_tries = decay, prior_tries
        self._counts: dict[Hashable, Count] = {}

    def rate(self, key: Hashable, prior: float) -> float:
        """Smoothed share of hits."""
        hits, tries = self._counts.get(key, (0.0, 0.0))
        return (hits + self.prior_tries * prior) / (tries + self.prior_tries)

    def tries(self, key: Hashable) -> float:
        """Decayed number of tries."""
        return self._counts.get(key, (0.0, 0.0))[1]

    def add(self, key: Hashable, hit: bool) -> None:
        """Count one try."""
        self._counts[key] = decayed(self._counts.get(key, (0.0, 0.0)), hit, self.decay)
        bounded(self._counts)


def size_class(total: float) -> int:
    """How much evidence a context has: 0 one case, 1 two, 2 up to four, 3 more."""
    return 0 if total < 1.5 else 1 if total < 2.5 else 2 if total < 4.5 else 3


class OutcomeTable[O: Hashable]:
    """Decayed counts of outcomes by context; the most frequent outcome is kept ready."""

    MOST_OUTCOMES = 12

    def __init__(self, decay: float = 0.95) -> None:
        self.decay = decay
        self._counts: dict[Hashable, dict[O, float]] = {}
        self._best: dict[Hashable, tuple[O, float, float]] = {}

    def best(self, key: Hashable) -> tuple[O, float, float] | None:
        """(most frequent outcome, its weight, weight of all), or None for a new context."""
        return self._best.get(key)

    def add(self, key: Hashable, outcome: O) -> None:
        """Count one outcome."""
        counts = self._counts.get(key)
        if counts is None:
            self._counts[key] = {outcome: 1.0}
            self._best[key] = outcome, 1.0, 1.0
            bounded(self._counts)
            bounded(self._best)
            return
        for other in counts:
            counts[other] *= self.decay
        counts[outcome] = counts.get(outcome, 0.0) + 1
        if len(counts) > self.MOST_OUTCOMES:
            del counts[min(counts, key=counts.__getitem__)]
        best = max(counts, key=counts.__getitem__)
        self._best[key] = best, counts[best], sum(counts.values())


class Calibration:
    """Share of whole frames right by bin; a bin without cases has the raw confidence."""

    def __init__(self, decay: float = 0.98, prior_tries: float = 1.5) -> None:
        self._rates = HitRates(decay, prior_tries)

    def confidence(self, bin_: Hashable, raw: float) -> float:
        """Calibrated probability."""
        return self._rates.rate(bin_, raw)

    def add(self, bin_: Hashable, right: bool) -> None:
        """Count one frame."""
        self._rates.add(bin_, right)


class Disagreements:
    """Ranks subsets of experts by who was right where they disagreed (exponential average).

    Leaving this out cost the prototype 5.2 points of whole frames (the largest of its parts).
    """

    RATE = 0.1

    def __init__(self, start: dict[str, float]) -> None:
        self._start = start
        self._records: dict[tuple[str, Hashable], float] = {}

    def record(self, name: str, context: Hashable) -> float:
        """Average utility of a subset, 0 to 1."""
        return self._records.get((name, context), self._start[name])

    def best(self, context: Hashable) -> str:
        """The subset to follow; the earlier one among equals."""
        return max(self._start, key=lambda name: self.record(name, context))

    def add(self, name: str, context: Hashable, utility: float) -> None:
        """Count one disagreement."""
        old = self.record(name, context)
        self._records[name, context] = old + self.RATE * (utility - old)
