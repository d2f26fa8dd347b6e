"""The answer to one question about a run: a verdict, a sentence, and the measures behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arcworld.diagnosis.estimates import Estimate, Measure, Unit

NOTHING = "-"


@dataclass(frozen=True)
class Finding:
    """The answer to one question.

    Attributes:
        key: a short name for JSON and tables.
        question: in words.
        verdict: one to three words.
        words: one sentence with the numbers that decided.
        lines: all measures behind it, baselines included.
        note: how to read the measures.
    """

    key: str
    question: str
    verdict: str
    words: str
    lines: Sequence[Measure]
    note: str = ""

    def line(self, name: str) -> Measure | None:
        """Return a measure by its name."""
        return next((line for line in self.lines if line.name == name), None)

    def value(self, name: str, game: str = "all") -> Estimate | None:
        """Return the estimate of a measure in a game."""
        line = self.line(name)
        return line.by_game.get(game) if line else None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        measures = {line.name: line.as_dict() for line in self.lines}
        return {
            "question": self.question,
            "verdict": self.verdict,
            "words": self.words,
            "measures": measures,
        }


def as_text(estimate: Estimate | None, unit: Unit) -> str:
    """Format a value with its interval.

    >>> as_text(Estimate(0.256, 0.2, 0.31, 40), "share"), as_text(None, "share")
    ('25.6 % (20.0 to 31.0)', '-')
    >>> as_text(Estimate(-0.031, None, None, 40), "points"), as_text(Estimate(0, 0, 0, 9), "number")
    ('-3.1 points', '0.000 (0.000 to 0.000)')
    """
    if estimate is None:
        return NOTHING
    scale, places, suffix = {
        "share": (100, 1, " %"),
        "points": (100, 1, " points"),
        "number": (1, 3, ""),
    }[unit]
    value = f"{scale * estimate.value:.{places}f}{suffix}"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} ({scale * estimate.low:.{places}f} to {scale * estimate.high:.{places}f})"
