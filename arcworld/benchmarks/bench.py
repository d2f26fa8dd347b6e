"""All claims of speed, in order; the table and the record of them.

Knows which claims there are; each is measured by the module of its part.
"""

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
        frames: next frames that are compared.
        timed: so many of them that are timed.
        past: frames of history of the agent's step.
        repeats: each time is the median of so many.
        quick: a tiny shape for the claim of training.
    """

    frames: int = 1000
    timed: int = 40
    past: int = 10
    repeats: int = 3
    quick: bool = False


FULL = Effort()
QUICK = Effort(frames=6, timed=2, past=3, repeats=1, quick=True)


@dataclass(frozen=True)
class Bench:
    """What claims are measured on.

    Attributes:
        dataset: where the next frames come from.
        data: the recordings as files.
    """

    run: Run
    dataset: Dataset
    data: Path
    effort: Effort

    @cached_property
    def timer(self) -> Timer:
        """One for all claims, so that the machine's peaks are measured once."""
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
        """For the claims of imagination."""
        model, effort = self.run.world_model, self.effort
        histories = dreaming.spread_histories(model, self._coded, effort.frames)
        past = min(effort.past, len(self.longest.indices_TC) - 1)
        return dreaming.Scene(self.run, self.timer, histories, self.longest, past, effort.timed)

    @cached_property
    def longest(self) -> CodedEpisode:
        """The episode with most frames."""
        return max(self._coded, key=lambda episode: len(episode.indices_TC))

    def results(self) -> dict[str, Callable[[], BenchResult]]:
        """Each claim by name."""
        dreamt = (dreaming.frame, dreaming.sampled_frame, dreaming.generate, dreaming.goals)
        names = ("frame", "sampled-frame", "generate", "goals", "step")
        of_dreams = zip(names, (*dreamt, dreaming.step), strict=True)
        return {
            **{name: partial(self._dreaming, measure) for name, measure in of_dreams},
            "training": partial(self._trained, lora=False),
            "training-lora": partial(self._trained, lora=True),
            "parse": lambda: reading.parse(self.data, self.timer),
            "open": lambda: reading.opened(self.data, self.timer),
        }

    def _dreaming(self, measure: Callable[[dreaming.Scene], BenchResult]) -> BenchResult:
        return measure(self.scene)

    def _trained(self, *, lora: bool) -> BenchResult:
        codes = int(self.longest.indices_TC.max()) + 1
        setting = training.setting(self.timer.device, quick=self.effort.quick, lora=lora)
        return training.step(self.longest, codes, self.timer, setting)

    def measure(
        self, only: Collection[str], progress: Callable[[str, int, int], None]
    ) -> list[BenchResult]:
        """The claims of some names, all where none is named; `progress` hears how far it is.

        Raises:
            ArcworldError: there is no such claim.
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


COLUMNS = ("result", "reference", "reference ms", "ours ms", "ratio", "roofline ms", "unequal")


def rows(results: Sequence[BenchResult]) -> list[tuple[str, ...]]:
    """The claims as cells of a table."""
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
    """What is kept: the claims, and on what they were measured."""
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
