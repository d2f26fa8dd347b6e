"""Confidence of a predicted frame: a logistic regression over the evidence for it.

The product of the claims' trust is a weak predictor early in a game, and its calibration within the
game is known only later. The regression combines both with how often frames of the same action, the
same claims and the same target were right so far. Its weights are fitted on games for development
(`scripts/fit_frame_confidence`; only relative evidence, no colour or position). After Platt (1999).
Measured with families of games held out: docs/LOG.md, "online model: confidence".
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from arcworld.online.claims import Claim
from arcworld.online.trust import Calibration, HitRates
from arcworld.online.view import CLICK

FILE = "confidence.json"
PRIOR = 0.7
"""Rate of right frames of a kind that did not occur yet."""
SUREST = 0.999

type Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence for and against one predicted frame.

    Attributes:
        action_id: the action.
        bin: bin of the frame's raw confidence in the calibration.
        kinds: name -> kind of the frame; each kind has its own hit rate.
        features: inputs of the regression.
    """

    action_id: int
    bin: Hashable
    kinds: Mapping[str, Hashable]
    features: Features


def logit(probability: float) -> float:
    """Log odds, with probabilities kept off 0 and 1.

    >>> round(logit(0.9), 3), round(logit(1.0), 3)
    (2.197, 6.907)
    """
    kept = min(max(probability, 1 - SUREST), SUREST)
    return math.log(kept / (1 - kept))


@cache
def shipped_weights() -> Mapping[str, float]:
    """Weights by feature, `bias` among them."""
    return json.loads((files("arcworld.online") / FILE).read_text(encoding="utf-8"))


class FrameConfidence:
    """Keeps the rates of one game."""

    def __init__(self) -> None:
        self._calibration = Calibration()
        self._unclaimed = HitRates(0.95)
        self._rates = HitRates(0.95, 1.0)
        self._weights = shipped_weights()

    def evidence(
        self,
        action_id: int,
        target: Hashable,
        chosen: Sequence[Claim],
        agreeing: int,
        record: float,
        ticking: float,
    ) -> Evidence:
        """Gather the evidence for a frame.

        Args:
            action_id: the action.
            target: what is clicked; None for other actions.
            chosen: the claims that make the frame.
            agreeing: how many subsets of experts predict the same frame.
            record: utility of the subset that made it, 0 to 1.
            ticking: trust in the least trusted status bar.
        """
        known = 1 - self._unclaimed.rate(action_id, 0.5)
        claims = [claim for claim in chosen if claim.verb not in ("stay", "tick")]
        raw = known
        for claim in chosen:
            if claim.verb != "tick":
                raw *= claim.trust
        bin_ = int(raw * 6), bool(claims), min(agreeing, 4)
        made_by = frozenset((claim.expert, claim.rule, claim.verb) for claim in claims)
        kinds: dict[str, Hashable] = {
            "action": action_id,
            "target": (action_id, target),
            "claims": made_by,
            "action, claims": (action_id, made_by),
        }
        staying = sum(claim.verb == "stay" for claim in chosen)
        features = {
            "raw": logit(raw),
            "bin": logit(self._calibration.confidence(bin_, raw)),
            "known": logit(known),
            "agreeing": float(agreeing),
            "record": record,
            "staying": math.log1p(staying),
            "bars": logit(ticking),
            "click": float(action_id == CLICK),
            "recalled": float(any(claim.expert == "recall" for claim in claims)),
        }
        for name, kind in kinds.items():
            features[f"rate of {name}"] = logit(self._rates.rate((name, kind), PRIOR))
            features[f"tries of {name}"] = math.log1p(self._rates.tries((name, kind)))
        return Evidence(action_id, bin_, kinds, features)

    def confidence(self, evidence: Evidence) -> float:
        """Probability that the whole frame is right."""
        weights = self._weights
        score = weights.get("bias", 0.0)
        for name, value in evidence.features.items():
            score += weights.get(name, 0.0) * value
        return 1 / (1 + math.exp(-min(max(score, -30.0), 30.0)))

    def learn(self, evidence: Evidence, right: bool, claims_held: bool) -> None:
        """Count one frame; `claims_held`: all of its claims were right."""
        self._calibration.add(evidence.bin, right)
        for name, kind in evidence.kinds.items():
            self._rates.add((name, kind), right)
        if claims_held:
            self._unclaimed.add(evidence.action_id, not right)
