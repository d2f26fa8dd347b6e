"""Change single settings of a recipe: `world_model.backbone.width=96`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.models.storage.build import build, construct
from arcworld.training.recipes import Recipe, recipe

FROM_ONE = (
    "steps", "batch_size", "log_every", "frames", "stride", "context_frames", "codebook_size",
    "width", "layers", "heads", "kv_heads", "mlp",
)  # fmt: skip
"""Settings that are whole numbers from 1; other numbers are from 0."""
ELSEWHERE = {"name": "--recipe", "world_model.scheme": "--scheme", "faults": "--fault"}
"""Settings that have an option of their own."""


def override(base: Recipe | str, settings: Sequence[str]) -> Recipe:
    """Return a recipe with other settings.

    >>> override("small", ["windows.stride=2"]).windows.stride
    2

    Args:
        base: a recipe, or the name of one of scheme v2.
        settings: each is `key=value`; dots in the key lead into nested settings, and `none` is the
            value of an optional one that is left out.

    Raises:
        ArcworldError: a key or a value is not one of the recipe, or the settings do not fit
            together.
    """
    found = recipe(base) if isinstance(base, str) else base
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise ArcworldError(
                f"found setting {setting!r}; expected key=value, such as windows.stride=2"
            )
        if key.strip() in ELSEWHERE:
            raise ArcworldError(
                f"found setting {key.strip()!r}; expected it in its own option; use"
                f" {ELSEWHERE[key.strip()]}"
            )
        found = _set(found, key.strip().split("."), value.strip(), key.strip())
    if settings:
        _check(found)
    return found


def recipe_of(about: Mapping[str, Any], source: Path) -> Recipe:
    """Return the recipe that a run was trained with, from the content of its `run.json`.

    Raises:
        ArcworldError: it has no settings, or unknown ones; the message names `source`.
    """
    if not isinstance(about.get("settings"), dict):
        raise ArcworldError(
            f"{source}: found no settings; expected those that training wrote; train it again"
        )
    return construct(Recipe, about["settings"], source)


def _set[T](owner: T, path: Sequence[str], text: str, key: str) -> T:
    """Return a dataclass with one value replaced, at any depth."""
    name, *rest = path
    where = key[: -len(".".join(path))].rstrip(".") or "the recipe"
    known = [field.name for field in fields(owner)]  # type: ignore[arg-type]
    if name not in known:
        raise ArcworldError(f"{where} has no setting {name!r}; {did_you_mean(name, known)}")
    hint, before = get_type_hints(type(owner))[name], getattr(owner, name)
    if rest:
        if not is_dataclass(before):
            raise ArcworldError(
                f"found setting {key!r}; {name} is {before!r} and has no settings; leave the rest"
                " of the key out, or use another recipe"
            )
        value: Any = _set(before, rest, text, key)
    elif text.lower() == "none" and NoneType in get_args(hint):
        value = None
    elif any(is_dataclass(kind) for kind in (hint, *get_args(hint))):
        inner = next(kind for kind in (hint, *get_args(hint)) if is_dataclass(kind))
        names = ", ".join(field.name for field in fields(inner))
        raise ArcworldError(f"{key} has several settings; expected one of them: {names}")
    else:
        value = _read(hint, text, key)
    return replace(owner, **{name: value})  # type: ignore[type-var]


def _read(hint: Any, text: str, key: str) -> Any:
    """Return a value of the type of a setting."""
    from cyclopts import CycloptsError, convert

    try:
        value = convert(hint, [text])
    except (CycloptsError, ValueError):
        kind = getattr(hint, "__name__", str(hint))
        raise ArcworldError(f"{key}: found {text!r}; expected a value of type {kind}") from None
    if isinstance(value, int | float) and not isinstance(value, bool):
        least = 1 if key.split(".")[-1] in FROM_ONE else 0
        if not (math.isfinite(value) and value >= least):
            raise ArcworldError(f"{key}: found {text}; expected {least} or more")
    return value


def _check(found: Recipe) -> None:
    """Refuse settings that do not fit together, before training begins.

    Raises:
        ArcworldError: they do not.
    """
    import torch

    codes = (found.codebook or found.vqvae).codebook_size
    backbone = found.world_model.backbone
    for name, value, other, wanted in (
        ("world_model.codebook_size", found.world_model.codebook_size, "the tokenizer", codes),
        ("policy.width", found.policy.width, "world_model.backbone.width", backbone.width),
    ):
        if value != wanted:
            raise ArcworldError(
                f"{name} is {value}, but {other} has {wanted}; expected the same; set both"
            )
    if backbone.pretrained is not None:
        return
    try:
        with torch.device("meta"):
            for config in (found.vqvae, found.world_model, found.policy):
                build(config)
    except Exception as error:  # torch and transformers raise errors of many kinds
        reason = str(error).strip().splitlines()[-1].strip() or type(error).__name__
        raise ArcworldError(
            f"no model can be built from these settings ({reason}); expected sizes that fit"
            " together; change fewer of them"
        ) from None
