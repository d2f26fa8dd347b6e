"""The training loop of tokenizer, world model and policy, on a CPU, one GPU or several.

A step depends only on (seed, step) and on the state before it. So a run that was stopped or killed
continues from its last checkpoint to the same result as an uninterrupted one. Several devices share
the batch of a step. Each takes the mean loss over its own share, and the gradients are averaged.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from arcworld.errors import ArcworldError
from arcworld.models.storage.checkpoint import (
    load_json,
    load_state,
    load_tensors,
    own_state,
    save_json,
    save_model,
    save_tensors,
)
from arcworld.training.interrupt import StopOnRequest
from arcworld.training.optimisers import flat_state, make_optimisers, restore_state
from arcworld.training.progress import Progress

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class Schedule:
    """Length and learning rate of a stage of training.

    Attributes:
        steps: number of optimiser steps.
        batch_size: items per step, over all devices.
        learning_rate: peak of the learning rate.
        warmup: share of the steps in which the learning rate rises to its peak.
        weight_decay: weight decay of both optimisers.
        muon: whether Muon trains the hidden matrices, and AdamW the rest (`optimisers`).
        clip: limit on the norm of the gradient.
        checkpoint_every: seconds between checkpoints.
        log_every: steps between lines of `metrics.jsonl`.
    """

    steps: int
    batch_size: int
    learning_rate: float
    warmup: float = 0.1
    weight_decay: float = 0.01
    muon: bool = False
    clip: float = 1.0
    checkpoint_every: float = 30.0
    log_every: int = 10

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: linear warm-up, then a cosine to zero."""
        warm = max(int(self.steps * self.warmup), 1)
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        done = (step - warm) / max(self.steps - warm, 1)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True)
class Draw:
    """Which batch a step takes: `size` items sampled with the seed `key`, shared by devices.

    Attributes:
        size: number of items, over all devices.
        key: (seed, step).
        rank: index of this device.
        world: number of devices.
    """

    size: int
    key: tuple[int, int]
    rank: int = 0
    world: int = 1

    def share[T](self, items: Sequence[T]) -> Sequence[T]:
        """Return this device's part of the sampled items.

        >>> Draw(4, (0, 0), rank=1, world=2).share("abcd")
        'bd'
        """
        return items[self.rank :: self.world]


class Task(Protocol):
    """The interface of a stage of training: a model, its config, and the losses of a step."""

    name: str
    config: Any

    @property
    def module(self) -> nn.Module:
        """The model."""
        ...

    def losses(self, model: Any, draw: Draw) -> dict[str, Tensor]:
        """Return `loss`, the one to minimise, and other measures, for the batch of `draw`.

        `model` is the module as wrapped by Lightning Fabric.
        """
        ...


def fit(task: Task, schedule: Schedule, folder: Path, fabric: Fabric, *, seed: int) -> None:
    """Train `task` into `folder`; continue from a checkpoint; do nothing if it is finished.

    Raises:
        KeyboardInterrupt: the user asked to stop; the checkpoint is written.
    """
    if (folder / "model.safetensors").is_file():
        load_state(task.module, load_tensors(folder / "model.safetensors"), folder)
        task.module.to(fabric.device)
        return
    Loop(task, schedule, folder, fabric, seed).run()


class Loop:
    """Runs one stage, from its start or its checkpoint to its end."""

    def __init__(
        self, task: Task, schedule: Schedule, folder: Path, fabric: Fabric, seed: int
    ) -> None:
        self.task, self.schedule, self.folder, self.fabric = task, schedule, folder, fabric
        self.seed = seed
        task.module.to(fabric.device)
        self.optimisers = make_optimisers(
            task.module, muon=schedule.muon, weight_decay=schedule.weight_decay
        )
        self.step = self._restore()
        model, *self._wrapped = fabric.setup(task.module, *self.optimisers)
        model.mark_forward_method("loss")
        self.model: Any = model

    def run(self) -> None:
        """Run all remaining steps."""
        self.task.module.train()
        saved = time.monotonic()
        with StopOnRequest() as stop, self._progress() as bar:
            while self.step < self.schedule.steps:
                losses = self._advance()
                if self.step % self.schedule.log_every == 0 or self.step == self.schedule.steps:
                    bar.update(self.step, self._log(losses))
                stopping = self._agreed(stop.asked)
                if stopping or time.monotonic() - saved > self.schedule.checkpoint_every:
                    self._checkpoint()
                    saved = time.monotonic()
                if stopping:
                    raise KeyboardInterrupt(f"{self.task.name} stopped at step {self.step}")
        self._finish()

    def _progress(self) -> Progress:
        is_first = self.fabric.is_global_zero
        return Progress(self.task.name, self.schedule.steps, self.step, shown=is_first)

    def _advance(self) -> dict[str, Tensor]:
        rank, world = self.fabric.global_rank, self.fabric.world_size
        draw = Draw(self.schedule.batch_size, (self.seed, self.step), rank, world)
        torch.manual_seed(int(np.random.SeedSequence((*draw.key, rank)).generate_state(1)[0]))
        for group in [group for one in self.optimisers for group in one.param_groups]:
            group["lr"] = self.schedule.rate(self.step)
        with self.fabric.autocast():
            losses = self.task.losses(self.model, draw)
        self._check_finite(losses["loss"])
        self.fabric.backward(losses["loss"])
        self.fabric.clip_gradients(
            self.model,
            self._wrapped[0],
            max_norm=self.schedule.clip,
            error_if_nonfinite=False,
        )
        for optimiser in self._wrapped:
            optimiser.step()
            optimiser.zero_grad()
        self.step += 1
        return losses

    def _check_finite(self, loss: Tensor) -> None:
        if not math.isfinite(float(loss.detach())):
            raise ArcworldError(
                f"{self.folder}: found loss {float(loss.detach())} of the {self.task.name} at"
                f" step {self.step}; expected a finite one; train with another seed or a recipe"
                " with a lower learning rate"
            )

    def _agreed(self, asked: bool) -> bool:
        """Return whether any device was asked to stop, so that all stop after the same step."""
        if self.fabric.world_size == 1:
            return asked
        found: Any = self.fabric.all_reduce(torch.tensor(float(asked)), reduce_op="sum")
        return float(found) > 0

    def _log(self, losses: dict[str, Tensor]) -> dict[str, float]:
        measures = {name: float(value.detach()) for name, value in losses.items()}
        if self.fabric.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "metrics.jsonl").open("a") as file:
                file.write(json.dumps({"step": self.step, **measures}) + "\n")
            named = {f"{self.task.name}/{name}": value for name, value in measures.items()}
            self.fabric.log_dict(named, self.step)
        return measures

    @property
    def _checkpoint_folder(self) -> Path:
        return self.folder / "checkpoint"

    def _checkpoint(self) -> None:
        if not self.fabric.is_global_zero:
            return
        fresh = self.folder / "checkpoint.new"
        shutil.rmtree(fresh, ignore_errors=True)
        save_tensors(fresh / "model.safetensors", own_state(self.task.module))
        save_tensors(fresh / "optimiser.safetensors", flat_state(self.optimisers))
        save_json(fresh / "state.json", {"step": self.step})
        old = self.folder / "checkpoint.old"
        if self._checkpoint_folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            self._checkpoint_folder.rename(old)
        fresh.rename(self._checkpoint_folder)
        shutil.rmtree(old, ignore_errors=True)

    def _restore(self) -> int:
        folder = self._checkpoint_folder
        if not folder.exists() and (self.folder / "checkpoint.old").exists():
            (self.folder / "checkpoint.old").rename(folder)
        if not (folder / "state.json").is_file():
            self._forget_after(0)
            return 0
        load_state(self.task.module, load_tensors(folder / "model.safetensors"), folder)
        restore_state(self.optimisers, load_tensors(folder / "optimiser.safetensors"))
        step = int(load_json(folder / "state.json")["step"])
        self._forget_after(step)
        return step

    def _forget_after(self, step: int) -> None:
        """Drop the metrics of steps that will be repeated."""
        path = self.folder / "metrics.jsonl"
        if path.is_file() and self.fabric.is_global_zero:
            lines = path.read_text().splitlines()
            kept = [
                line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step
            ]
            path.write_text("".join(line + "\n" for line in kept))

    def _finish(self) -> None:
        self.task.module.eval()
        if self.fabric.is_global_zero:
            save_model(self.folder, self.task.module, self.task.config)
            shutil.rmtree(self._checkpoint_folder, ignore_errors=True)
        self.fabric.barrier()
