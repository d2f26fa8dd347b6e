"""Weight files: their permissions, and what is said where they cannot be read."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.models.run import SHIPPED, from_pretrained
from arcworld.models.storage.checkpoint import load_model, load_tensors, save_model, save_tensors


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_weights_have_the_permissions_of_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        save_tensors(tmp_path / "model.safetensors", {"a": torch.arange(3.0)})
    finally:
        os.umask(before)
    assert (tmp_path / "model.safetensors").stat().st_mode & 0o777 == mode
    assert torch.equal(load_tensors(tmp_path / "model.safetensors")["a"], torch.arange(3.0))


def test_a_file_that_may_not_be_read_is_said_to_be_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import safetensors.torch

    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    def missing(*_: Any) -> Any:  # what safetensors says of such a file
        raise FileNotFoundError("No such file or directory")

    monkeypatch.setattr(safetensors.torch, "load_file", missing)
    with pytest.raises(ArcworldError, match="found nothing; expected weights"):
        load_tensors(tmp_path / "model.safetensors")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ArcworldError, match="permission denied; expected a file that you may read"):
        load_tensors(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    "name", ["run.json", "tokenizer/config.json", "novelty/frame_hashes.npy", "game_priors.json"]
)
def test_a_file_of_a_run_that_may_not_be_read_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read every file, so the refusal is made here."""
    closed = SHIPPED / "small" / name
    opened = io.open

    def refuse(file: Any, *arguments: Any, **options: Any) -> Any:
        if str(file) == str(closed):
            raise PermissionError(13, "Permission denied", str(file))
        return opened(file, *arguments, **options)

    monkeypatch.setattr(io, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(ArcworldError, match=f"{name}: permission denied; expected a file"):
        from_pretrained("small")


@pytest.mark.parametrize(
    ("part", "other", "said"),
    [
        ("tokenizer", "policy", "found a MaskedPolicy; expected a FrameTokenizer"),
        ("world_model", "tokenizer", "found a PatchCodebook; expected a WorldModel"),
        ("policy", "world_model", "found a WorldModel; expected a MaskedPolicy"),
    ],
)
def test_a_part_of_another_class_is_refused(
    part: str, other: str, said: str, tmp_path: Path
) -> None:
    shutil.copytree(SHIPPED / "small", tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / part)
    shutil.copytree(SHIPPED / "small" / other, tmp_path / "run" / part)
    with pytest.raises(ArcworldError, match=f"config.json: {said}") as error:
        from_pretrained(tmp_path / "run")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("patches", "said"),
    [
        (torch.full((8, 64), 16, dtype=torch.uint8), "patches holds 16; expected 0 to 15"),
        (torch.zeros((8, 64)), "patches is of type torch.float32; expected torch.uint8"),
    ],
)
def test_colours_that_do_not_exist_are_refused(
    tmp_path: Path, patches: torch.Tensor, said: str
) -> None:
    config = PatchCodebookConfig(codebook_size=8)
    save_model(tmp_path, PatchCodebook(config), config)
    save_tensors(tmp_path / "model.safetensors", {"patches": patches})
    with pytest.raises(ArcworldError, match=said):
        load_model(tmp_path, PatchCodebook)
