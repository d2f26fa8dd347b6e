"""The pretrained base of a run: find it, compare its digest, and ask before a stranger's is loaded.

A run that adapts a pretrained model has only its own weights, and records name, revision and digest
of that model. The name may be a repository of the hub or any folder. So the user decides whether it
is followed, as with `trust_remote_code`. The cache notes the bases that a training on this machine
has used.
"""

from __future__ import annotations

import json
import os
import warnings
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from arcworld.errors import ArcworldError
from arcworld.models.snapshot import may_be_repo
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.base_files import ALLOW, base_digest, base_folder
from arcworld.recordings.files import write_bytes
from arcworld.recordings.pack_cache import cache_folder

TRAINING = "training"

type AllowBase = bool | str | Path


def pin_base(config: BackboneConfig, before: BackboneConfig | None = None) -> BackboneConfig:
    """Return the config with the place, revision and digest of its base, for training.

    A folder becomes an absolute path, so that the run finds it from any working folder.

    Args:
        config: as the user gave it; without a pretrained model it is returned unchanged.
        before: what the run recorded that is resumed; its revision is used again. If it recorded
            no digest, as runs of older versions, it stays as it was, so that it can be resumed.

    Raises:
        ArcworldError: there is no such base, or it is not the one of the given digest.
    """
    if config.pretrained is None:
        return config
    named = _placed(config)
    if before is not None and _recorded_no_digest(before, named):
        kept = replace(named, pretrained=before.pretrained, revision=before.revision)
        _checked(kept, config, TRAINING)
        return replace(kept, digest=None)
    if before is not None and before.pretrained == named.pretrained:
        named = replace(named, revision=named.revision or before.revision, digest=before.digest)
    found = _checked(named, named, TRAINING)
    with suppress(OSError):  # without the note, opening the run asks for permission
        write_bytes(_note(found), json.dumps(_identity(found)).encode())
    return found


def admit_base(
    config: BackboneConfig, source: Path, allow: AllowBase, *, downloaded: bool = False
) -> BackboneConfig:
    """Return the config of a run that is opened, once its base may be loaded and is the right one.

    Args:
        config: as the run recorded it; without a pretrained model it is returned unchanged.
        source: the file of the config, for messages.
        allow: True loads the base that the run names, and a folder or a name loads that base
            instead. False means what `ARCWORLD_ALLOW_BASE` says; without it only bases that a
            training on this machine has used are loaded.
        downloaded: the run came from the hub, so its base is never loaded without `allow`.

    Raises:
        ArcworldError: the base may not be loaded, is missing, or is another one.
    """
    if config.pretrained is None:
        return config
    allowed = allow or _from_environment()
    noted = not downloaded and config.digest is not None and _note(config).is_file()
    if not allowed and not noted:
        where = "was downloaded" if downloaded else "was not trained on this machine"
        raise ArcworldError(
            f"{source}: found a run that adapts {_described(config)} and {where}; expected your"
            f" permission to load that model; give allow_base=True, or set {ALLOW}=1 for a command"
        )
    wanted = config
    if isinstance(allowed, str | Path):
        wanted = _placed(replace(config, pretrained=str(allowed), revision=None))
    return _checked(wanted, config, str(source))


def _recorded_no_digest(before: BackboneConfig, named: BackboneConfig) -> bool:
    """Whether a run began with the same base before digests were recorded."""
    same = before.pretrained is not None and _placed(before).pretrained == named.pretrained
    return same and before.digest is None and named.revision in (None, before.revision)


def _placed(config: BackboneConfig) -> BackboneConfig:
    """Make the name of a folder absolute; names of the hub stay."""
    folder = Path(str(config.pretrained)).expanduser()
    if config.revision is None and (folder.is_dir() or not may_be_repo(str(config.pretrained))):
        return replace(config, pretrained=str(folder.resolve()))
    return config


def _checked(wanted: BackboneConfig, recorded: BackboneConfig, source: str) -> BackboneConfig:
    """Find a base, and compare it with the recorded digest, where there is one."""
    folder = base_folder(str(wanted.pretrained), wanted.revision)
    digest = base_digest(folder)
    if recorded.digest is None and source != TRAINING:
        warnings.warn(
            f"{source}: records no digest of its base, so {wanted.pretrained} is not compared;"
            " train it again to have one",
            stacklevel=5,
        )
    if recorded.digest not in (None, digest):
        raise ArcworldError(
            f"{source}: found another base at {wanted.pretrained} (digest {digest[:12]}); expected"
            f" {_described(recorded)}; restore that one, or say where it is with"
            f" allow_base=FOLDER or {ALLOW}=FOLDER"
        )
    from_hub = not Path(str(wanted.pretrained)).is_dir() or wanted.revision is not None
    return replace(wanted, revision=folder.name if from_hub else None, digest=digest)


def _from_environment() -> bool | str:
    """What `ARCWORLD_ALLOW_BASE` allows: nothing, any base, or one."""
    text = os.environ.get(ALLOW, "").strip()
    if text.lower() in ("", "0", "false", "no"):
        return False
    return True if text.lower() in ("1", "true", "yes") else text


def _described(config: BackboneConfig) -> str:
    revision = f" at revision {config.revision}" if config.revision else ""
    digest = f"digest {config.digest[:12]}" if config.digest else "no digest recorded"
    return f"{config.pretrained!r}{revision} ({digest})"


def _identity(config: BackboneConfig) -> list[str | None]:
    return [config.pretrained, config.revision, config.digest]


def _note(config: BackboneConfig) -> Path:
    """The file that notes that a training on this machine has used a base."""
    name = sha256(json.dumps(_identity(config)).encode()).hexdigest()
    return cache_folder() / "bases" / f"{name}.json"
