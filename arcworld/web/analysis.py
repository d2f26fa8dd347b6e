"""A model's predictions for each step of a recording: requested steps first, the rest ahead.

All of it runs in the worker's thread. Work ahead continues while a page sends requests, and stops
soon after the page is closed. A model that learns predicts the steps in order, so a step far ahead
has to wait.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

from arcworld.web.predictions import StepPredictions
from arcworld.web.recording_view import RecordingView
from arcworld.web.viewed_models import ViewedModel

KEPT = 4
"""Analyses kept."""
PATIENCE = 5.0
"""Seconds without a request after which work ahead stops."""
LEARNED_AT_ONCE = 64
"""Steps that a model learns during one request."""


class Analysis:
    """Predictions of one model for one recording.

    Attributes:
        done: predictions by step.
        next: the step where work ahead continues.
        asked: time of the last request.
    """

    def __init__(self, model: ViewedModel, recording_view: RecordingView) -> None:
        self.model, self.recording_view = model, recording_view
        self.done: dict[int, StepPredictions] = {}
        self.next, self.asked = 0, time.monotonic()
        self._predict = model.predict_recording(recording_view)

    def step(self, number: int) -> StepPredictions:
        """Predictions for a step, computed if they are missing."""
        self.recording_view.at(number)  # raises where there is no such step
        first = min(len(self.done), number) if self.model.learns else number
        for missing in range(first, number + 1):
            if missing not in self.done:
                self.done[missing] = self._predict(missing)
        return self.done[number]

    def ahead(self) -> bool:
        """Compute one more step; whether one was missing."""
        steps = len(self.recording_view)
        for number in (*range(self.next, steps), *range(min(self.next, steps))):
            if number not in self.done:
                self.step(number)
                self.next = number + 1
                return True
        return False

    def ask(self, first: int, last: int) -> dict[str, Any]:
        """Views of the requested steps that are computed; the first missing one is computed now,
        and work ahead continues behind it.
        """
        self.asked = time.monotonic()
        wanted = range(max(first, 0), min(last, len(self.recording_view)))
        missing = [number for number in wanted if number not in self.done]
        if missing:
            far = len(self.done) + LEARNED_AT_ONCE - 1
            number = min(missing[0], far) if self.model.learns else missing[0]
            self.step(number)
            self.next = number + 1
        made = {str(n): self.done[n].as_view() for n in wanted if n in self.done}
        return {"steps": made, "done": len(self.done), "of": len(self.recording_view)}

    def curve(self) -> list[float | None]:
        """The surprise of each step in nats; None where it is not computed yet."""
        numbers = range(len(self.recording_view))
        return [round(self.done[n].nats, 2) if n in self.done else None for n in numbers]


class Analyst:
    """Analyses by recording and model; the newest few are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], Analysis] = OrderedDict()

    def of(
        self, key: tuple[int, int], model: ViewedModel, recording_view: RecordingView
    ) -> Analysis:
        """The analysis of a recording by a model, kept or new."""
        if key not in self._kept:
            self._kept[key] = Analysis(model, recording_view)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def ahead(self) -> bool:
        """One step for the least advanced analysis in use; whether there was any."""
        now = time.monotonic()
        watched = [a for a in self._kept.values() if now - a.asked < PATIENCE]
        least = sorted(watched, key=lambda analysis: len(analysis.done))
        return any(analysis.ahead() for analysis in least)
