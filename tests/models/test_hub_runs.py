"""Runs saved, uploaded and found again, with a stub of the hub's client."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub.errors import RepositoryNotFoundError

from arcworld.errors import ArcworldError
from arcworld.models.run import SHIPPED, Run, from_pretrained
from arcworld.recordings.episode import Action

HUB: dict[str, Path] = {}
"""Repositories of the stub, by `id@revision`."""


class Client:
    """The part of `HfApi` that uploads use."""

    def __init__(self, token: str | None = None, **about: str) -> None:
        assert token == "secret" and about["library_name"] == "arcworld"

    def create_repo(self, repo_id: str, *, private: bool | None, exist_ok: bool) -> Any:
        if repo_id.startswith("others/"):
            raise OSError("403 Forbidden: not yours.\nmore lines")
        return SimpleNamespace(repo_id=repo_id)

    def create_branch(self, repo_id: str, *, branch: str, exist_ok: bool) -> None:
        assert exist_ok

    def upload_folder(
        self, *, repo_id: str, folder_path: str, revision: str | None, commit_message: str
    ) -> Any:
        shutil.copytree(folder_path, HUB["root"] / repo_id / (revision or "main"))
        return SimpleNamespace(commit_url=f"hub:{repo_id}/commit/1")


def snapshot_download(repo_id: str, *, revision: str | None, **_: Any) -> str:
    folder = HUB["root"] / repo_id / (revision or "main")
    if not folder.is_dir():
        response: Any = SimpleNamespace(headers={}, request=None)
        raise RepositoryNotFoundError("404 Client Error.", response=response)
    return str(folder)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    HUB["root"] = tmp_path / "hub"
    monkeypatch.setattr(huggingface_hub, "HfApi", Client)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return HUB["root"]


@pytest.fixture(scope="module")
def small() -> Run:
    return from_pretrained("small")


def same(one: Run, other: Run) -> None:
    frame_HW = np.arange(4096).reshape(64, 64) % 16
    for first, second in zip(
        one.world_model.parameters(), other.world_model.parameters(), strict=True
    ):
        assert torch.equal(first, second)
    assert one.about == other.about and one.game_priors == other.game_priors
    assert np.array_equal(one.novelty_index.pairs, other.novelty_index.pairs)
    action = Action(6, 5, 5)
    assert np.array_equal(
        one.predict(frame_HW, action).frame_HW, other.predict(frame_HW, action).frame_HW
    )


def test_a_saved_run_is_the_same_run(small: Run, tmp_path: Path) -> None:
    folder = small.save_pretrained(str(tmp_path / "saved"))
    same(small, from_pretrained(folder))
    same(small, from_pretrained(small.save_pretrained(folder)))


def test_an_uploaded_run_is_found_by_its_name_and_revision(small: Run, hub: Path) -> None:
    address = small.push_to_hub("user/mine", token="secret", revision="v2")
    assert address == "hub:user/mine/commit/1"
    same(small, from_pretrained("user/mine", revision="v2"))
    card = (hub / "user/mine/v2/README.md").read_text()
    assert card.startswith("---\nlibrary_name: arcworld\n")
    assert 'from_pretrained("user/mine")' in card and "- keys-3d1f7a92: " in card
    with pytest.raises(ArcworldError, match="user/mine: found no run here and none on the") as told:
        from_pretrained("user/mine")
    assert "\n" not in str(told.value)


def test_what_the_hub_refuses_is_one_line(small: Run, hub: Path) -> None:
    with pytest.raises(ArcworldError, match=r"not uploaded .*403 Forbidden: not yours") as told:
        small.push_to_hub("others/mine", token="secret")
    assert "\n" not in str(told.value)


def test_a_misspelt_folder_is_not_asked_of_the_hub(hub: Path) -> None:
    Path("runs").mkdir()
    for name in ("runs/mine", "a/b/c", "/none/here", "smal"):
        with pytest.raises(ArcworldError, match="found no run; expected a folder"):
            from_pretrained(name)


def test_a_folder_with_a_shipped_name_is_reported(small: Run, hub: Path) -> None:
    Path("small").mkdir()
    with pytest.warns(UserWarning, match="the shipped weights are taken"):
        assert from_pretrained("small").folder == SHIPPED / "small"
    small.save_pretrained("small")
    path = Path("small/run.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seed": 7}))
    with pytest.warns(UserWarning, match="the folder is taken; rename it"):
        assert from_pretrained("small").about["seed"] == 7


def test_a_revision_is_of_the_hub_alone(small: Run, hub: Path) -> None:
    with pytest.raises(ArcworldError, match="expected a revision of a run on the hub"):
        from_pretrained("small", revision="main")
