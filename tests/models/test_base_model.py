"""The pretrained base of a run: found, compared, and never followed for a stranger."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch

from arcworld.errors import ArcworldError
from arcworld.models.storage.base_model import admit_base, pin_base
from arcworld.models.transformer.backbone import BackboneConfig, build_backbone
from arcworld.models.transformer.base_files import ALLOW, INDEX, base_digest
from tests.models.tiny_llama import save_tiny_llama

SOURCE = Path("run/world_model/config.json")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the base `base`, with a cache of its own."""
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(ALLOW, raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    save_tiny_llama(Path("base"))
    return tmp_path


def refused(match: str, *arguments: Any, **options: Any) -> str:
    """The one line with which `admit_base` refuses."""
    with pytest.raises(ArcworldError, match=match) as error:
        admit_base(*arguments, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_training_records_place_and_digest(place: Path) -> None:
    pinned = pin_base(BackboneConfig(pretrained="base"))
    assert pinned.pretrained == str(place / "work" / "base") and pinned.revision is None
    assert pinned.digest == base_digest(Path("base"))
    assert pin_base(BackboneConfig()) == BackboneConfig()


def test_a_base_used_here_is_found_from_any_folder(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = pin_base(BackboneConfig(pretrained="base"))
    monkeypatch.chdir(place)
    assert admit_base(pinned, SOURCE, False) == pinned


def test_another_base_is_refused_also_with_permission() -> None:
    pinned = pin_base(BackboneConfig(pretrained="base"))
    shutil.rmtree("base")
    save_tiny_llama(Path("base"), seed=1)
    for allow in (False, True, "base"):
        line = refused("found another base", pinned, SOURCE, allow)
        assert base_digest(Path("base"))[:12] in line and str(pinned.digest)[:12] in line
        assert "allow_base=FOLDER" in line
    with pytest.raises(ArcworldError, match="training: found another base"):
        pin_base(BackboneConfig(pretrained="base"), before=pinned)


def test_a_base_that_moved_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = pin_base(BackboneConfig(pretrained="base"))
    Path("base").rename(place / "moved")
    refused(f"found no model .*{ALLOW}=FOLDER", pinned, SOURCE, False)
    found = admit_base(pinned, SOURCE, place / "moved")
    assert found == replace(pinned, pretrained=str(place / "moved"))
    monkeypatch.setenv(ALLOW, str(place / "moved"))
    assert admit_base(pinned, SOURCE, False) == found


def test_a_stranger_s_base_needs_permission(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = BackboneConfig(
        pretrained=str(place / "work" / "base"), digest=base_digest(Path("base"))
    )
    line = refused("was not trained on this machine", theirs, SOURCE, False)
    assert "allow_base=True" in line and f"{ALLOW}=1" in line
    for off in ("", "0", "false"):
        monkeypatch.setenv(ALLOW, off)
        refused("was not trained on this machine", theirs, SOURCE, False)
    assert admit_base(theirs, SOURCE, True) == theirs
    monkeypatch.setenv(ALLOW, "1")
    assert admit_base(theirs, SOURCE, False) == theirs


def test_a_downloaded_run_needs_permission_for_a_base_used_here() -> None:
    pinned = pin_base(BackboneConfig(pretrained="base"))
    refused("was downloaded", pinned, SOURCE, False, downloaded=True)
    assert admit_base(pinned, SOURCE, True, downloaded=True) == pinned


def test_the_same_digest_elsewhere_is_not_followed(place: Path) -> None:
    """A stranger's run may repeat the digest of a known base, and name another place."""
    pinned = pin_base(BackboneConfig(pretrained="base"))
    for other in (str(place / "other"), "user/other"):
        refused("not trained on this machine", replace(pinned, pretrained=other), SOURCE, False)


def test_a_run_without_a_digest_says_that_nothing_is_compared() -> None:
    old = BackboneConfig(pretrained="base")
    refused("no digest recorded", old, SOURCE, False)
    with pytest.warns(UserWarning, match="records no digest"):
        assert admit_base(old, SOURCE, True).digest == base_digest(Path("base"))


def test_a_base_of_the_hub_is_pinned_to_its_commit(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []

    def snapshot_download(repo_id: str, *, revision: str | None, **options: Any) -> str:
        asked.append((repo_id, revision))
        assert not any(
            "bin" in pattern or "*.py" in pattern for pattern in options["allow_patterns"]
        )
        if repo_id != "user/pinned":
            raise OSError("404 Client Error")
        target = place / "hub" / "c0ffee"
        shutil.copytree(place / "work" / "base", target, dirs_exist_ok=True)
        return str(target)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    pinned = pin_base(BackboneConfig(pretrained="user/pinned", revision="v1"))
    assert (pinned.pretrained, pinned.revision) == ("user/pinned", "c0ffee")
    again = pin_base(BackboneConfig(pretrained="user/pinned"), before=pinned)
    assert again == pinned and admit_base(pinned, SOURCE, False) == pinned
    assert asked == [("user/pinned", "v1"), ("user/pinned", "c0ffee")]
    Path("user/pinned").mkdir(parents=True)  # a folder of this name is not the hub's model
    assert admit_base(pinned, SOURCE, False) == pinned
    with pytest.raises(ArcworldError, match="found no model here and none on the Hugging Face hub"):
        pin_base(BackboneConfig(pretrained="nobody/nothing"))


def test_only_safetensors_of_a_whole_model_are_read(place: Path) -> None:
    weights = Path("base/model.safetensors")
    weights.rename("base/pytorch_model.bin")
    with pytest.raises(ArcworldError, match="other formats are not loaded"):
        pin_base(BackboneConfig(pretrained="base"))
    with pytest.raises(ArcworldError, match="no backbone can be made"):
        build_backbone(BackboneConfig(pretrained="base"))
    Path("base/pytorch_model.bin").rename(weights)
    Path("base/adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": "user/other"})
    )
    with pytest.raises(ArcworldError, match="found an adapter"):
        pin_base(BackboneConfig(pretrained="base"))


def test_a_model_with_code_of_its_own_is_one_line() -> None:
    path = Path("base/config.json")
    settings = json.loads(path.read_text())
    foreign = {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config"}}
    path.write_text(json.dumps(settings | foreign))
    with pytest.raises(ArcworldError, match="no backbone can be made") as error:
        build_backbone(BackboneConfig(pretrained="base"))
    assert "\n" not in str(error.value)


def test_weights_in_several_files_have_one_digest() -> None:
    folder = save_tiny_llama(Path("sharded"), shard="10KB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    first = base_digest(folder)
    assert pin_base(BackboneConfig(pretrained="sharded")).digest == first
    last = sorted(folder.glob("*.safetensors"))[-1]
    last.write_bytes(last.read_bytes()[:-1] + b"\1")
    assert base_digest(folder) != first
    for odd in ("../base/model.safetensors", "model.bin"):
        (folder / INDEX).write_text(json.dumps({"weight_map": {"a": odd}}))
        with pytest.raises(ArcworldError, match=re.escape(odd)):
            base_digest(folder)
    (folder / INDEX).write_text("[]")
    with pytest.raises(ArcworldError, match="found no index"):
        base_digest(folder)


def test_the_digest_is_of_the_files_that_are_loaded() -> None:
    """Beside one file, an index is not read; which weight a shard has is part of the digest."""
    folder = save_tiny_llama(Path("sharded"), shard="10KB")
    sharded = base_digest(folder)
    index = json.loads((folder / INDEX).read_text())
    (folder / INDEX).write_text(json.dumps(index | {"metadata": {}}))
    assert base_digest(folder) != sharded
    for path in folder.glob("model*"):
        shutil.copy(path, "base")
    alone = base_digest(Path("base"))
    (folder / INDEX).write_text("[]")
    shutil.copy(folder / INDEX, "base")
    assert base_digest(Path("base")) == alone
    weights = Path("base/model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    assert base_digest(Path("base")) != alone


@pytest.mark.parametrize("nested", [False, True])
def test_settings_that_name_other_weights_are_refused(nested: bool) -> None:
    path = Path("base/config.json")
    settings = json.loads(path.read_text())
    named = {"transformers_weights": "other.safetensors"}
    path.write_text(json.dumps(settings | ({"text_config": named} if nested else named)))
    with pytest.raises(ArcworldError, match=r"found transformers_weights 'other\.safe") as error:
        pin_base(BackboneConfig(pretrained="base"))
    assert "\n" not in str(error.value)
    path.write_text("{")
    with pytest.raises(ArcworldError, match="found no settings"):
        base_digest(Path("base"))


def test_a_run_of_before_digests_stays_as_it_was(place: Path) -> None:
    named = BackboneConfig(pretrained="base")
    absolute = replace(named, pretrained=str(place / "work" / "base"))
    for before in (named, absolute):
        for given in (named, absolute):
            assert pin_base(given, before) == before
    save_tiny_llama(Path("other"), seed=1)
    other = pin_base(BackboneConfig(pretrained="other"), before=named)
    assert other.digest == base_digest(Path("other"))
    with pytest.raises(ArcworldError, match="training: found another base"):
        pin_base(replace(named, digest=other.digest), before=named)


def test_a_base_in_use_is_loaded_from_its_folder() -> None:
    pinned = pin_base(BackboneConfig(pretrained="base"))
    body: Any = build_backbone(pinned)
    assert body.config.hidden_size == 24
    assert {p.dtype for n, p in body.named_parameters() if "lora_" not in n} == {torch.bfloat16}
