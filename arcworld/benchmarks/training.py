"""Benchmarks of training: a step with the game's vocabulary, or with a text model's, too.

The reference is what a trainer of language models does: a head over all rows of the text
vocabulary, and logits of all positions in float32. Its text rows are masked out of the softmax, so
that both losses are equal. The backbone is the same, and is compiled on a GPU, as in training.
"""

from __future__ import annotations

import ctypes
import resource
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.benchmarks.bench_result import BenchResult, Timer
from arcworld.models.transformer.backbone import BackboneConfig, compile_layers
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.tokens.batches import Batch, LossWeights
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.windows import WindowConfig, WindowSampler
from arcworld.training.precision import fast_dtype

TEXT_ROWS = 49_152
"""Size of SmolLM2's vocabulary."""
SHAPE = BackboneConfig(width=960, layers=32, heads=15, kv_heads=5, mlp=2560)
FEW = 4
"""Layers without a GPU, so that float32 fits a small machine's memory. Fewer layers favour
arcworld, because the head is a larger part of the step."""
TINY = BackboneConfig(width=32, layers=1, heads=2, kv_heads=1, mlp=48)


@dataclass(frozen=True)
class Setting:
    """What is trained: the shape of a backbone, all its weights or LoRA alone, and a batch of
    windows."""

    shape: BackboneConfig
    lora: bool
    windows: int
    frames: int
    text_rows: int


def setting(device: torch.device, *, quick: bool, lora: bool) -> Setting:
    """SmolLM2's shape and windows on a GPU, a part of both on a CPU, a tiny shape if `quick`."""
    if quick:
        return Setting(TINY, lora, windows=2, frames=3, text_rows=512)
    if device.type == "cuda":
        return Setting(SHAPE, lora, windows=8, frames=30, text_rows=TEXT_ROWS)
    return Setting(replace(SHAPE, layers=FEW), lora, windows=2, frames=10, text_rows=TEXT_ROWS)


def step(episode: CodedEpisode, codes: int, timer: Timer, chosen: Setting) -> BenchResult:
    """Forward and backward pass of one batch, in the precision of training on this device."""
    torch.manual_seed(0)
    model = _model(codes, chosen).to(timer.device)
    text = nn.Parameter(torch.randn(chosen.text_rows, model.width, device=timer.device) * 0.02)
    batch = _batch(model, episode, chosen).to(timer.device)
    if timer.device.type == "cuda":
        compile_layers(model.backbone)
    ours = _step(model, lambda: model.loss(batch)["loss"])
    plain = _step(model, lambda: _full_loss(model, text, batch))
    ours_peak, plain_peak = _peak(ours, timer.device), _peak(plain, timer.device)
    gap = abs(float(ours()) - float(plain()))
    plain_s, ours_s = timer.seconds(plain, ours)
    roofline_s = _roofline(model, batch, timer, chosen)
    tokens = batch.input_ids_BL.numel()
    return BenchResult(
        "training-lora" if chosen.lora else "training",
        f"training step, width {chosen.shape.width}, {chosen.shape.layers} layers,"
        f" {tokens:,} tokens, {'LoRA' if chosen.lora else 'all weights'}",
        f"head of {chosen.text_rows + len(model.vocabulary):,} rows",
        plain_s,
        ours_s,
        roofline_s,
        int(gap > (1e-3 if fast_dtype() == torch.float32 else 1e-2)),
        1,
        f"{tokens / ours_s:,.0f} tokens/s, {roofline_s / ours_s:.0%} of the measured peak; peak"
        f" memory of a step {ours_peak / 1e9:.2f} GB, {ours_peak / max(plain_peak, 1):.2f}x the"
        f" reference's; losses differ by {gap:.1e}",
    )


def _model(codes: int, chosen: Setting) -> WorldModel:
    config = WorldModelConfig("v2", codes, chosen.frames, backbone=chosen.shape)
    if not chosen.lora:
        return WorldModel(config)
    with tempfile.TemporaryDirectory() as folder:
        _save_text_model(chosen, Path(folder))
        adapted = replace(config, backbone=replace(chosen.shape, pretrained=folder))
        return WorldModel(adapted).to(fast_dtype())


def _save_text_model(chosen: Setting, folder: Path) -> None:
    """Save a causal language model of the shape, with random weights, as the hub provides it."""
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    shape = chosen.shape
    config = LlamaConfig(
        vocab_size=chosen.text_rows,
        hidden_size=shape.width,
        intermediate_size=shape.mlp,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        tie_word_embeddings=True,
    )
    causal_lm: Any = LlamaForCausalLM(config)
    causal_lm.to(torch.bfloat16).save_pretrained(folder)


def _batch(model: WorldModel, episode: CodedEpisode, chosen: Setting) -> Batch:
    windows = WindowConfig(chosen.frames, 1)
    return WindowSampler(model.vocabulary, [episode], ["game"], windows, LossWeights()).batch(
        chosen.windows, 0
    )


def _roofline(model: WorldModel, batch: Batch, timer: Timer, chosen: Setting) -> float:
    """Minimum seconds of a step.

    Training all weights takes three passes, LoRA two, since it needs no gradient of the other
    weights. Attention counts the keys that each token sees.
    """
    rows, length = batch.input_ids_BL.shape
    seen = rows * length * (length + 1) // 2
    attention = 4 * chosen.shape.layers * chosen.shape.width * seen
    return timer.roofline(
        model.backbone,
        rows * length,
        passes=2 if chosen.lora else 3,
        beside=attention,
        dtype=fast_dtype(),
    )


def _step(model: WorldModel, loss_of: Callable[[], Tensor]) -> Callable[[], Tensor]:
    def once() -> Tensor:
        with torch.autocast(
            model.device.type, torch.bfloat16, enabled=fast_dtype() != torch.float32
        ):
            loss = loss_of()
        loss.backward()
        model.zero_grad()
        return loss.detach()

    return once


def _full_loss(model: WorldModel, text_VD: Tensor, batch: Batch) -> Tensor:
    """The world model's loss, from logits of all positions over all rows."""
    hidden = model.hidden(batch.input_ids_BL)
    logits = F.linear(hidden, torch.cat([model.token_embedding.rows(), text_VD])).float()
    logits[..., len(model.vocabulary) :] = -torch.inf
    losses = F.cross_entropy(
        logits[:, :-1].flatten(0, 1), batch.labels_BL[:, 1:].flatten(), reduction="none"
    )
    weights = batch.weights_BL[:, 1:].flatten()
    known = batch.outcomes_BL >= 0
    outcome = F.cross_entropy(model.outcome_logits(hidden[known]), batch.outcomes_BL[known])
    return (losses * weights).sum() / weights.sum() + outcome


def _peak(work: Callable[[], object], device: torch.device) -> int:
    """Peak growth of memory during the work, in bytes."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        return torch.cuda.max_memory_allocated(device) - before
    _forget()
    before = _resident()
    work()
    return max(_most() - before, 0)


def _forget() -> None:
    """On Linux, return free memory and reset the peak.

    Elsewhere neither is possible, so the work that needs less memory is measured first.
    """
    marks = Path("/proc/self/clear_refs")
    if marks.exists():
        ctypes.CDLL(None).malloc_trim(0)
        marks.write_text("5")


def _resident() -> int:
    """Bytes in use now, if the system reports it, else the peak so far."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * resource.getpagesize() if pages.exists() else _most()


def _most() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
