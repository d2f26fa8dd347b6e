"""Show the progress of a stage and the time left: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, Self

_LINE_EVERY = 15.0


class Progress:
    """Shows progress on standard error; one line every 15 seconds if that is not a terminal.

    Args:
        name: of the stage.
        total: number of steps.
        done: number of steps that were done before.
        shown: False in all processes of a training but the first.
    """

    def __init__(self, name: str, total: int, done: int = 0, *, shown: bool = True) -> None:
        self.name, self.total, self.start, self.shown = name, total, done, shown
        self._began = self._said = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        if self.shown and sys.stderr.isatty():
            self._bar = _rich_bar()
            self._bar.start()
            self._task = self._bar.add_task(
                self.name, total=self.total, completed=self.start, note=""
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, measures: Mapping[str, float]) -> None:
        """Show that `done` of all steps are done, with the first four measures."""
        if not self.shown:
            return
        note = "  ".join(f"{name} {value:.3g}" for name, value in list(measures.items())[:4])
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=note)
            return
        now = time.monotonic()
        if done == self.total or now - self._said >= _LINE_EVERY:
            self._said = now
            left = (now - self._began) / max(done - self.start, 1) * (self.total - done)
            line = f"{self.name}: {done}/{self.total}, {clock(left)} left  {note}"
            print(line, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds.

    >>> clock(125)
    '2:05'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _rich_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description:>11}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
        console=Console(stderr=True),
    )
