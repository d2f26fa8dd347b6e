"""Benchmarks of reading: parsing recordings, and opening the cached data set."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.benchmarks.bench_result import BenchResult, Timer
from arcworld.recordings import iter_grids, open_dataset
from arcworld.recordings.discovery import find_recordings


def parse(data: Path, timer: Timer) -> BenchResult:
    """Parse every grid of every recording."""
    files = find_recordings(data)
    unequal = of = 0
    for file in files:
        ours, plain = list(iter_grids(file)), _plain_grids(file)
        of += max(len(ours), len(plain))
        unequal += abs(len(ours) - len(plain))
        unequal += sum(not np.array_equal(a, b) for a, b in zip(ours, plain, strict=False))

    def all_of(read: Callable[[Path], object]) -> Callable[[], object]:
        return lambda: [read(file) for file in files]

    plain_s, ours_s, bytes_s = timer.seconds(
        all_of(_plain_grids), all_of(lambda file: sum(map(len, iter_grids(file)))), all_of(_bytes)
    )
    megabytes = sum(len(_bytes(file)) for file in files) / 1e6
    note = f"{len(files)} recordings, {megabytes:.0f} MB of text; roofline: decompression alone"
    return BenchResult(
        "parse", "parse of recordings, cold", "json.loads and numpy", plain_s, ours_s, bytes_s,
        unequal, of, note,
    )  # fmt: skip


def opened(data: Path, timer: Timer) -> BenchResult:
    """Open the cached data set."""
    with tempfile.TemporaryDirectory() as folder:
        caches = iter(range(1 << 30))

        def cold() -> object:
            return open_dataset(data, cache=Path(folder) / str(next(caches)))

        warm_cache = Path(folder) / "warm"
        first = open_dataset(data, cache=warm_cache)
        again = open_dataset(data, cache=warm_cache)
        pairs = list(zip(first.episodes, again.episodes, strict=True))
        unequal = sum(not np.array_equal(a.frames_THW, b.frames_THW) for a, b in pairs)
        cold_s, warm_s = timer.seconds(cold, lambda: open_dataset(data, cache=warm_cache))
    what = "open of the packed data set, warm"
    return BenchResult("open", what, "cold parse", cold_s, warm_s, None, unequal, len(pairs))


def _plain_grids(path: Path) -> list[NDArray[np.uint8]]:
    rows = [json.loads(line) for line in _bytes(path).splitlines() if line.strip()]
    frames = [row.get("data", row).get("frame") for row in rows]
    return [np.array(frame, np.uint8) for frame in frames if frame]


def _bytes(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
