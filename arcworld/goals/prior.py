"""The prior of a hypothesis: a linear score of its features, fitted on games with known goals.

Half of the score is fitted (conditional logit over the hypotheses of a level, McFadden 1974), half
is set by hand: what a fit with families held out cannot learn, because it never saw the form win.
`scripts/fit_goal_prior` writes the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from arcworld.goals.features import Features, features_of
from arcworld.goals.hypothesis import Hypothesis
from arcworld.goals.scene import Scene

FILE = "prior.json"
HAND: Mapping[str, float] = {
    "none": -1.0, "none group": -1.5, "cover": -1.5, "sequence visit": -2.5,
    "sequence cover": -3.5, "connect": -1.0, "connect unseen": -2.0, "meet": -4.0,
    "none|clicks": 1.0, "none group|clicks": 0.5, "connect|clicks": 0.5,
    "reach|clicks": -2.0, "cover|clicks": -1.0,
    "reach|goals=1": 1.0, "reach|goals=few": 0.5, "reach|goals=many": -1.5,
    "sequence visit|goals=1": 1.0, "sequence cover|goals=1": 1.0,
    "none|goals=many": -0.7, "cover|goals=many": -0.7, "none group|goals=many": -0.7,
    "reach|avatar": 2.0, "sequence visit|avatar": 2.0,
    "reach|mover changed": -1.0, "cover|mover changed": -1.0, "cover|mover moved": 0.5,
    "cover|equal counts": 1.0, "sequence cover|equal counts": 1.0,
    "reach|same shape": 0.7, "cover|same shape": 0.7, "sequence visit|same shape": 0.7,
    "reach|one mover": 0.5, "cover|one mover": 0.5, "sequence visit|one mover": 0.5,
    "at the rim": -1.0, "reach|moved": -0.5, "cover|moved": -0.5,
    "none|changed": 0.8, "reach|far": 0.6, "cover|far": 0.6, "sequence visit|far": 0.6,
    "connect|single ends": 1.0, "connect unseen|single ends": 1.0, "none group|everything": 0.5,
    "reach|mover still": -2.0, "sequence visit|mover still": -2.0, "cover|mover still": -0.5,
    "match copy": -0.5, "match mirror": -3.0, "match colours": -1.5, "match copy, then enter": 0.5,
    "match|thing": -1.0, "match|panel": 2.0, "match|thumbnail": 2.0, "match|alike": 1.0,
    "match|one changed": 2.0, "match|none changed": -1.0, "match|all changed": -1.0,
    "hints": 0.0, "hints|solved": 4.0, "align": -1.0,
    "reach|by shape": -1.0, "none|by shape": -1.0, "cover|by shape": -1.0,
}  # fmt: skip
"""Scores set by hand."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Scores of hypotheses before anything was tried.

    Attributes:
        weights: by name of the feature.
        stated: share of games whose goal is among the hypotheses.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: HAND)
    stated: float = 0.7

    def score(self, features: Features) -> float:
        """Score in logits; the higher, the likelier."""
        return sum(self.weights.get(name, 0.0) * value for name, value in features.items())

    def scores(self, hypotheses: list[Hypothesis], scene: Scene) -> list[float]:
        """Scores of the hypotheses about one scene."""
        return [self.score(features_of(h, scene)) for h in hypotheses]


def mixed(fitted: Mapping[str, float], hand: Mapping[str, float] = HAND) -> dict[str, float]:
    """The mean of fitted and hand-set weights."""
    names = sorted({*fitted, *hand})
    return {name: (fitted.get(name, 0.0) + hand.get(name, 0.0)) / 2 for name in names}


@cache
def shipped_prior() -> Prior:
    """The prior of the package; the hand-set one where no file was shipped."""
    path = files("arcworld.goals") / FILE
    if not path.is_file():
        return Prior()
    data = json.loads(path.read_text(encoding="utf-8"))
    return Prior(data["weights"], data["stated"])
