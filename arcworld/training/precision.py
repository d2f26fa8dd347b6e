"""Which numbers a machine multiplies fastest: bfloat16 beside float32, or float32 alone.

Knows the machine; knows nothing of models. Some CPUs have bfloat16 arithmetic and gain from it;
others emulate it, a hundred times slower than float32. It is measured, once a process.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Literal

import torch

SIDE = 384
"""Of the matrices that are multiplied: large enough to tell, and soon done where it is slow."""


@cache
def fast_precision() -> Literal["bf16-mixed", "32-true"]:
    """The engine's name of the precision to train in."""
    if torch.cuda.is_available():
        return "bf16-mixed"
    return "bf16-mixed" if _seconds(torch.bfloat16) < _seconds(torch.float32) else "32-true"


def fast_dtype() -> torch.dtype:
    """What training multiplies in here."""
    return torch.float32 if fast_precision() == "32-true" else torch.bfloat16


def _seconds(dtype: torch.dtype) -> float:
    """The fastest of three products, after one that does not count."""
    matrix = torch.ones(SIDE, SIDE, dtype=dtype)
    times: list[float] = []
    for _ in range(4):
        start = time.perf_counter()
        torch.mm(matrix, matrix)
        times.append(time.perf_counter() - start)
    return min(times[1:])
