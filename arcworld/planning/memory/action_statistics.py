"""Success rates of kinds of actions, shared between states and levels.

A kind is a chain of contexts, from the most specific to the most general.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

type Contexts = tuple[Hashable, ...]
"""A chain of contexts, most specific first; the last one has a prior."""

FORGET = 24.0
"""Above this number of tries the counts are halved, because games change."""
DEPTH = 4
"""Maximum length of a chain."""


class BackoffRates:
    """A success rate for each chain of contexts; each context backs off to the next more general
    one.

    >>> chances = BackoffRates({"click": 0.5})
    >>> red, blue = chances.chain(("red square", "click")), chances.chain(("blue", "click"))
    >>> for _ in range(3): chances.count(red, False)
    >>> chances.all()[[red, blue]].round(3).tolist()
    [0.031, 0.125]
    """

    def __init__(self, priors: Mapping[str, float], weight: float = 1.0) -> None:
        """Start without tries.

        Args:
            priors: success rate of each most general context before any try.
            weight: number of tries that the more general context counts as.
        """
        self._priors, self._weight = priors, weight
        self._contexts: dict[Hashable, int] = {None: 0}
        self._chains: dict[Contexts, int] = {}
        self._counts_N2 = np.zeros((256, 2))
        self._chain_KD = np.zeros((256, DEPTH), dtype=np.int32)
        self._prior_K = np.zeros(256)

    def __len__(self) -> int:
        return len(self._chains)

    def chain(self, contexts: Contexts) -> int:
        """Return the number of a chain; a new chain gets the next number."""
        number = self._chains.get(contexts)
        if number is None:
            number = self._chains[contexts] = len(self._chains)
            if number == len(self._prior_K):
                self._chain_KD = np.concatenate([self._chain_KD, np.zeros_like(self._chain_KD)])
                self._prior_K = np.concatenate([self._prior_K, np.zeros_like(self._prior_K)])
            self._prior_K[number] = self._priors[str(contexts[-1])]
            for place, context in enumerate(reversed(contexts)):
                self._chain_KD[number, place] = self._context(context)
        return number

    def _context(self, context: Hashable) -> int:
        number = self._contexts.setdefault(context, len(self._contexts))
        if number == len(self._counts_N2):
            self._counts_N2 = np.concatenate([self._counts_N2, np.zeros_like(self._counts_N2)])
        return number

    def all(self) -> NDArray[np.float64]:
        """Success rate of every chain by its number, [K]."""
        known = len(self._chains)
        chance_K = self._prior_K[:known]
        for place in range(DEPTH):
            tried_K, won_K = self._counts_N2[self._chain_KD[:known, place]].T
            chance_K = (won_K + self._weight * chance_K) / (tried_K + self._weight)
        return chance_K

    def count(self, chain: int, success: bool) -> None:
        """Count one try in every context of a chain."""
        rows = [row for row in self._chain_KD[chain].tolist() if row]
        self._counts_N2[rows] += 1.0, float(success)
        much = self._counts_N2[rows, 0] > FORGET
        self._counts_N2[np.array(rows)[much]] /= 2

    def tried(self, context: Hashable) -> float:
        """Number of tries counted in a context."""
        return float(self._counts_N2[self._contexts.get(context, 0), 0])

    def fade(self, most: float) -> None:
        """Scale every context down to at most `most` tries, because a new level may differ."""
        self._counts_N2 *= np.minimum(1.0, most / np.maximum(self._counts_N2[:, :1], 1e-9))

    def fresh(self, keep: Callable[[Hashable], bool] = lambda _: False) -> BackoffRates:
        """Return a copy without chains, with the counts of the contexts that `keep` accepts."""
        new = BackoffRates(self._priors, self._weight)
        for context, number in self._contexts.items():
            if context is not None and keep(context) and self._counts_N2[number, 0]:
                copied = new._context(context)  # may put a larger array in place
                new._counts_N2[copied] = self._counts_N2[number]
        return new


class Kind(NamedTuple):
    """Kind of an action in a state, as far as success rates are concerned."""

    what: Contexts
    """What is done; predicts whether it changes anything."""
    after: Contexts
    """What was done before; predicts whether a change is new."""


class ActionStatistics:
    """Success rates of kinds of actions.

    Attributes:
        changes: rates at which an action changes anything.
        discovers: rates at which a change leads to a state never seen.
    """

    def __init__(
        self, changes: Mapping[str, float], discovers: Mapping[str, float], min_tries: float = 2.0
    ) -> None:
        """Start without tries.

        Args:
            changes, discovers: priors by most general context.
            min_tries: a kind whose second most general context has fewer tries gets novelty 1.
        """
        self.changes, self.discovers = BackoffRates(changes), BackoffRates(discovers)
        self.min_tries = min_tries
        self._clear()

    def _clear(self) -> None:
        self._kinds: dict[Kind, int] = {}
        self._parts: list[tuple[int, int]] = []
        self._rarely_tried: list[Hashable] = []

    def __len__(self) -> int:
        return len(self._kinds)

    def kind(self, kind: Kind) -> int:
        """Return the number of a kind; a new kind gets the next number."""
        number = self._kinds.get(kind)
        if number is None:
            number = self._kinds[kind] = len(self._parts)
            self._parts.append((self.changes.chain(kind.what), self.discovers.chain(kind.after)))
            self._rarely_tried.append(kind.what[-2])
        return number

    def count(self, kind: int, changed: bool, found: bool) -> None:
        """Count a try of a kind: whether it changed anything, and whether the change was new."""
        what, after = self._parts[kind]
        self.changes.count(what, changed)
        if changed:
            self.discovers.count(after, found)

    def novelties(self) -> list[float]:
        """Probability that an action of each kind, by number, leads to a state never seen.

        It is 1 for kinds with few tries, because their effect is worth knowing; below 0.9 for all
        others.
        """
        if not self._parts:
            return []
        what_K, after_K = np.array(self._parts).T
        promise_K = 0.9 * self.changes.all()[what_K] * self.discovers.all()[after_K]
        new = {c for c in set(self._rarely_tried) if self.changes.tried(c) < self.min_tries}
        if new:
            promise_K[[context in new for context in self._rarely_tried]] = 1.0
        return promise_K.tolist()

    def new_level(self, carried: float, keep: Callable[[Hashable], bool]) -> None:
        """Number kinds again; contexts that `keep` accepts keep up to `carried` tries."""
        self.changes.fade(carried)
        self.changes, self.discovers = self.changes.fresh(keep), self.discovers.fresh()
        self._clear()

    def recount(self, tried: list[tuple[int, bool]]) -> None:
        """Count again from pairs (kind, whether it changed anything)."""
        kinds = list(self._kinds)
        self.changes, self.discovers = self.changes.fresh(), self.discovers.fresh()
        self._clear()
        for kind in kinds:
            self.kind(kind)
        for number, changed in tried:
            self.changes.count(self._parts[number][0], changed)
