"""Runs on the Hugging Face hub: download by name, and upload.

A repository has the files of a run's folder and a model card. Nothing in it is unpickled or
executed. `huggingface_hub` finds the token and the cache, as for any other model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import arcworld
from arcworld.errors import ArcworldError
from arcworld.models.snapshot import find_snapshot, may_be_repo, reason

FILES = ["*.json", "*.safetensors", "*.npy"]
"""What is downloaded of a repository."""


def download(repo_id: str, revision: str | None = None) -> Path:
    """Return the folder of a run's repository in the cache of the hub; it is downloaded if needed.

    Args:
        repo_id: `user/name`.
        revision: a branch, a tag or a commit; None is the main branch.

    Raises:
        ArcworldError: there is no such repository or revision, or the hub cannot be reached.
    """
    expected = "a folder, shipped weights or user/name"
    return find_snapshot(repo_id, revision, FILES, "run", expected)


def upload(
    repo_id: str,
    save: Callable[[str], object],
    *,
    name: str,
    about: Mapping[str, Any],
    private: bool | None = None,
    revision: str | None = None,
    commit_message: str | None = None,
    token: str | None = None,
) -> str:
    """Create the repository if needed, upload a run, and return the address of the commit.

    Args:
        repo_id: `user/name`.
        save: writes the run's files into a folder.
        name: of the run, for the message of the commit.
        about: what the run says of itself, for the model card.
        private, revision, commit_message, token: see `Run.push_to_hub`.

    Raises:
        ArcworldError: the hub refuses, or cannot be reached.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token, library_name="arcworld", library_version=arcworld.__version__)
    try:
        repo = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
        if revision is not None:
            api.create_branch(repo, branch=revision, exist_ok=True)
        with TemporaryDirectory() as folder:
            save(folder)
            (Path(folder) / "README.md").write_text(model_card(repo, about), encoding="utf-8")
            commit = api.upload_folder(
                repo_id=repo,
                folder_path=folder,
                revision=revision,
                commit_message=commit_message or f"Upload {name} with arcworld",
            )
    except ArcworldError:
        raise
    except Exception as error:  # the client raises errors of several libraries
        raise ArcworldError(
            f"{repo_id}: not uploaded ({reason(error)}); expected a repository that you may write;"
            " check the name, the token (`hf auth login`) and the network"
        ) from error
    return str(commit.commit_url)


def model_card(repo_id: str, about: Mapping[str, Any]) -> str:
    """Return the text of the README.md of a repository."""
    trained_on: Mapping[str, list[str]] = about.get("trained_on", {})
    games = [f"- {game}: {len(guids)} recordings" for game, guids in sorted(trained_on.items())]
    base = _base_of(about)
    allow = ", allow_base=True" if base else ""
    return "\n".join(
        [
            "---",
            "library_name: arcworld",
            "tags: [arc-agi-3, world-model, reinforcement-learning]",
            *([f"base_model: {base}"] if base and may_be_repo(base) else []),
            "---",
            "",
            f"# {repo_id.split('/')[-1]}",
            "",
            "A tokenizer, a world model and a policy for ARC-AGI-3 games, trained with arcworld"
            f" {about.get('arcworld')}: recipe `{about.get('recipe')}`, scheme"
            f" {about.get('scheme')}, seed {about.get('seed')}.",
            "",
            "```python",
            "import arcworld",
            "",
            f'run = arcworld.from_pretrained("{repo_id}"{allow})',
            "prediction = run.predict(frame, arcworld.Action(1))",
            "```",
            "",
            "Trained on:",
            "",
            *games,
            "",
        ]
    )


def _base_of(about: Mapping[str, Any]) -> str | None:
    """The pretrained model that a run adapts, by its `run.json`."""
    found: Any = about
    for key in ("settings", "world_model", "backbone", "pretrained"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None
