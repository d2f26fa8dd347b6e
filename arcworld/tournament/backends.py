"""Many plays at once: an engine takes plays and gives back what is heard of them, as it is heard.

Knows processes of this machine; `ray_engine` knows a cluster. Neither knows what is done with the
results. A play whose process dies or falls silent is lost, and is a result that says so.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.play.toolkit_compat import import_toolkit
from arcworld.tournament.playing import play_once
from arcworld.tournament.results import PlayResult
from arcworld.tournament.settings import Play, Settings

TIMEOUT = 600.0
"""Seconds without an action after which a play is lost: a game or an agent that hangs."""
REPORT_EVERY = 0.5
"""Seconds between two words of a play on how far it is."""


@dataclass(frozen=True, slots=True)
class Tick:
    """How far a play is."""

    play: Play
    actions: int
    levels: int


type Events = Generator[Tick | PlayResult]
type Backend = Callable[[Settings, Sequence[Play], int], Events]


def backend(name: str) -> Backend:
    """An engine by name.

    Raises:
        ArcworldError: no such engine, or one whose package is not installed.
    """
    if name == "processes":
        return play_in_processes
    if name == "ray":
        from arcworld.tournament.ray_backend import import_ray, play_on_ray

        import_ray()
        return play_on_ray
    raise ArcworldError(f"no engine {name!r}; {did_you_mean(name, ('processes', 'ray'))}")


def cores() -> int:
    """CPU cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def lost(play: Play, why: str, tick: Tick | None = None) -> PlayResult:
    """The result of a play whose process is gone; its score is not known, and counts 0."""
    levels, actions = (tick.levels, tick.actions) if tick else (0, 0)
    return PlayResult(*play.key, levels_completed=levels, actions=actions, error=why)


def play_in_processes(settings: Settings, plays: Sequence[Play], workers: int) -> Events:
    """Each worker a process of its own that takes one play after the other, on one thread.

    Raises:
        ArcworldError: processes cannot be started from here.
    """
    context = multiprocessing.get_context("spawn")
    waiting = deque(plays)
    staff: list[_Worker] = []
    try:
        staff += [_Worker(context, settings) for _ in range(min(workers, len(plays)))]
        while waiting or any(worker.play for worker in staff):
            for worker in tuple(staff):
                yield from worker.hear()
                if worker.is_gone:
                    staff.remove(worker)
                    staff += [_Worker(context, settings)] if waiting else []
                elif worker.play is None and worker.is_ready and waiting:
                    worker.take(waiting.popleft())
            wait([worker.connection for worker in staff], timeout=1.0)
    finally:
        for worker in staff:
            worker.stop()


class _Worker:
    """A process as the tournament sees it."""

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
        """Give it a play."""
        self.play, self._tick, self._heard = play, None, time.monotonic()
        with contextlib.suppress(OSError):  # it died: `hear` will tell
            self.connection.send(play)

    def hear(self) -> Events:
        """What it has said since; a play that is over or lost is no longer its own."""
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
                f"a worker process cannot be started (exit code {self._exit_code()}); a script that"
                ' holds a tournament does so below `if __name__ == "__main__":`'
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
    """What starts inside computes on one thread: as many processes as cores share the machine."""
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
    """A worker's life. Ctrl-C is the tournament's to answer; where that is gone, so is this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _say_nothing()
    import_toolkit()  # seconds that no play is to answer for
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
    """Games print; a tournament's terminal is its own."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


@dataclass
class _ProgressSender:
    """Sends a word from time to time."""

    play: Play
    send: Callable[[Any], None]
    said: float = field(default_factory=time.monotonic)

    def __call__(self, actions: int, levels: int) -> None:
        now = time.monotonic()
        if now - self.said >= REPORT_EVERY:
            self.said = now
            self.send(Tick(self.play, actions, levels))
