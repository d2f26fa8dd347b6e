"""Batches made while the step before is under way, so that no step waits for its own.

Knows draws; knows nothing of what is drawn. A batch is a function of its draw alone, so the results
are those of making each when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from arcworld.training.loop import Draw


class Prefetcher[T]:
    """Makes what a draw tells of, and in another thread what the next step's will."""

    def __init__(self, make: Callable[[Draw], T]) -> None:
        self._make = make
        self._thread = ThreadPoolExecutor(1)
        self._next: tuple[Draw, Future[T]] | None = None

    def take(self, draw: Draw) -> T:
        """What `draw` tells of; an error of making it is raised here.

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
