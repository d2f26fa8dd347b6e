"""Choose the faster precision on this machine: mixed bfloat16, or float32 alone.

Some CPUs have bfloat16 arithmetic; others emulate it, a hundred times slower than float32. So it is
measured, once per process.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Literal

import torch

SIDE = 384
"""Size of the matrices in the measurement: large enough to measure, small enough when slow."""


@cache
def fast_precision() -> Literal["bf16-mixed", "32-true"]:
    """Return the faster precision, by its name in Lightning Fabric."""
    if torch.cuda.is_available():
        return "bf16-mixed"
    return "bf16-mixed" if _seconds(torch.bfloat16) < _seconds(torch.float32) else "32-true"


def fast_dtype() -> torch.dtype:
    """Return the dtype of matrix products in training on this machine."""
    return torch.float32 if fast_precision() == "32-true" else torch.bfloat16


def _seconds(dtype: torch.dtype) -> float:
    """Return the seconds of the fastest of three matrix products, after one as warm-up."""
    matrix = torch.ones(SIDE, SIDE, dtype=dtype)
    times: list[float] = []
    for _ in range(4):
        start = time.perf_counter()
        torch.mm(matrix, matrix)
        times.append(time.perf_counter() - start)
    return min(times[1:])
