"""Start training from a pretrained base, or from the weights of another run (fine-tuning).

The new run keeps the tokenizer of the other one, so that codes keep their meaning. Cells that are
new to that tokenizer are spelled.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from arcworld.errors import ArcworldError
from arcworld.models.policies.policy import MaskedPolicy
from arcworld.models.run import Run
from arcworld.models.storage.base_model import pin_base
from arcworld.models.storage.checkpoint import load_object, load_state, own_state
from arcworld.models.transformer.base_files import base_digest, base_folder
from arcworld.training.overrides import recipe_of
from arcworld.training.recipes import Recipe


def with_base(recipe: Recipe, out: Path, *, resume: bool) -> Recipe:
    """Return the recipe with place, revision and digest of the pretrained model it adapts, if any.

    Raises:
        ArcworldError: there is no such model, or another one than when the run in `out` began.
    """
    backbone = recipe.world_model.backbone
    if backbone.pretrained is None:
        return recipe
    before = None
    if resume and (out / "run.json").is_file():
        begun = load_object(out / "run.json")
        before = recipe_of(begun, out / "run.json").world_model.backbone
    pinned = replace(recipe.world_model, backbone=pin_base(backbone, before))
    return replace(recipe, world_model=pinned)


def check_start(recipe: Recipe, start: Run | None, *, only_policy: bool) -> None:
    """Refuse a run that the recipe's models cannot start from.

    Raises:
        ArcworldError: its models have other settings; or only the policy is to be trained, but
            there is no run to take the world model from, or the scheme has no policy.
    """
    if only_policy and start is None:
        raise ArcworldError(
            "found --only-policy alone; expected a run whose world model is kept; name it with"
            " --start"
        )
    if only_policy and recipe.scheme == "v1":
        raise ArcworldError(
            "found --only-policy with scheme v1, whose policy is its world model's next token;"
            " expected v2; leave --only-policy out"
        )
    if start is None:
        return
    policy = start.policy.config if isinstance(start.policy, MaskedPolicy) else recipe.policy
    for part, expected, found in (
        ("world model", recipe.world_model, start.world_model.config),
        ("policy", recipe.policy, policy),
    ):
        wanted, there = _settings(expected), _settings(found)
        for name in sorted(wanted):
            if wanted[name] != there[name]:
                raise ArcworldError(
                    f"{start.folder}: its {part} has {name} {there[name]!r}; recipe"
                    f" {recipe.name!r}, {recipe.scheme}, has {wanted[name]!r}; start from a run of"
                    " the same recipe and scheme"
                )


def _settings(config: Any) -> dict[str, Any]:
    """The settings of a model by dotted name; of a base the digest, neither place nor revision."""
    settings = asdict(config)
    backbone = settings.pop("backbone", None)
    if backbone and backbone["pretrained"]:
        place, revision = backbone["pretrained"], backbone["revision"]
        digest = backbone["digest"] or base_digest(base_folder(place, revision))
        backbone |= {"pretrained": None, "revision": None, "digest": digest}
    return settings | {f"backbone.{name}": value for name, value in (backbone or {}).items()}


def check_tensorboard() -> None:
    """Refuse to log for TensorBoard without its package.

    Raises:
        ArcworldError: the package is missing.
    """
    if find_spec("tensorboard") is None:
        raise ArcworldError(
            "found no package tensorboard; expected it for --tensorboard; install it with"
            " `pip install 'arcworld[tensorboard]'`"
        )


def begin_from(module: nn.Module, start: nn.Module, folder: Path) -> None:
    """Copy the weights of a run's model into the model to train; `folder` is for messages."""
    load_state(module, own_state(start), folder)


def about(start: Run | None, *, only_policy: bool) -> dict[str, Any] | None:
    """Return the entry of `run.json` about the run that this one started from, or None.

    It has the name, recipe, commit, seed, schedules, own start and a digest of the weights of that
    run, and whether only the policy was trained.
    """
    if start is None:
        return None
    kept = {key: start.about.get(key) for key in ("recipe", "commit", "seed", "start")}
    schedules = {
        name: schedule
        for name, schedule in start.about.get("settings", {}).items()
        if name.endswith("_schedule")
    }
    found = {"run": start.name, "digest": weights_digest(start), **kept, **schedules}
    return found | ({"only_policy": True} if only_policy else {})


def weights_digest(run: Run) -> str:
    """Return a digest of the weights that belong to a run, as 32 hex digits."""
    digest = blake2b(digest_size=16)
    parts = (run.tokenizer, run.world_model, run.policy)
    for module in (part for part in parts if isinstance(part, nn.Module)):  # no policy in v1
        for name, value in sorted(own_state(module).items()):
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            flat = value.detach().cpu().contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
