"""The claim of training: one step with the game's rows in the softmax, or with a text model's too.

Knows a body's shape and a batch of windows; knows nothing of recipes. The baseline is what a
trainer of language models does: a head of all rows, and logits of all positions in float32. Its
text rows are shut out of the softmax, so that both losses are one number.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.benchmarks.claim import Claim, Timer
from arcworld.models.backbone import BackboneConfig
from arcworld.models.world_model import WorldModel, WorldModelConfig
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.windows import Batch, LossWeights, WindowConfig, WindowSampler

TEXT_ROWS = 49_152
"""Rows of SmolLM2's own vocabulary."""
LAYERS = 4
"""Of the shape's 32: what fits a small machine's memory in float32. Fewer layers favour ours, since
the head is a larger part of the step.
"""
SHAPE = BackboneConfig(width=960, layers=LAYERS, heads=15, kv_heads=5, mlp=2560)
TINY = BackboneConfig(width=32, layers=1, heads=2, kv_heads=1, mlp=48)


def step(episode: CodedEpisode, codes: int, timer: Timer, quick: bool) -> Claim:
    """Forward and backward of one batch: two windows of 10 frames, of 3 where `quick`."""
    torch.manual_seed(0)
    frames, rows = (3, 512) if quick else (10, TEXT_ROWS)
    shape = TINY if quick else SHAPE
    model = WorldModel(WorldModelConfig("v2", codes, frames, backbone=shape)).to(timer.device)
    text = nn.Parameter(torch.randn(rows, model.width, device=timer.device) * 0.02)
    sampler = WindowSampler(
        model.vocabulary, [episode], ["game"], WindowConfig(frames, 1), LossWeights()
    )
    batch = sampler.batch(2, 0).to(timer.device)
    ours = _step(model, lambda: model.loss(batch)["loss"])
    plain = _step(model, lambda: _full_loss(model, text, batch))
    ours_peak, plain_peak = _peak(ours, timer.device), _peak(plain, timer.device)
    gap = abs(float(ours()) - float(plain()))
    plain_s, ours_s = timer.seconds(plain, ours)
    tokens = batch.input_ids_BL.numel()
    return Claim(
        "training",
        f"training step, width {shape.width}, {shape.layers} layers, {tokens} tokens",
        f"head of {rows + len(model.vocabulary):,} rows",
        plain_s,
        ours_s,
        timer.floor(model.backbone, tokens, passes=3),
        int(gap > 1e-3),
        1,
        f"peak memory of a step {ours_peak / max(plain_peak, 1):.2f}x the baseline's;"
        f" losses differ by {gap:.1e}",
    )


def _step(model: WorldModel, loss_of: Callable[[], Tensor]) -> Callable[[], Tensor]:
    def once() -> Tensor:
        model.zero_grad()
        loss = loss_of()
        loss.backward()
        return loss.detach()

    return once


def _full_loss(model: WorldModel, text_VD: Tensor, batch: Batch) -> Tensor:
    """The world model's loss by logits of all positions over all rows."""
    hidden = model.hidden(batch.input_ids_BL)
    logits = F.linear(hidden, torch.cat([model.table.rows(), text_VD])).float()
    logits[..., len(model.vocabulary) :] = -torch.inf
    losses = F.cross_entropy(
        logits[:, :-1].flatten(0, 1), batch.labels_BL[:, 1:].flatten(), reduction="none"
    )
    weights = batch.weights_BL[:, 1:].flatten()
    known = batch.outcomes_BL >= 0
    outcome = F.cross_entropy(model.outcome_logits(hidden[known]), batch.outcomes_BL[known])
    return (losses * weights).sum() / weights.sum() + outcome


def _peak(work: Callable[[], object], device: torch.device) -> int:
    """Bytes that memory grew by: on a CPU the process's peak, so the leaner work goes first."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        return torch.cuda.max_memory_allocated(device) - before
    before = _resident()
    work()
    return max(_most() - before, 0)


def _resident() -> int:
    """Bytes in use now, where the system tells; else the most so far."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * resource.getpagesize() if pages.exists() else _most()


def _most() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
