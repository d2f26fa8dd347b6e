"""One thread for all model and game work: requests of pages first, then work ahead of requests.

No locks are needed for what runs here, because only one job runs at a time.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class Worker:
    """A thread that runs jobs one at a time.

    Args:
        idle: does a little work ahead and returns whether there was any; called when no job waits.
    """

    def __init__(self, idle: Callable[[], bool] = lambda: False) -> None:
        self._idle = idle
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._is_new = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._work, name="arcworld-models", daemon=True)
        self._thread.start()

    def submit[T](self, job: Callable[[], T]) -> Future[T]:
        """Queue a job."""
        future: Future[T] = Future()
        with self._is_new:
            if not self._open:
                raise RuntimeError("the worker is closed")
            self._jobs.append((future, job))
            self._is_new.notify()
        return future

    async def run[T](self, job: Callable[[], T]) -> T:
        """Run a job and return its result or raise its exception."""
        return await asyncio.wrap_future(self.submit(job))

    def close(self) -> None:
        """Finish the current job and stop."""
        with self._is_new:
            self._open = False
            waiting = [future for future, _ in self._jobs]
            self._jobs.clear()
            self._is_new.notify()
        for future in waiting:
            future.cancel()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        more = False
        while True:
            with self._is_new:
                if self._open and not self._jobs and not more:
                    self._is_new.wait()
                if not self._open:
                    return
                job = self._jobs.popleft() if self._jobs else None
            if job is None:
                more = self._ahead()
            else:
                more = True
                _do(*job)

    def _ahead(self) -> bool:
        """Work ahead. A failure is ignored here; a request for the same work raises it again."""
        try:
            return self._idle()
        except Exception:
            return False


def _do(future: Future[Any], job: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(job())
    except BaseException as error:  # raised again where the result is awaited
        future.set_exception(error)
