"""Convert a run folder of version 0.1: rename its files, settings and keys of weights.

The tables map old names to new ones. Every tensor keeps its dtype and its bytes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.models.storage.checkpoint import (
    CONFIG,
    WEIGHTS,
    load_object,
    load_tensors,
    save_json,
    save_tensors,
)
from arcworld.recordings.game_priors import FILE as GAME_PRIORS

FILES = {
    "seen/seen_frames.npy": "novelty/frame_hashes.npy",
    "seen/seen_pairs.npy": "novelty/pair_hashes.npy",
    "lore.json": GAME_PRIORS,
    "withheld.json": "held_out_levels.json",
    "withheld": "crossval",
}
SETTINGS = {
    "surroundings": "frame_conv",
    "own": "scheduled_sampling",
    "recoloured": "colour_permutation",
    "exchanged": "patch_permutation",
    "untaken": "counterfactual_negatives",
    "other_times": "clock_augmentation",
    "prize": "goal_colours",
    "clocks": "counters",
    "floors": "baselines",
    "outcome_withheld": "outcome_held_out_levels",
    "policy_withheld": "policy_held_out_levels",
}
TENSORS = (
    (r"^embedding\.table\.reader\.", "embedding.token_embedding.cell_encoder."),
    (r"^embedding\.table\.", "embedding.token_embedding."),
    (r"^embedding\.surroundings\.around\.", "embedding.frame_conv.convs."),
    (r"^embedding\.surroundings\.", "embedding.frame_conv."),
    (r"^sight\.around\.around\.", "frame_encoder.frame_conv.convs."),
    (r"^sight\.around\.", "frame_encoder.frame_conv."),
    (r"^sight\.narrow\.", "frame_encoder.reduce."),
    (r"^sight\.whole\.", "frame_encoder.whole_frame."),
)


def is_old(run: Path) -> bool:
    """Return whether a run folder has the names of version 0.1."""
    return any((run / name).exists() for name in FILES)


def convert(run: Path) -> None:
    """Rename files, settings and weights of a run folder in place.

    Raises:
        ArcworldError: the folder is not a run, or already has the present names.
    """
    if not (run / "run.json").is_file() or not is_old(run):
        raise ArcworldError(
            f"{run}: found no run in the format of version 0.1; expected a folder with run.json and"
            " seen/; convert only runs that `from_pretrained` refuses"
        )
    for part in ("tokenizer", "world_model", "policy"):
        if (run / part / CONFIG).is_file():
            _rewrite(run / part / CONFIG)
            weights = load_tensors(run / part / WEIGHTS)
            save_tensors(run / part / WEIGHTS, {tensor_name(k): v for k, v in weights.items()})
    for path in run.glob("*.json"):
        _rewrite(path)
    for old, new in FILES.items():
        if (run / old).exists():
            (run / new).parent.mkdir(exist_ok=True)
            (run / old).replace(run / new)
    if (run / "seen").is_dir():
        (run / "seen").rmdir()
    for fold in (run / "crossval").glob("fold-*"):
        convert(fold)


def tensor_name(name: str) -> str:
    """Return the present key of a weight.

    >>> tensor_name("embedding.table.weight"), tensor_name("copy_gate.bias")
    ('embedding.token_embedding.weight', 'copy_gate.bias')
    """
    for old, new in TENSORS:
        name = re.sub(old, new, name)
    return name


def _rewrite(path: Path) -> None:
    save_json(path, _renamed(load_object(path)))


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _renamed(item) for key, item in value.items()}
    return [_renamed(item) for item in value] if isinstance(value, list) else value


def _key(name: str) -> str:
    """Return the present name of a setting or of a key such as `floors/copy/outcome_withheld`."""
    return "/".join(SETTINGS.get(part, part) for part in name.split("/"))
