"""Handle Ctrl-C as a request: the loop finishes its step and saves before it stops.

A second Ctrl-C stops at once.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self


class StopOnRequest:
    """A context in which the first SIGINT or SIGTERM sets `asked`; the second acts as usual."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
