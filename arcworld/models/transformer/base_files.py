"""The files of a pretrained model that a run adapts: where they are, and their digest.

Only settings and safetensors are downloaded and read: no pickle, no code.
"""

from __future__ import annotations

import functools
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.models.snapshot import find_snapshot, may_be_repo

ALLOW = "ARCWORLD_ALLOW_BASE"
"""Environment variable: `1`, or the base to load; for commands, as `allow_base` is for calls."""
CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
ELSEWHERE = "transformers_weights"
"""Setting of a base's `config.json` that names other files of weights; `transformers` obeys it."""
FILES = (CONFIG, WEIGHTS, INDEX, "model-*-of-*.safetensors")
"""What is downloaded of a base."""


def base_folder(name: str, revision: str | None = None) -> Path:
    """Return the folder with the files of a base; it is downloaded if needed.

    Args:
        name: a folder, or `user/name` on the hub.
        revision: a branch, a tag or a commit of the hub; with one, no folder is looked for.

    Raises:
        ArcworldError: there is no such folder or repository, or it has no safetensors.
    """
    folder = Path(name)
    if revision is not None or (not folder.is_dir() and may_be_repo(name)):
        folder = _downloaded(name, revision)
    if not folder.is_dir():
        raise ArcworldError(
            f"found no model {name!r}; expected a folder or a model on the Hugging Face hub; check"
            f" the name, or say where it is with allow_base=FOLDER or {ALLOW}=FOLDER"
        )
    if (folder / "adapter_config.json").exists():
        raise ArcworldError(
            f"{folder}: found an adapter, which leads to a model of its own; expected a whole"
            " causal language model; merge the adapter first (`merge_and_unload` of peft)"
        )
    return folder


def base_digest(folder: Path) -> str:
    """Return the SHA-256 of the settings and the weights in a base's folder, as 64 hex digits.

    Raises:
        ArcworldError: the folder has no settings or no safetensors, or the settings name other
            files of weights.
    """
    _check_settings(folder / CONFIG)
    digest = sha256()
    for name in [CONFIG, *_weight_files(folder)]:
        try:
            with (folder / name).open("rb") as file:
                while block := file.read(1 << 22):
                    digest.update(block)
        except OSError as error:
            raise ArcworldError(
                f"{folder / name}: cannot be read ({error.strerror}); expected {CONFIG} and"
                " safetensors of a causal language model; other formats are not loaded"
            ) from None
    return digest.hexdigest()


def _check_settings(path: Path) -> None:
    """Refuse settings that lead `transformers` to other weights than those of the digest."""
    objects: list[dict[str, Any]] = []
    try:
        json.loads(path.read_text(encoding="utf-8"), object_hook=objects.append)
    except FileNotFoundError:  # the digest names it
        return
    except (OSError, ValueError) as error:
        raise ArcworldError(
            f"{path}: found no settings ({error}); expected a JSON object; save the model again"
            " with save_pretrained"
        ) from None
    if named := [made[ELSEWHERE] for made in objects if made.get(ELSEWHERE) is not None]:
        raise ArcworldError(
            f"{path}: found {ELSEWHERE} {named[0]!r}; expected weights in {WEIGHTS} or by {INDEX};"
            " save the model again with save_pretrained"
        )


def _weight_files(folder: Path) -> list[str]:
    """The names of the files that `transformers` loads: one, else the index and those it names."""
    if (folder / WEIGHTS).is_file() or not (folder / INDEX).is_file():
        return [WEIGHTS]
    try:
        named: dict[str, Any] = json.loads((folder / INDEX).read_text())["weight_map"]
        names = sorted({str(name) for name in named.values()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArcworldError(
            f"{folder / INDEX}: found no index ({error}); expected the files by weight; save the"
            " model again with save_pretrained"
        ) from None
    odd = [name for name in names if Path(name).name != name or not name.endswith(".safetensors")]
    if odd or not names:
        raise ArcworldError(
            f"{folder / INDEX}: found {(odd or ['no file'])[0]!r}; expected safetensors in the same"
            " folder; save the model again with save_pretrained"
        )
    return [INDEX, *names]


@functools.cache
def _downloaded(name: str, revision: str | None) -> Path:
    return find_snapshot(name, revision, FILES, "model", "a folder or user/name")
