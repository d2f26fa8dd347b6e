"""Run many plays at once; a backend takes plays and yields their progress and results.

This module runs processes on this machine, `ray_backend` runs tasks on a cluster. If the process of
a play dies or hangs, its result has the error.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.play.toolkit_compat import import_toolkit
from arcworld.tournament.events import Events, Tick, lost
from arcworld.tournament.playing import play_once
from arcworld.tournament.results import PlayResult
from arcworld.tournament.settings import Play, Settings

TIMEOUT = 600.0
"""Seconds without an action after which a play counts as lost: its game or agent hangs."""
REPORT_EVERY = 0.5
"""Minimum seconds between two progress messages of a play."""


type Backend = Callable[[Settings, Sequence[Play], int], Events]


def backend(name: str) -> Backend:
    """Return a backend by its name.

    Raises:
        ArcworldError: the name is unknown, or a package is not installed.
    """
    if name == "processes":
        return play_in_processes
    if name == "ray":
        from arcworld.tournament.ray_backend import import_ray, play_on_ray

        import_ray()
        return play_on_ray
    raise ArcworldError(f"no backend {name!r}; {did_you_mean(name, ('processes', 'ray'))}")


def cores() -> int:
    """Number of CPU cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def play_in_processes(settings: Settings, plays: Iterable[Play], workers: int) -> Events:
    """Run plays in worker processes, each with one thread and one play at a time.

    The next play is taken from `plays` when a worker is free for it.

    Raises:
        ArcworldError: processes cannot be started from here.
    """
    context = multiprocessing.get_context("spawn")
    waiting = _Waiting(plays)
    staff: list[_Worker] = []
    try:
        while waiting.has_more() or any(worker.play for worker in staff):
            while waiting.has_more() and len(staff) < workers:
                staff.append(_Worker(context, settings))
            for worker in tuple(staff):
                yield from worker.hear()
                if worker.is_gone:
                    staff.remove(worker)
                elif worker.play is None and worker.is_ready and waiting.has_more():
                    worker.take(waiting.take())
            wait([worker.connection for worker in staff], timeout=1.0)
    finally:
        for worker in staff:
            worker.stop()


class _Waiting:
    """Plays that are not yet given to a worker; looks one ahead."""

    def __init__(self, plays: Iterable[Play]) -> None:
        self._plays = iter(plays)
        self._next: Play | None = None

    def has_more(self) -> bool:
        """Whether a play is left."""
        if self._next is None:
            self._next = next(self._plays, None)
        return self._next is not None

    def take(self) -> Play:
        """The next play; `has_more` was true."""
        assert self._next is not None
        taken, self._next = self._next, None
        return taken


class _Worker:
    """A worker process, seen from the tournament."""

    def __init__(self, context: SpawnContext, settings: Settings) -> None:
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_work, args=(settings, theirs), daemon=True
        )
        with _one_thread_each():
            self.process.start()
        theirs.close()
        self.play: Play | None = None
        self.is_ready = self.is_gone = False
        self._tick: Tick | None = None
        self._heard = time.monotonic()

    def take(self, play: Play) -> None:
        """Send it a play."""
        self.play, self._tick, self._heard = play, None, time.monotonic()
        with contextlib.suppress(OSError):  # it died; `hear` reports it
            self.connection.send(play)

    def hear(self) -> Events:
        """Yield its messages since the last call; a finished or lost play is removed from it."""
        try:
            while self.connection.poll():
                yield from self._understand(self.connection.recv())
        except (EOFError, OSError):
            yield from self._give_up(f"its process died (exit code {self._exit_code()})")
            return
        if self.play is not None and time.monotonic() - self._heard > TIMEOUT:
            yield from self._give_up(f"no action in {TIMEOUT:.0f} seconds")

    def stop(self) -> None:
        """End the process."""
        self.connection.close()
        self.process.kill()
        self.process.join()

    def _understand(self, message: Tick | PlayResult | None) -> Events:
        self._heard = time.monotonic()
        if message is None:
            self.is_ready = True
            return
        if isinstance(message, Tick):
            self._tick = message
        else:
            self.play = None
        yield message

    def _give_up(self, why: str) -> Events:
        if not self.is_ready:
            raise ArcworldError(
                f"a worker process cannot be started (exit code {self._exit_code()}); expected"
                ' a script to run tournaments below `if __name__ == "__main__":`; move it there'
            )
        play, tick = self.play, self._tick
        self.stop()
        self.play, self.is_gone = None, True
        if play is not None:
            yield lost(play, why, tick)

    def _exit_code(self) -> int | None:
        self.process.join(timeout=5)
        return self.process.exitcode


@contextlib.contextmanager
def _one_thread_each() -> Generator[None]:
    """Processes started inside compute on one thread, since there is one process per core."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _work(settings: Settings, connection: Connection) -> None:
    """Main function of a worker. It ignores Ctrl-C, and ends when the tournament's process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _say_nothing()
    import_toolkit()  # takes seconds that must not count for a play
    connection.send(None)
    while True:
        try:
            play: Play = connection.recv()
        except EOFError:
            return
        connection.send(play_once(settings, play, _ProgressSender(play, connection.send)))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _say_nothing() -> None:
    """Discard standard output and error: games print."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


@dataclass
class _ProgressSender:
    """Sends progress, at most every `REPORT_EVERY` seconds."""

    play: Play
    send: Callable[[Any], None]
    said: float = field(default_factory=time.monotonic)

    def __call__(self, actions: int, levels: int) -> None:
        now = time.monotonic()
        if now - self.said >= REPORT_EVERY:
            self.said = now
            self.send(Tick(self.play, actions, levels))
