"""Build a model from its config: tokenizers, world model and policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

from torch import nn

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.frames.vqvae import VQVAE, VQVAEConfig
from arcworld.models.policies.policy import MaskedPolicy, PolicyConfig
from arcworld.models.storage.limits import check_settings
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig

_KINDS: dict[str, tuple[type[Any], type[nn.Module]]] = {
    "VQVAE": (VQVAEConfig, VQVAE),
    "PatchCodebook": (PatchCodebookConfig, PatchCodebook),
    "WorldModel": (WorldModelConfig, WorldModel),
    "MaskedPolicy": (PolicyConfig, MaskedPolicy),
}


def build(config: Any) -> Any:
    """Return a model with new weights for a config dataclass."""
    return class_of(config)(config)


def class_of(config: Any) -> type[Any]:
    """Return the class of the model that a config dataclass describes."""
    return next(model for kind, model in _KINDS.values() if isinstance(config, kind))


def config_from_dict(described: dict[str, Any], source: Path) -> Any:
    """Return the config dataclass for the content of a `config.json`, by its `class`.

    Raises:
        ArcworldError: the class or a setting is unknown, or a setting is out of range; the message
            names `source`.
    """
    values = dict(described)
    name = str(values.pop("class", "nothing"))
    if name not in _KINDS:
        raise ArcworldError(f"{source}: class {name!r} is unknown; {did_you_mean(name, _KINDS)}")
    config = construct(_KINDS[name][0], values, source)
    check_settings(config, source)
    return config


def construct[T](kind: type[T], values: Mapping[str, Any], source: Path) -> T:
    """Return a dataclass, and those nested in it, from the values of a JSON object.

    Raises:
        ArcworldError: a setting is unknown; the message names `source`.
    """
    known = {f.name for f in fields(cast(Any, kind))}
    unknown = sorted(values.keys() - known)
    if unknown:
        clause = did_you_mean(unknown[0], known)
        raise ArcworldError(f"{source}: setting {unknown[0]!r} is unknown; {clause}")
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], value, source) for name, value in values.items()})


def _value(hint: Any, value: Any, source: Path) -> Any:
    nested = next((kind for kind in (hint, *get_args(hint)) if is_dataclass(kind)), None)
    if nested is not None and isinstance(value, dict):
        return construct(cast(type[Any], nested), value, source)
    return tuple(value) if isinstance(value, list) else value
