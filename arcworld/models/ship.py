"""Weights that travel with the package: a run without what training alone needs, in half the bytes.

Knows a run's folder; knows nothing of what it is worth: measure what was shipped, not the run.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from torch import Tensor

from arcworld.errors import ArcworldError
from arcworld.models.checkpoint import CONFIG, WEIGHTS, load_tensors, save_tensors
from arcworld.models.run import SHIPPED, from_pretrained
from arcworld.recordings.game_priors import FILE as GAME_PRIORS

PARTS = ("tokenizer", "world_model", "policy")
MOST_BYTES = 16 * 2**20


def ship(run: Path, name: str, folder: Path = SHIPPED) -> Path:
    """Copy a run to `folder/name`, its weights in bfloat16: where `from_pretrained(name)` looks.

    Raises:
        ArcworldError: it is no whole run, or too large to travel.
    """
    from_pretrained(run)
    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    for part in PARTS:
        if (run / part / CONFIG).is_file():
            tensors = {k: _half(v) for k, v in load_tensors(run / part / WEIGHTS).items()}
            save_tensors(target / part / WEIGHTS, tensors)
            shutil.copy(run / part / CONFIG, target / part / CONFIG)
    shutil.copytree(run / "novelty", target / "novelty")
    for name in ("run.json", GAME_PRIORS):
        if (run / name).is_file():
            shutil.copy(run / name, target / name)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    if size > MOST_BYTES:
        shutil.rmtree(target)
        raise ArcworldError(
            f"{run}: {size / 2**20:.1f} MiB in bfloat16; expected {MOST_BYTES / 2**20:.0f} at most;"
            " ship a smaller recipe"
        )
    from_pretrained(target)
    return target


def _half(tensor: Tensor) -> Tensor:
    return tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor
