"""Prefetch batches: the next one is made in another thread while the present step runs.

A batch depends only on its `Draw`, so prefetching does not change the results.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from arcworld.training.loop import Draw


class Prefetcher[T]:
    """Makes the batch of a draw, and in another thread that of the next step."""

    def __init__(self, make: Callable[[Draw], T]) -> None:
        self._make = make
        self._thread = ThreadPoolExecutor(1)
        self._next: tuple[Draw, Future[T]] | None = None

    def take(self, draw: Draw) -> T:
        """Return the batch of `draw`; an error in making it is raised here.

        >>> Prefetcher(lambda draw: draw.key).take(Draw(4, (0, 7)))
        (0, 7)
        """
        if self._next is not None and self._next[0] == draw:
            made = self._next[1].result()
        else:
            made = self._thread.submit(self._make, draw).result()
        seed, step = draw.key
        after = replace(draw, key=(seed, step + 1))
        self._next = after, self._thread.submit(self._make, after)
        return made
