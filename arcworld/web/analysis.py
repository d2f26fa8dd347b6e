"""A run's predictions for each step of a recording: requested steps first, the rest ahead of time.

All of it runs in the worker's thread. Work ahead continues while a page sends requests, and stops
soon after the page is closed.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

from arcworld.models.run import Run
from arcworld.tokens.sequence import CodedEpisode, encode_episode
from arcworld.web.predictions import StepPredictions, predict_step
from arcworld.web.recording_view import RecordingView

KEPT = 4
"""Analyses kept."""
PATIENCE = 5.0
"""Seconds without a request after which work ahead stops."""


class Analysis:
    """Predictions of one run for one recording.

    Attributes:
        done: predictions by step.
        next: the step where work ahead continues.
        asked: time of the last request.
    """

    def __init__(self, run: Run, recording_view: RecordingView) -> None:
        self.run, self.recording_view = run, recording_view
        self.done: dict[int, StepPredictions] = {}
        self.next, self.asked = 0, time.monotonic()
        self._coded: dict[int, CodedEpisode] = {}

    def step(self, number: int) -> StepPredictions:
        """Predictions for a step, computed if they are missing."""
        if number not in self.done:
            episode, t = self.recording_view.at(number)
            coded = self._codes(self.recording_view.places[number][0])
            self.done[number] = predict_step(self.run, coded, t, episode.available_actions(t))
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
            self.step(missing[0])
            self.next = missing[0] + 1
        made = {str(n): self.done[n].as_view() for n in wanted if n in self.done}
        return {"steps": made, "done": len(self.done), "of": len(self.recording_view)}

    def curve(self) -> list[float | None]:
        """The surprise of each step in nats; None where it is not computed yet."""
        numbers = range(len(self.recording_view))
        return [round(self.done[n].nats, 2) if n in self.done else None for n in numbers]

    def _codes(self, episode: int) -> CodedEpisode:
        if episode not in self._coded:
            self._coded[episode] = encode_episode(
                self.recording_view.episodes[episode], self.run.tokenizer
            )
        return self._coded[episode]


class Analyst:
    """Analyses by recording and run; the newest few are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], Analysis] = OrderedDict()

    def of(self, key: tuple[int, int], run: Run, recording_view: RecordingView) -> Analysis:
        """The analysis of a recording by a run, kept or new."""
        if key not in self._kept:
            self._kept[key] = Analysis(run, recording_view)
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
