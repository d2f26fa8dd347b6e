"""Build a model from its config: tokenizers, world model and policy."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from torch import nn

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.frames.vqvae import VQVAE, VQVAEConfig
from arcworld.models.policy import MaskedPolicy, PolicyConfig
from arcworld.models.world_model import WorldModel, WorldModelConfig

_KINDS: dict[str, tuple[type[Any], type[nn.Module]]] = {
    "VQVAE": (VQVAEConfig, VQVAE),
    "PatchCodebook": (PatchCodebookConfig, PatchCodebook),
    "WorldModel": (WorldModelConfig, WorldModel),
    "MaskedPolicy": (PolicyConfig, MaskedPolicy),
}


def build(config: Any) -> nn.Module:
    """Return a model with new weights for a config dataclass."""
    return next(model for kind, model in _KINDS.values() if isinstance(config, kind))(config)


def config_from_dict(described: dict[str, Any], source: Path) -> Any:
    """Return the config dataclass for the content of a `config.json`, by its `class`.

    Raises:
        ArcworldError: the class or a setting is unknown; the message names `source`.
    """
    values = dict(described)
    name = str(values.pop("class", "nothing"))
    if name not in _KINDS:
        raise ArcworldError(f"{source}: class {name!r} is unknown; {did_you_mean(name, _KINDS)}")
    return _construct(_KINDS[name][0], values, source)


def _construct(kind: type[Any], values: dict[str, Any], source: Path) -> Any:
    known = {f.name for f in fields(kind)}
    unknown = sorted(values.keys() - known)
    if unknown:
        clause = did_you_mean(unknown[0], known)
        raise ArcworldError(f"{source}: setting {unknown[0]!r} is unknown; {clause}")
    hints = get_type_hints(kind)
    nested = {
        k: _construct(hints[k], v, source) if is_dataclass(hints[k]) else v
        for k, v in values.items()
    }
    return kind(**nested)
