"""One question put to a run, with its answer in words and the measures behind it.

Knows text and estimates; knows nothing of how anything was measured.
"""

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
        question: as one would ask it.
        verdict: a word or three; `words`: one sentence with the numbers that decided.
        lines: every measure behind it, baselines among them.
        note: how to read them.
    """

    key: str
    question: str
    verdict: str
    words: str
    lines: Sequence[Measure]
    note: str = ""

    def line(self, name: str) -> Measure | None:
        """A measure by its name."""
        return next((line for line in self.lines if line.name == name), None)

    def value(self, name: str, game: str = "all") -> Estimate | None:
        """What a measure came to in a game."""
        line = self.line(name)
        return line.by_game.get(game) if line else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        measures = {line.name: line.as_dict() for line in self.lines}
        return {
            "question": self.question,
            "verdict": self.verdict,
            "words": self.words,
            "measures": measures,
        }


def as_text(estimate: Estimate | None, unit: Unit) -> str:
    """A value with its interval.

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
