"""Runs that adapt a pretrained model: trained, opened from elsewhere, resumed and given away."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from arcworld.cli import main
from arcworld.commands.crossval import _shorter
from arcworld.errors import ArcworldError
from arcworld.models.run import from_pretrained
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.base_files import ALLOW, base_digest
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import Episode
from arcworld.training.recipes import Recipe
from arcworld.training.train import train
from tests.models.tiny_llama import save_tiny_llama
from tests.training.test_refused import plain, recorded
from tests.training.test_start import brief


def adapting(base: str) -> Recipe:
    """Return the recipe `debug` on a pretrained model, with two steps per stage."""
    made = brief()
    return replace(
        made,
        world_model=replace(made.world_model, backbone=BackboneConfig(width=24, pretrained=base)),
        policy=replace(made.policy, width=24),
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the base `base`; the runs of the tests are trained in copies of it."""
    return save_tiny_llama(tmp_path_factory.mktemp("bases") / "base").parent


@pytest.fixture
def data(
    make_episode: Callable[..., Episode],
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Dataset:
    """Recordings; the working folder is new and has `base`, and the cache is empty."""
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(ALLOW, raising=False)
    recordings = recorded(plain(make_episode, 1, True), tmp_path)
    shutil.copytree(trained / "base", tmp_path / "work" / "base")
    monkeypatch.chdir(tmp_path / "work")
    return recordings


def test_a_run_finds_its_base_from_any_folder_and_no_other(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    train(adapting("base"), data, "run", devices="1")
    work = tmp_path / "work"
    config = json.loads((work / "run/world_model/config.json").read_text())
    recorded_base = {"pretrained": str(work / "base"), "digest": base_digest(work / "base")}
    assert config["backbone"].items() >= (recorded_base | {"revision": None}).items()
    settings = json.loads((work / "run/run.json").read_text())["settings"]
    assert settings["world_model"]["backbone"] == config["backbone"]
    monkeypatch.chdir(tmp_path)
    assert from_pretrained("work/run").world_model.config.backbone.digest == base_digest(
        work / "base"
    )
    shutil.rmtree(work / "base")
    save_tiny_llama(work / "base", seed=1)
    assert main(["evaluate", "work/run", "--data", str(data.path)]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "found another base" in line and str(recorded_base["digest"])[:12] in line
    with pytest.raises(ArcworldError, match="training: found another base"):
        train(adapting("work/base"), data, "work/run", devices="1", resume=True)


def test_a_run_from_elsewhere_is_followed_by_permission_only(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    train(adapting("base"), data, "run", devices="1")
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache-of-another-machine"))
    play = ["play", "run", "--game", "keys", "--max-actions", "2", "--agent", "policy"]
    capsys.readouterr()
    assert main(play) == 2
    error = capsys.readouterr().err
    assert "was not trained on this machine" in error and error.count("\n") == 1
    with pytest.raises(ArcworldError, match="allow_base=True"):
        from_pretrained("run")
    assert from_pretrained("run", allow_base=True).name == "run"
    monkeypatch.setenv(ALLOW, "1")
    assert main(play) == 0


def test_a_run_of_the_hub_is_followed_by_permission_only(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(adapting("base"), data, "run", devices="1")
    monkeypatch.setattr(
        huggingface_hub, "snapshot_download", lambda *_, **__: str(tmp_path / "work" / "run")
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArcworldError, match=r"adapts .* and was downloaded"):
        from_pretrained("user/name")
    again = from_pretrained("user/name", allow_base=True)
    assert again.world_model.config == run.world_model.config


def test_a_run_starts_from_another_whose_base_has_moved(data: Dataset, tmp_path: Path) -> None:
    train(adapting("base"), data, "run", devices="1")
    (tmp_path / "work" / "base").rename(tmp_path / "moved")
    start = from_pretrained("run", allow_base=tmp_path / "moved")
    second = train(adapting("../moved"), data, "second", devices="1", start=start)
    assert second.world_model.config.backbone.pretrained == str(tmp_path / "moved")
    resumed = train(
        adapting(str(tmp_path / "moved")), data, "second", devices="1", start=start, resume=True
    )
    assert resumed.world_model.config == second.world_model.config


def without_digest(run: str) -> None:
    """Make a run as versions did that recorded neither digests nor places, and stop it half-way."""
    for path in (Path(run, "run.json"), Path(run, "world_model/config.json")):
        content = json.loads(path.read_text())
        settings = content["settings"]["world_model"] if "settings" in content else content
        for name in ("digest", "revision"):
            settings["backbone"].pop(name, None)
        settings["backbone"]["pretrained"] = "base"
        path.write_text(json.dumps(content))
    for name in ("world_model", "policy"):
        Path(run, name, "model.safetensors").unlink()


def test_a_run_of_before_digests_is_resumed(data: Dataset) -> None:
    train(adapting("base"), data, "run", devices="1")
    without_digest("run")
    with pytest.warns(UserWarning, match="records no digest"):
        train(adapting("base"), data, "run", devices="1", resume=True)
    config = json.loads(Path("run/world_model/config.json").read_text())["backbone"]
    assert (config["pretrained"], config["digest"]) == ("base", None)


def test_a_run_of_before_digests_is_resumed_with_its_start(data: Dataset, tmp_path: Path) -> None:
    train(adapting("base"), data, "first", devices="1")
    start = from_pretrained("first")
    train(adapting("base"), data, "run", devices="1", start=start)
    without_digest("run")
    with pytest.warns(UserWarning, match="records no digest"):
        train(adapting("base"), data, "run", devices="1", start=start, resume=True)
    without_digest("run")
    save_tiny_llama(tmp_path / "work" / "other", seed=1)
    train(adapting("other"), data, "second", devices="1")
    with pytest.raises(ArcworldError, match=r"its world model has backbone\.digest"):
        other = from_pretrained("second")
        train(adapting("base"), data, "run", devices="1", start=other, resume=True)


def test_a_base_in_another_part_is_not_followed(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused by its class, without a question for permission."""
    train(adapting("base"), data, "run", devices="1")
    shutil.rmtree("run/tokenizer")
    shutil.copytree("run/world_model", "run/tokenizer")
    monkeypatch.setattr(
        huggingface_hub, "snapshot_download", lambda *_, **__: str(tmp_path / "work" / "run")
    )
    for name in ("run", "user/name"):
        with pytest.raises(ArcworldError, match="found a WorldModel; expected a FrameTokenizer"):
            from_pretrained(name)


def test_folds_are_trained_on_the_base_of_the_opened_run() -> None:
    """`run.json` of a stranger may name another base than its world model's settings."""
    allowed = BackboneConfig(width=24, pretrained="allowed")
    assert _shorter(adapting("another"), allowed).world_model.backbone == allowed


def test_a_missing_base_is_one_line_before_anything_is_written(data: Dataset) -> None:
    with pytest.raises(ArcworldError, match="found no model") as error:
        train(adapting("nowhere/at/all"), data, "run", devices="1")
    assert "\n" not in str(error.value) and not Path("run").exists()
