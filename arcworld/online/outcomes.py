"""Probability that an action ends the game or wins the level, by what the mover would touch.

Idea: base rates with back-off: everything, the action, the mover with what lies ahead, the look
that is clicked. A death or a win is rare, so one case of a context moves its rate by a third.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import NDArray

from arcworld.online.experts.objects import Subject
from arcworld.online.scene import Scene
from arcworld.online.trust import bounded
from arcworld.online.view import CLICK, Action, Outcome

START = np.array([0.98, 0.01, 0.01])
PRIOR_TRIES = 2.0


class OutcomeRates:
    """Counts of outcomes by context."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, NDArray[np.float64]] = {}

    def predict(self, contexts: Iterable[Hashable]) -> NDArray[np.float64]:
        """Probability of each `Outcome`, float64 [3]; contexts from general to special."""
        rates = START
        for context in contexts:
            counts = self._counts.get(context)
            if counts is not None:
                rates = (counts + PRIOR_TRIES * rates) / (counts.sum() + PRIOR_TRIES)
        return rates

    def add(self, contexts: Iterable[Hashable], outcome: Outcome) -> None:
        """Count one transition."""
        for context in contexts:
            counts = self._counts.setdefault(context, np.zeros(len(Outcome)))
            counts[int(outcome)] += 1
        bounded(self._counts)


def contexts_of(scene: Scene, action: Action, subjects: Iterable[Subject]) -> list[Hashable]:
    """Contexts of one action, general ones first."""
    contexts: list[Hashable] = ["all", action.id]
    if action.id == CLICK:
        _, part = scene.view.part_at(action.y or 0, action.x or 0)
        return [*contexts, ("clicked colour", part.colour), ("clicked", part.look)]
    for subject in subjects:
        if subject.step is not None:
            body = subject.body
            ahead = body.ahead(subject.step, scene.view.bits, scene.scratch)
            return [*contexts, ("ahead", body.lead.look, ahead)]
    return contexts
