"""A recording as a run sees it, step by step: what is asked for first, the rest ahead of time.

Knows recordings and thoughts; knows nothing of HTTP. All of it happens in the worker's thread.
Work ahead goes on while a page asks for it, and stops soon after the page is gone.
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
"""Analyses held."""
PATIENCE = 5.0
"""Seconds without a question after which nothing is made ahead."""


class Analysis:
    """Thoughts of one run on one recording.

    Attributes:
        done: by step.
        next: the step where work ahead goes on.
        asked: when a page asked last.
    """

    def __init__(self, run: Run, recording_view: RecordingView) -> None:
        self.run, self.recording_view = run, recording_view
        self.done: dict[int, StepPredictions] = {}
        self.next, self.asked = 0, time.monotonic()
        self._coded: dict[int, CodedEpisode] = {}

    def step(self, number: int) -> StepPredictions:
        """Thoughts on a step; made where they are not there yet."""
        if number not in self.done:
            episode, t = self.recording_view.at(number)
            coded = self._codes(self.recording_view.places[number][0])
            self.done[number] = predict_step(self.run, coded, t, episode.available_actions(t))
        return self.done[number]

    def ahead(self) -> bool:
        """Make one step more; whether there was any."""
        steps = len(self.recording_view)
        for number in (*range(self.next, steps), *range(min(self.next, steps))):
            if number not in self.done:
                self.step(number)
                self.next = number + 1
                return True
        return False

    def ask(self, first: int, last: int) -> dict[str, Any]:
        """Views of a few steps, as far as they are made; work ahead goes on from the first that is
        not.
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
        """The surprise of each step in nats; None where it is not made yet."""
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
        """Some work for anyone who asked last; whether there was any."""
        now = time.monotonic()
        watched = [a for a in self._kept.values() if now - a.asked < PATIENCE]
        least = sorted(watched, key=lambda analysis: len(analysis.done))
        return any(analysis.ahead() for analysis in least)
