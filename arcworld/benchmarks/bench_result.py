"""A claim of speed: what ran, how long it took beside a baseline, and what no code can beat.

Knows clocks and the machine; knows nothing of models or recordings.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import torch

_SIDE, _GPU_SIDE = 1024, 8192
_BYTES = 1 << 27
"""More than caches hold, on a CPU and on a GPU."""


@dataclass(frozen=True)
class BenchResult:
    """One line of the table; times are medians in seconds.

    Attributes:
        name: what `--only` calls it.
        what: what is done.
        reference: what it is compared with.
        reference_s: how long that takes.
        ours_s: how long ours takes.
        roofline_s: how long it takes at least, by weights over measured bandwidth or operations
            over their measured peak; None where neither bounds it.
        unequal: answers that differ from the baseline's; `of` were compared.
        of: how many answers were compared.
        note: what else there is to know.
    """

    name: str
    what: str
    reference: str
    reference_s: float
    ours_s: float
    roofline_s: float | None
    unequal: int
    of: int
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.reference_s / self.ours_s

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "ratio": self.ratio}


@dataclass(frozen=True)
class Timer:
    """How often each thing is timed, and on what device."""

    repeats: int
    device: torch.device

    def seconds(self, *works: Callable[[], object]) -> list[float]:
        """The median of each of some works, timed in turn so that noise falls on all alike."""
        for work in works:
            work()
        times: list[list[float]] = [[] for _ in works]
        for _ in range(self.repeats):
            for taken, work in zip(times, works, strict=True):
                taken.append(self._once(work))
        return [statistics.median(taken) for taken in times]

    def _once(self, work: Callable[[], object]) -> float:
        self._settle()
        began = time.perf_counter()
        work()
        self._settle()
        return time.perf_counter() - began

    def _settle(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def roofline(
        self,
        module: torch.nn.Module,
        tokens: int,
        *,
        passes: int = 1,
        beside: float = 0.0,
        dtype: torch.dtype = torch.float32,
    ) -> float:
        """Seconds that `passes` over a module's weights and `tokens` through them take at least, in
        `dtype`: the larger of reading and multiplying. A training step is three passes; `beside`
        are operations a pass that no weight takes part in.
        """
        weights = sum(p.numel() for p in module.parameters())
        read = passes * dtype.itemsize * weights / bandwidth(self.device)
        worked = passes * (2 * weights * tokens + beside)
        return max(read, worked / operations(self.device, dtype))


@cache
def operations(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of a large product, measured."""
    side = _GPU_SIDE if device.type == "cuda" else _SIDE
    a = torch.randn(side, side, device=device, dtype=dtype)
    (seconds,) = Timer(5, device).seconds(lambda: a @ a)
    return 2 * side**3 / seconds


@cache
def bandwidth(device: torch.device) -> float:
    """Bytes a second that a large sum reads, measured."""
    a = torch.ones(_BYTES // 4, device=device)
    (seconds,) = Timer(5, device).seconds(a.sum)
    return _BYTES / seconds
