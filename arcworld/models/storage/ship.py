"""Ship a run with the package: weights in bfloat16, without the files that only training needs.

Predictions may differ slightly from those of the run in float32, so evaluate the shipped weights.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from torch import Tensor

from arcworld.errors import ArcworldError
from arcworld.models.run import SHIPPED, from_pretrained
from arcworld.models.storage.checkpoint import CONFIG, WEIGHTS, load_tensors, save_tensors
from arcworld.recordings.game_priors import FILE as GAME_PRIORS

PARTS = ("tokenizer", "world_model", "policy")
MOST_BYTES = 16 * 2**20
"""Limit on the bytes of shipped weights."""


def ship(run: str | Path, name: str, folder: str | Path = SHIPPED) -> Path:
    """Copy a run to `folder/name` with weights in bfloat16, and return that folder.

    `from_pretrained(name)` finds it there.

    Raises:
        ArcworldError: the run is not complete, or larger than `MOST_BYTES`.
    """
    from_pretrained(run)
    run, target = Path(run), Path(folder) / name
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
            f"{run}: found {size / 2**20:.1f} MiB in bfloat16; expected at most"
            f" {MOST_BYTES / 2**20:.0f}; ship a smaller recipe"
        )
    from_pretrained(target)
    return target


def _half(tensor: Tensor) -> Tensor:
    return tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor
