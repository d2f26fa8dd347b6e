"""Fit the prior to levels whose goal is known, and measure the rank of the true goal.

The fit is a conditional logit (McFadden 1974): within each level the true hypotheses share the
probability 1. Families of games are held out together, since variants of a game share their goal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from arcworld.goals.features import Features, kind_of, matrix_of
from arcworld.goals.hypothesis import Hypothesis
from arcworld.goals.prior import Prior, mixed

ANY_COLOUR = -1
L2 = 0.003
"""Weight of the squared weights in the loss of a level, on average over families."""

type Truth = tuple[str, tuple[int, ...]]
"""Form with variant, and colours; () for any classes, `ANY_COLOUR` for any one colour."""


@dataclass(frozen=True, slots=True)
class Level:
    """The hypotheses of one level.

    Attributes:
        true_N: which of them are the level's goal, bool.
        scored: whether ranks are taken of it; all levels are fitted on.
    """

    game: str
    family: str
    hypotheses: list[Hypothesis]
    features: list[Features]
    true_N: NDArray[np.bool_]
    scored: bool


def is_true(hypothesis: Hypothesis, truths: Sequence[Truth]) -> bool:
    """Whether a hypothesis is one of the goals of its game; classes by shape never are.

    >>> from arcworld.goals.hypothesis import ClassKey
    >>> ends = (ClassKey(3), ClassKey(5))
    >>> is_true(Hypothesis("connect", ends), [("connect", (5, 3))])
    True
    >>> is_true(Hypothesis("reach", ends), [("reach", (-1, 4))])
    False
    """
    if any(key != key.coarse for key in hypothesis.classes):
        return False
    colours = tuple(key.colour for key in hypothesis.classes)
    return any(_agrees(hypothesis, colours, truth) for truth in truths)


def _agrees(hypothesis: Hypothesis, colours: tuple[int, ...], truth: Truth) -> bool:
    form, expected = truth
    if form not in (kind_of(hypothesis), hypothesis.form):
        return False
    if not expected:
        return True
    if hypothesis.form == "connect":
        return sorted(expected) == sorted(colours)
    pairs = zip(colours, expected, strict=False)
    same = all(e in (c, ANY_COLOUR) for c, e in pairs)
    return same and len(colours) == len(expected)


def fit(levels: Sequence[Level], l2: float = L2) -> dict[str, float]:
    """Weights that make the true hypotheses likely; each family counts as one level."""
    useful = [level for level in levels if level.true_N.any() and len(level.true_N) > 1]
    names = sorted({name for level in useful for row in level.features for name in row})
    per_family = Counter(level.family for level in useful)
    data = [
        (matrix_of(level.features, names), level.true_N, 1 / per_family[level.family])
        for level in useful
    ]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = l2 * float(weights @ weights), 2 * l2 * weights
        for features, true_N, share in data:
            probability = _softmax(features @ weights)
            stated = float(probability[true_N].sum())
            posterior = np.where(true_N, probability, 0) / stated
            value -= share * np.log(stated) / len(per_family)
            slope += share * ((probability - posterior) @ features) / len(per_family)
        return value, slope

    found = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B")
    return dict(zip(names, found.x.tolist(), strict=True))


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.exp(scores - scores.max())
    return np.maximum(shares / shares.sum(), 1e-12)


def cross_validated(
    levels: Sequence[Level], folds: int = 10, seed: int = 0, mix: bool = True
) -> list[tuple[Level, Prior]]:
    """Each scored level with a prior that was fitted without its family."""
    families = sorted({level.family for level in levels})
    shuffled = np.random.default_rng(seed).permutation(families)
    pairs: list[tuple[Level, Prior]] = []
    for fold in np.array_split(shuffled, folds):
        held_out = set(fold.tolist())
        weights = fit([level for level in levels if level.family not in held_out])
        prior = Prior(mixed(weights) if mix else weights)
        pairs += [(v, prior) for v in levels if v.family in held_out and v.scored]
    return pairs


def order_of(level: Level, prior: Prior) -> list[int]:
    """Numbers of the hypotheses, the most probable first."""
    scores = [prior.score(row) for row in level.features]
    return sorted(range(len(scores)), key=lambda n: (-scores[n], str(level.hypotheses[n])))


def rank_of(level: Level, prior: Prior) -> int | None:
    """1-based rank of the best true hypothesis; None where none was generated."""
    places = (k for k, n in enumerate(order_of(level, prior), 1) if level.true_N[n])
    return next(places, None)


def shares(
    ranks: Mapping[str, int | None], tops: Sequence[int] = (1, 3, 5, 10)
) -> dict[str, float]:
    """Percentage of games whose true goal is within each top, and of those that state it."""
    found = {
        f"top {top}": 100 * float(np.mean([r is not None and r <= top for r in ranks.values()]))
        for top in tops
    }
    return found | {"stated": 100 * float(np.mean([r is not None for r in ranks.values()]))}
