"""Save and load models: `config.json` has the settings, `model.safetensors` the weights.

Writing is atomic. Loading checks names, shapes and values before a weight is used. Nothing is
unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from arcworld.errors import ArcworldError
from arcworld.models.storage.base_model import AllowBase, admit_base
from arcworld.models.storage.build import build, class_of, config_from_dict
from arcworld.models.transformer.world_model import WorldModelConfig
from arcworld.recordings.files import denied, write_bytes

CONFIG, WEIGHTS = "config.json", "model.safetensors"
_AGAIN = "copy the folder again, or train the run again"


def save_json(path: Path, value: Any) -> None:
    """Write JSON atomically."""
    write_bytes(path, (json.dumps(value, indent=2) + "\n").encode())


def load_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        ArcworldError: the file is missing or not JSON.
    """
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise ArcworldError(f"{path}: found nothing; expected a JSON file; {_AGAIN}") from None
    except PermissionError:
        raise denied(path) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise ArcworldError(f"{path}: found no JSON ({error}); {_AGAIN}") from None


def load_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ArcworldError: the file is missing, not JSON, or not an object.
    """
    value = load_json(path)
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise ArcworldError(f"{path}: found a {kind}; expected a JSON object; {_AGAIN}")
    return value


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors as safetensors, atomically."""
    from safetensors.torch import save

    write_bytes(path, save({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}))


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read tensors.

    Raises:
        ArcworldError: the file is missing or not a safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except FileNotFoundError:
        _check_readable(path)
        raise ArcworldError(f"{path}: found nothing; expected weights; {_AGAIN}") from None
    except (SafetensorError, OSError) as error:
        raise ArcworldError(f"{path}: found no readable safetensors ({error}); {_AGAIN}") from error


def _check_readable(path: Path) -> None:
    """Refuse a file that may not be read; safetensors calls it missing.

    Raises:
        ArcworldError: the permission is denied.
    """
    try:
        path.open("rb").close()
    except PermissionError:
        raise denied(path) from None
    except OSError:
        return


def own_state(module: nn.Module) -> dict[str, Tensor]:
    """Return the weights to save: all, but not the frozen ones of a pretrained backbone."""
    state = module.state_dict()
    if getattr(getattr(module, "backbone", None), "peft_config", None) is None:
        return state
    return {k: v for k, v in state.items() if not k.startswith("backbone.") or "lora_" in k}


def save_model(folder: Path, module: nn.Module, config: Any) -> None:
    """Write a model into a folder; `config` is the dataclass that it was built from."""
    save_json(folder / CONFIG, {"class": type(module).__name__, **asdict(config)})
    save_tensors(folder / WEIGHTS, own_state(module))


def load_model[M: nn.Module](
    folder: Path, kind: type[M], *, allow_base: AllowBase = False, downloaded: bool = False
) -> M:
    """Load the model of a folder, in evaluation mode.

    Args:
        folder: has `config.json` and `model.safetensors`.
        kind: the class of the model, or one that it derives from.
        allow_base, downloaded: see `base_model.admit_base`.

    Raises:
        ArcworldError: a file is missing or damaged, the model is of another class, weights have a
            wrong shape or NaN, or the model adapts a pretrained one that may not be loaded.
    """
    config = config_from_dict(load_object(folder / CONFIG), folder / CONFIG)
    found = class_of(config)
    if not issubclass(found, kind):
        raise ArcworldError(
            f"{folder / CONFIG}: found a {found.__name__}; expected a {kind.__name__}; {_AGAIN}"
        )
    if isinstance(config, WorldModelConfig):
        base = admit_base(config.backbone, folder / CONFIG, allow_base, downloaded=downloaded)
        config = replace(config, backbone=base)
    try:
        module: M = build(config)
    except ArcworldError:
        raise
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        reason = str(error).splitlines()[0]
        raise ArcworldError(
            f"{folder / CONFIG}: no model can be built from it ({reason}); expected the settings"
            " that training wrote; put them back"
        ) from error
    load_state(module, load_tensors(folder / WEIGHTS), folder / WEIGHTS)
    return module.eval()


def load_state(module: nn.Module, state: Mapping[str, Tensor], source: Path) -> None:
    """Load weights into a model after checking names, shapes, types and values.

    A model may name the highest value of whole numbers in its state: `highest`.

    Raises:
        ArcworldError: the weights do not fit the model, or are not finite; the message names
            `source`.
    """
    expected = own_state(module)
    odd = sorted(expected.keys() ^ state.keys())
    if odd:
        raise ArcworldError(
            f"{source}: {len(odd)} weights do not belong or are missing ({odd[0]}, ...); expected"
            f" those of its config.json; {_AGAIN}"
        )
    for name, value in state.items():
        if value.shape != expected[name].shape:
            raise ArcworldError(
                f"{source}: {name} has shape {tuple(value.shape)}; expected"
                f" {tuple(expected[name].shape)}; {_AGAIN}"
            )
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ArcworldError(
                f"{source}: {name} holds NaN or infinity; expected finite weights; train it again"
            )
        if value.is_floating_point() != expected[name].is_floating_point():
            raise ArcworldError(
                f"{source}: {name} is of type {value.dtype}; expected {expected[name].dtype};"
                f" {_AGAIN}"
            )
        most = getattr(module, "highest", {}).get(name)
        if most is not None and not 0 <= int(value.min()) <= int(value.max()) <= most:
            raise ArcworldError(
                f"{source}: {name} holds {int(value.max())}; expected 0 to {most}; {_AGAIN}"
            )
    module.load_state_dict(dict(state), strict=False)
