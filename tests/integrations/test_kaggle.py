"""`arcworld kaggle`: what it builds, and its notebook run against stand-ins of the mounts."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from arcworld.cli import main
from arcworld.errors import ArcworldError
from arcworld.integrations import kaggle
from arcworld.integrations.kaggle import KaggleConfig, build, download_wheels
from arcworld.models.run import SHIPPED, from_pretrained

STAND_IN = Path(__file__).parent / "arc_agents_stand_in.py"
OFFLINE = KaggleConfig(packages=())

MAIN = """
import sys
import agents
assert sys.argv[1:] == ["--agent", "myagent"]
from arc_agi import Arcade, OperationMode
from arcworld.play.toolkit import OWN_GAMES
arcade = Arcade(operation_mode=OperationMode.OFFLINE, environments_dir=str(OWN_GAMES))
made = agents.AVAILABLE_AGENTS["myagent"]
made.MAX_ACTIONS = 3
env = arcade.make("keys")
card = next(iter(arcade.scorecard_manager.scorecards))
agent = made(card, "keys", "myagent", "http://localhost", False, env)
agent.main()
print("played", agent.player.agent.name, agent.action_counter)
"""


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Command lines of pip, which is not run."""
    lines: list[list[str]] = []

    def note(line: list[str], **_: Any) -> Any:
        lines.append(line)
        return subprocess.CompletedProcess(line, 0, "", "")

    monkeypatch.setattr(kaggle.subprocess, "run", note)
    return lines


def test_the_command_builds_a_data_set_and_a_notebook(
    tmp_path: Path, downloads: list[list[str]]
) -> None:
    out = tmp_path / "kaggle"
    words = ["kaggle", "--run", str(SHIPPED / "small"), "--out", str(out), "--user", "me"]
    assert main(words) == 0
    assert main(words) == 0, "a second build replaces the first"
    assert json.loads((out / "dataset/dataset-metadata.json").read_text())["id"] == "me/arcworld"
    notebook = json.loads((out / "notebook/arcworld.ipynb").read_text())
    compile("".join(notebook["cells"][0]["source"]), "cell", "exec")
    assert (out / "dataset/run/world_model/model.safetensors").is_file()
    assert downloads[0][-2:] == list(kaggle.PACKAGES) and "3.12" in downloads[0]
    (wheel,) = (out / "dataset/wheels").glob("arcworld-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "arcworld/weights/small/run.json" in names and not [n for n in names if "pycache" in n]


PLAY = """
import importlib.metadata, re, sys
from arcworld.integrations.arc_agents import ArcworldMixin
from arcworld.integrations.fallback import FallbackAgent
from arcworld.play.agents.catalogue import make_agent
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
for name in ("world-model", "explorer", "random"):
    with Toolkit() as toolkit:
        play_game(make_agent(name, run="small"), toolkit, "keys", 4)
modules = importlib.metadata.packages_distributions()
found = {part for name in sys.modules for part in modules.get(name.split(".")[0], ())}
print(*{re.sub(r"[-_.]+", "-", name).lower() for name in found})
"""
IMAGE = {
    *("numpy", "scipy", "matplotlib", "pillow", "rich"),
    *("torch", "transformers", "safetensors", "huggingface-hub", "filelock"),
}
TOOLKIT = {"arc-agi", "arcengine"}


def test_all_that_playing_imports_is_there() -> None:
    """Kaggle's image, the competition's wheels and the data set have every direct requirement."""
    ran = subprocess.run([sys.executable, "-c", PLAY], check=True, capture_output=True, text=True)
    loaded = set(ran.stdout.split())
    requirements = importlib.metadata.requires("arcworld") or []
    names = {re.split(r"[^\w.-]", line)[0].lower() for line in requirements}
    assert names & loaded >= {"orjson", "torch", "arc-agi"}
    assert names & loaded <= IMAGE | TOOLKIT | set(kaggle.PACKAGES)


def test_the_wheel_can_be_installed(tmp_path: Path) -> None:
    if shutil.which("uv") is None:
        pytest.skip("needs uv")
    wheel = kaggle.write_wheel(tmp_path)
    line = ["uv", "pip", "install", "-q", "--offline", "--no-deps", "--target"]
    subprocess.run([*line, str(tmp_path / "site"), str(wheel)], check=True)
    assert (tmp_path / "site/arcworld/weights/small/run.json").is_file()


def test_what_cannot_be_built_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArcworldError, match=r"no run\.json there; expected a folder"):
        build(tmp_path, tmp_path / "out", OFFLINE)
    adapted = tmp_path / "adapted"
    shutil.copytree(SHIPPED / "small", adapted)
    config = json.loads((adapted / "world_model/config.json").read_text())
    config["backbone"]["pretrained"] = "user/base"
    (adapted / "world_model/config.json").write_text(json.dumps(config))
    with pytest.raises(ArcworldError, match="adapts the pretrained model 'user/base'"):
        build(adapted, tmp_path / "out", OFFLINE)
    shutil.rmtree(adapted)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(ArcworldError, match=r"has 'mine.txt' in it"):
        build(None, tmp_path, OFFLINE)
    (tmp_path / "other" / "dataset").mkdir(parents=True)
    (tmp_path / "other" / "dataset" / "precious.csv").touch()
    with pytest.raises(ArcworldError, match="not built by this command"):
        build(None, tmp_path / "other", OFFLINE)
    monkeypatch.setattr(
        kaggle, "_pip", lambda: [sys.executable, "-c", "raise SystemExit('no net')"]
    )
    with pytest.raises(ArcworldError, match=r"orjson for Python 3\.12: no net"):
        download_wheels(tmp_path, KaggleConfig())
    with pytest.raises(ArcworldError, match="no net"):
        build(None, tmp_path / "built")
    assert build(None, tmp_path / "built", OFFLINE), "what a failed build left is replaced"


def test_only_what_plays_is_written_of_a_run(tmp_path: Path) -> None:
    """Recordings, folds and checkpoints that lie beside the run stay here."""
    run, out = tmp_path / "small", tmp_path / "out"
    shutil.copytree(SHIPPED / "small", run)
    shutil.copytree(run, run / "crossval/fold-1")
    (run / "demos").mkdir()
    (run / "demos" / "mine.jsonl").touch()
    (run / "checkpoint.pt").touch()
    build(run, out, OFFLINE)
    written = out / "dataset" / "run"
    names = {path.relative_to(written).as_posix() for path in written.rglob("*") if path.is_file()}
    needed = {
        *("run.json", "game_priors.json", "novelty/frame_hashes.npy", "novelty/pair_hashes.npy"),
        *(f"{part}/config.json" for part in ("tokenizer", "world_model", "policy")),
        *(f"{part}/model.safetensors" for part in ("tokenizer", "world_model", "policy")),
    }
    assert names == needed
    before, after = from_pretrained(run.resolve()), from_pretrained(written)
    assert after.about == before.about and after.game_priors == before.game_priors
    assert np.array_equal(after.novelty_index.pairs, before.novelty_index.pairs)
    for name, value in before.world_model.state_dict().items():
        assert torch.equal(value, after.world_model.state_dict()[name])


@pytest.mark.parametrize(
    "name", ["tokenizer/config.json", "world_model/model.safetensors", "policy", "novelty"]
)
def test_an_incomplete_run_is_one_line(tmp_path: Path, name: str) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    shutil.copytree(SHIPPED / "small", run)
    (run / name).rename(tmp_path / "gone")
    with pytest.raises(ArcworldError, match="expected") as error:
        build(run, out, OFFLINE)
    assert "\n" not in str(error.value) and not out.exists()


def test_a_run_inside_the_folder_to_clear_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "kaggle" / "dataset" / "run"
    build(SHIPPED / "small", tmp_path / "kaggle", OFFLINE)
    for inside in (run, run.parent.parent):
        with pytest.raises(ArcworldError, match=r"found the run inside .*; name another --out"):
            build(inside, tmp_path / "kaggle", OFFLINE)
    assert from_pretrained(run).name == "run"


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """An environment where pip, curl and pandas only write down that they were called."""
    folder, log = tmp_path / "programs", tmp_path / "log.txt"
    note = f"open({str(log)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')"
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "__init__.py").touch()
    (folder / "pip" / "__main__.py").write_text(f"import sys\n{note}\n")
    (folder / "pandas.py").write_text(
        "class DataFrame:\n"
        "    def __init__(self, rows): pass\n"
        "    def to_parquet(self, path, index): open(path, 'w').write('parquet')\n"
    )
    (folder / "curl").write_text(f'#!/bin/sh\necho curl "$@" >> {log}\n')
    (folder / "curl").chmod(0o755)
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return kept | {"PATH": path, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}


def mount(root: Path, style: str, run: Path | None) -> None:
    """Stand-ins of what Kaggle mounts."""
    new = style == "new"
    name = kaggle.COMPETITION
    given = root / "input" / (f"competitions/{name}" if new else name)
    agents = given / "ARC-AGI-3-Agents" / "agents"
    (agents / "templates").mkdir(parents=True)
    (given / "arc_agi_3_wheels").mkdir()
    (given / "ARC-AGI-3-Agents" / "main.py").write_text(MAIN)
    shutil.copy(STAND_IN, agents / "agent.py")
    with (agents / "agent.py").open("a") as file:
        file.write("\n\nclass Playback:\n    pass\n")
    (agents / "swarm.py").write_text("class Swarm:\n    pass\n")
    (agents / "templates" / "__init__.py").touch()
    (root / "working").mkdir()
    build(run, root.parent / "built", OFFLINE)
    mine = root / "input" / ("datasets/me/arcworld" if new else "arcworld")
    shutil.copytree(root.parent / "built" / "dataset", mine)
    (root / "input" / "other").mkdir()
    (root / "input" / "other" / "run.json").write_text('{"scheme": "of another program"}')


def run_cell(root: Path, environment: dict[str, str], times: int = 1) -> str:
    """Run the notebook's cell, `times` times in one process as in one kernel."""
    notebook = json.loads((root.parent / "built/notebook/arcworld.ipynb").read_text())
    text = "".join(notebook["cells"][0]["source"])
    text = text.replace('Path("/kaggle")', f"Path({str(root)!r})")
    ran = subprocess.run(
        [sys.executable, "-c", f"for _ in range({times}): exec({text!r}, {{}})"],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("style", "with_run"), [("old", True), ("new", False)])
def test_the_notebook_runs_twice(
    tmp_path: Path, programs: dict[str, str], style: str, with_run: bool
) -> None:
    root = tmp_path / "kaggle"
    mount(root, style, SHIPPED / "small" if with_run else None)
    first = run_cell(root, programs, times=2)
    assert first.count("rehearsal: world-model played 1 action of keys") == 2
    expected = "arcworld/run" if with_run else "the shipped weights `small`"
    assert "arcworld plays with" in first and expected in first
    assert (root / "working" / "submission.parquet").is_file()

    scored = run_cell(root, programs | {"KAGGLE_IS_COMPETITION_RERUN": "1"})
    assert "played world-model 4" in scored
    calls = (tmp_path / "log.txt").read_text().splitlines()
    assert len([line for line in calls if "http://gateway:8001/api/games" in line]) == 1
    assert len([line for line in calls if "--no-deps" in line and "arcworld-" in line]) == 3
