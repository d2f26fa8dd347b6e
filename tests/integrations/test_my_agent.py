"""`examples/my_agent.py` as a Kaggle notebook has it: one file in a folder of another program."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import shutil
import site
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from arcworld.play.agents import catalogue
from arcworld.play.agents.random import RandomAgent
from arcworld.play.toolkit import OWN_GAMES, Toolkit

ROOT = Path(__file__).parents[2]
MY_AGENT = ROOT / "examples" / "my_agent.py"
STAND_IN = Path(__file__).parent / "arc_agents_stand_in.py"


@pytest.fixture
def load(agents_agent: ModuleType, tmp_path: Path) -> Callable[[], Any]:
    """Import the file from a folder where nothing else is."""

    def load() -> Any:
        path = shutil.copy(MY_AGENT, tmp_path / "my_agent.py")
        spec = importlib.util.spec_from_file_location("my_agent", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def test_the_class_is_found_as_the_repository_finds_it(
    load: Callable[[], Any], agents_agent: ModuleType
) -> None:
    module = load()
    assert module.MyAgent in agents_agent.Agent.__subclasses__()
    assert module.MyAgent.__name__.lower() == "myagent"


def test_without_a_run_the_shipped_weights_play(
    load: Callable[[], Any],
    seat: Any,
    toolkit: Toolkit,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    given: list[Any] = []
    monkeypatch.setitem(
        catalogue.AGENTS, "world-model", lambda seed, what: given.append(what) or RandomAgent()
    )
    module = load()
    monkeypatch.setattr(module.MyAgent, "MAX_ACTIONS", 30)
    agent = seat(module.MyAgent, toolkit.open("keys")._wrapper)
    with caplog.at_level(logging.WARNING):
        agent.main()
    assert given == [catalogue.AgentInputs(run=Path("small"))]
    assert "arcworld plays with the shipped weights `small`" in caplog.text
    assert "arcworld plays as random" in caplog.text
    assert toolkit.scorecard().actions == 31


def test_a_run_beside_it_is_played_with_and_falls_back_where_it_fails(
    load: Callable[[], Any],
    seat: Any,
    toolkit: Toolkit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class OutOfMemory(RandomAgent):
        def observe(self, decision: Any, observation: Any) -> None:
            raise MemoryError("CUDA out of memory")

    given: list[Any] = []
    monkeypatch.setitem(
        catalogue.AGENTS, "world-model", lambda seed, what: given.append(what) or OutOfMemory()
    )
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "run.json").write_text('{"scheme": "v2"}')
    folder = write_run(tmp_path / "weights" / "mine")
    module = load()
    monkeypatch.setattr(module.MyAgent, "MAX_ACTIONS", 20)
    agent = seat(module.MyAgent, toolkit.open("taps")._wrapper)
    with caplog.at_level(logging.WARNING):
        agent.main()
    assert given == [catalogue.AgentInputs(run=run) for run in (folder, Path("small"))]
    assert agent.player.agent.name == "explorer"
    assert "agent random failed (MemoryError: CUDA out of memory)" in caplog.text
    assert toolkit.scorecard().actions == 21


def write_run(folder: Path) -> Path:
    """The files that identify a run: `run.json` with a scheme, and the configs of its parts."""
    for part in ("tokenizer", "world_model"):
        (folder / part).mkdir(parents=True)
        (folder / part / "config.json").write_text("{}")
    (folder / "run.json").write_text('{"scheme": "v2"}')
    return folder


@pytest.mark.parametrize(
    "content", ["not a run", "[]", "{}", '{"scheme": "https"}', '{"scheme": ["v2"]}']
)
def test_a_run_of_another_program_is_passed_over(
    load: Callable[[], Any], tmp_path: Path, content: str
) -> None:
    (write_run(tmp_path / "other") / "run.json").write_text(content)
    assert load().run_folder() == Path("small")


def test_a_run_comes_before_the_folds_in_it(load: Callable[[], Any], tmp_path: Path) -> None:
    """`arcworld crossval` writes runs into the folder of a run."""
    run = write_run(tmp_path / "run")
    write_run(run / "crossval" / "fold-1")
    assert load().run_folder() == run


def test_in_place_of_a_broken_run_the_shipped_weights_play(
    load: Callable[[], Any],
    seat: Any,
    toolkit: Toolkit,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_run(tmp_path / "broken")
    with caplog.at_level(logging.WARNING):
        agent = seat(load().MyAgent, toolkit.open("taps")._wrapper)
    assert agent.player.agent.name == "world-model"
    assert "no such agent here (ArcworldError" in caplog.text
    assert "arcworld plays as world-model with the shipped weights `small`" in caplog.text


def test_all_games_end_when_time_is_over(
    load: Callable[[], Any], seat: Any, toolkit: Toolkit
) -> None:
    module = load()
    module.ENDS = 0.0
    agent = seat(module.MyAgent, toolkit.open("keys")._wrapper)
    agent.main()
    assert agent.action_counter == 0


SCRIPT = """
import json, logging, sys
from arc_agi import Arcade, OperationMode
from agents.templates.my_agent import MyAgent
games, = sys.argv[1:]
arcade = Arcade(operation_mode=OperationMode.OFFLINE, environments_dir=games)
MyAgent.MAX_ACTIONS = 25
env = arcade.make("taps")
card = next(iter(arcade.scorecard_manager.scorecards))
agent = MyAgent(card, "taps", "myagent", "http://localhost", False, env)
agent.main()
player = getattr(agent, "player", None)
print(json.dumps({
    "arcworld": getattr(sys.modules.get("arcworld"), "__file__", ""),
    "agent": player.agent.name if player else "blind",
    "actions": arcade.get_scorecard(card).environments[0].actions,
}))
"""


@pytest.mark.parametrize(("with_wheel", "name"), [(True, "world-model"), (False, "blind")])
def test_in_the_other_programs_folder_with_or_without_the_wheel(
    tmp_path: Path, with_wheel: bool, name: str
) -> None:
    """A fresh Python where arcworld is not installed: -S leaves out what .pth files add."""
    templates, data = tmp_path / "agents" / "templates", tmp_path / "input"
    templates.mkdir(parents=True)
    data.mkdir()
    for package in (templates.parent, templates):
        (package / "__init__.py").touch()
    shutil.copy(STAND_IN, templates.parent / "agent.py")
    shutil.copy(MY_AGENT, templates / "my_agent.py")
    if with_wheel:
        write_wheel(data / "arcworld-0.1.0-py3-none-any.whl")
    path = os.pathsep.join([str(tmp_path), *site.getsitepackages()])
    reported = subprocess.run(
        [sys.executable, "-S", "-c", SCRIPT, str(OWN_GAMES)],
        env={"PYTHONPATH": path, "ARCWORLD_HOME": str(data), "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert reported.returncode == 0, reported.stderr
    said = json.loads(reported.stdout.splitlines()[-1])
    assert (said["agent"], said["actions"]) == (name, 26)
    assert (str(ROOT) not in said["arcworld"] and bool(said["arcworld"])) == with_wheel


def write_wheel(path: Path) -> None:
    """The package as in its wheel."""
    with zipfile.ZipFile(path, "w") as wheel:
        for source in sorted((ROOT / "arcworld").rglob("*.*")):
            wheel.write(source, source.relative_to(ROOT))
