"""Result of one benchmark, and the timer and roofline that it is measured with."""

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
"""More than the caches of a CPU or GPU hold."""


@dataclass(frozen=True)
class BenchResult:
    """One row of the table; times are medians in seconds.

    Attributes:
        name: name for `--only`.
        what: what is measured.
        reference: what it is compared with.
        reference_s: time of the reference.
        ours_s: time of arcworld.
        roofline_s: minimum time: weights over measured bandwidth, or operations over measured peak;
            None if neither limits it.
        unequal: number of results that differ from the reference's.
        of: number of results compared.
        note: further information.
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
        """Time of the reference divided by the time of arcworld; higher is better."""
        return self.reference_s / self.ours_s

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**asdict(self), "ratio": self.ratio}


@dataclass(frozen=True)
class Timer:
    """Measures times on a device.

    Attributes:
        repeats: number of repeats.
        device: synchronised before each time is taken.
    """

    repeats: int
    device: torch.device

    def seconds(self, *works: Callable[[], object]) -> list[float]:
        """Median seconds of each function; they run alternately, so that noise affects all."""
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
        """Minimum seconds of passes over a module's weights: the larger of reading and multiplying.

        Args:
            module: its parameters are read and multiplied.
            tokens: number of tokens per pass.
            passes: number of passes; a training step has three.
            beside: operations per pass that use no weights.
            dtype: of weights and operations.
        """
        weights = sum(p.numel() for p in module.parameters())
        read = passes * dtype.itemsize * weights / bandwidth(self.device)
        worked = passes * (2 * weights * tokens + beside)
        return max(read, worked / operations(self.device, dtype))


@cache
def operations(device: torch.device, dtype: torch.dtype) -> float:
    """Measured floating-point operations per second of a large matrix product."""
    side = _GPU_SIDE if device.type == "cuda" else _SIDE
    a = torch.randn(side, side, device=device, dtype=dtype)
    (seconds,) = Timer(5, device).seconds(lambda: a @ a)
    return 2 * side**3 / seconds


@cache
def bandwidth(device: torch.device) -> float:
    """Measured bytes per second read by a large sum."""
    a = torch.ones(_BYTES // 4, device=device)
    (seconds,) = Timer(5, device).seconds(a.sum)
    return _BYTES / seconds
