"""All benchmarks in order, their table, and their record as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch

from arcworld.benchmarks import dreaming, reading, training
from arcworld.benchmarks.bench_result import BenchResult, Timer, bandwidth, operations
from arcworld.errors import ArcworldError, did_you_mean
from arcworld.models.run import Run
from arcworld.recordings.dataset import Dataset
from arcworld.tokens.sequence import CodedEpisode, encode_episode
from arcworld.training.train import commit


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        frames: number of predicted frames that are compared.
        timed: number of these that are timed.
        repeats: number of repeats; times are medians of them.
        quick: a tiny model in the benchmark of training.
    """

    frames: int = 1000
    timed: int = 40
    repeats: int = 3
    quick: bool = False


FULL = Effort()
QUICK = Effort(frames=6, timed=2, repeats=1, quick=True)


@dataclass(frozen=True)
class Bench:
    """What the benchmarks are measured on.

    Attributes:
        run: the models.
        dataset: source of the frames to predict.
        data: path of the recordings.
        effort: how much is measured.
    """

    run: Run
    dataset: Dataset
    data: Path
    effort: Effort

    @cached_property
    def timer(self) -> Timer:
        """One timer for all benchmarks, so that the machine's peaks are measured once."""
        return Timer(self.effort.repeats, self.run.world_model.device)

    @cached_property
    def _coded(self) -> list[CodedEpisode]:
        model = self.run.world_model
        coded = [encode_episode(episode, self.run.tokenizer) for episode in self.dataset.episodes]
        fit = [c for c in coded if not len(c.types_A) or c.types_A.max() < model.vocabulary.actions]
        if not fit:
            raise ArcworldError(
                f"{self.data}: no episode that scheme {model.vocabulary.scheme} can express;"
                " expected one or more; name other recordings"
            )
        return fit

    @cached_property
    def scene(self) -> dreaming.Scene:
        """Histories for the benchmarks of prediction."""
        model, effort = self.run.world_model, self.effort
        histories = dreaming.spread_histories(model, self._coded, effort.frames)
        return dreaming.Scene(self.run, self.timer, histories, effort.timed)

    @cached_property
    def longest(self) -> CodedEpisode:
        """The episode with the most frames."""
        return max(self._coded, key=lambda episode: len(episode.indices_TC))

    def results(self) -> dict[str, Callable[[], BenchResult]]:
        """Return each benchmark as a function, by name."""
        return {
            "frame": lambda: dreaming.frame(self.scene),
            "sampled-frame": lambda: dreaming.sampled_frame(self.scene),
            "generate": lambda: dreaming.generate(self.scene),
            "goals": lambda: dreaming.goals(self.scene),
            "training": partial(self._trained, lora=False),
            "training-lora": partial(self._trained, lora=True),
            "parse": lambda: reading.parse(self.data, self.timer),
            "open": lambda: reading.opened(self.data, self.timer),
        }

    def _trained(self, *, lora: bool) -> BenchResult:
        codes = int(self.longest.indices_TC.max()) + 1
        setting = training.setting(self.timer.device, quick=self.effort.quick, lora=lora)
        return training.step(self.longest, codes, self.timer, setting)

    def measure(
        self, only: Collection[str], progress: Callable[[str, int, int], None]
    ) -> list[BenchResult]:
        """Run the named benchmarks, or all if none is named.

        Args:
            only: names.
            progress: called with (name, done, total).

        Raises:
            ArcworldError: a name is unknown.
        """
        every = self.results()
        for name in only:
            if name not in every:
                raise ArcworldError(f"no claim {name!r}; {did_you_mean(name, list(every))}")
        chosen = [name for name in every if not only or name in only]
        found: list[BenchResult] = []
        for number, name in enumerate(chosen):
            progress(name, number, len(chosen))
            found.append(every[name]())
        return found


COLUMNS = ("claim", "reference", "reference ms", "arcworld ms", "ratio", "roofline ms", "unequal")


def rows(results: Sequence[BenchResult]) -> list[tuple[str, ...]]:
    """Format the results as rows of a table."""
    return [
        (
            f"{result.name}: {result.what}",
            result.reference,
            f"{result.reference_s * 1e3:,.2f}",
            f"{result.ours_s * 1e3:,.2f}",
            f"{result.ratio:,.1f}x",
            "-" if result.roofline_s is None else f"{result.roofline_s * 1e3:,.2f}",
            f"{result.unequal} of {result.of:,}",
        )
        for result in results
    ]


def record(bench: Bench, results: Sequence[BenchResult]) -> dict[str, Any]:
    """Return the results and the machine as JSON."""
    timer = bench.timer
    device = timer.device
    on_gpu = device.type == "cuda"
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": {
            "device": torch.cuda.get_device_name(device) if on_gpu else platform.machine(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "gigaflops": round(operations(device, torch.float32) / 1e9, 1),
            "gigabytes_per_second": round(bandwidth(device) / 1e9, 1),
        },
        "recipe": bench.run.about.get("recipe"),
        "repeats": timer.repeats,
        "claims": {result.name: result.as_dict() for result in results},
    }
