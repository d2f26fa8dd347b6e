"""Agents that users bring, through the command line, a tournament and the viewer."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from arcworld.cli import main
from arcworld.errors import ArcworldError
from arcworld.games.demos import make_demos
from arcworld.play.agents import own
from arcworld.play.agents.catalogue import make_agent, needs_run
from arcworld.tournament.settings import Settings

SOURCE = """
from arcworld.play.agent import Decision
from arcworld.play.agents.random import RandomAgent


class Mine(RandomAgent):
    name = "mine"


class OfARun(RandomAgent):
    def __init__(self, seed, run):
        super().__init__(seed)
        self.run = run


class OfData(RandomAgent):
    def __init__(self, data):
        super().__init__(0)
        self.data = data


class Silent:
    def begin(self, observation): pass
    def observe(self, decision, observation): pass


class Fails(RandomAgent):
    def choose_action(self, observation):
        return {}["door"]


class Wrong(RandomAgent):
    def choose_action(self, observation):
        return 3


class Needs(RandomAgent):
    def __init__(self, colour):
        super().__init__(0)


text = "no agent"
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of agents in the working folder, with a name of its own in each test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)
    name = "mine_" + "".join(filter(str.isalnum, tmp_path.name))
    (tmp_path / f"{name}.py").write_text(SOURCE)
    return name


def test_play_takes_a_class_of_the_working_folder(module: str) -> None:
    words = ["play", "--game", "taps", "--agent", f"{module}:Mine", "--max-actions", "8"]
    assert main([*words, "--json", "out.json"]) == 0
    found = json.loads(Path("out.json").read_text())
    assert (found["agent"], found["actions"]) == ("mine", 8)


def test_a_name_that_a_package_registers_is_an_agent(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint("theirs", f"{module}:Mine", own.GROUP)
    monkeypatch.setattr(own, "registered", lambda: {"theirs": point})
    assert make_agent("theirs").name == "mine"


def test_it_is_made_of_what_its_signature_names(module: str) -> None:
    agent = make_agent(f"{module}:OfARun", 3, run="small")
    assert isinstance(agent, own.OwnAgent)
    made = agent.agent
    assert made.run.about["scheme"] and made.seed == 3  # type: ignore[attr-defined]
    assert needs_run(f"{module}:OfARun") and not needs_run(f"{module}:Mine")
    with pytest.raises(ArcworldError, match="found no recordings"):
        make_agent(f"{module}:OfData")
    with pytest.raises(ArcworldError, match="expected a run"):
        make_agent(f"{module}:OfARun")


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("absent_module:Mine", "No module named 'absent_module')"),
        ("MODULE:Absent", "has no attribute 'Absent'"),
        ("MODULE:", "cannot be imported"),
        ("MODULE:text", "is of type str"),
        ("MODULE:Silent", "has no choose_action"),
        ("MODULE:Needs", "missing 1 required positional argument: 'colour'"),
        ("MODULE:Fails", "KeyError: 'door'"),
        ("MODULE:Wrong", "chose int; expected arcworld.play.agent.Decision"),
    ],
)
def test_what_is_wrong_with_it_is_one_line(
    module: str, name: str, reported: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = name.replace("MODULE", module)
    assert main(["play", "--game", "taps", "--agent", name, "--max-actions", "8"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert reported in lines[-1] and lines[-1].startswith("arcworld: agent ")
    assert not [line for line in lines if "Traceback" in line]


def test_a_tournament_plays_it_and_refuses_to_resume_after_a_change(module: str) -> None:
    words = ["tournament", "--agents", f"random,{module}:Mine", "--only", "taps"]
    words += ["--max-actions", "5", "--seeds", "1", "--workers", "1", "--out", "out"]
    assert main(words) == 0
    lines = Path("out/results.jsonl").read_text().splitlines()
    results = [json.loads(line) for line in lines]
    assert {(r["agent"], r["actions"], r["error"]) for r in results} == {
        ("random", 5, None),
        (f"{module}:Mine", 5, None),
    }
    before = Settings((f"{module}:Mine",)).as_dict()
    Path(f"{module}.py").write_text(SOURCE + "# changed\n")
    assert Settings((f"{module}:Mine",)).as_dict() != before
    assert main(words) == 2


def test_the_viewer_plays_it(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from arcworld.web import server

    make_demos(Path("data"), games=("keys",), demos_per_game=1)
    played: list[str] = []

    def serve(api: server.ViewerApi, port: int, ready: Callable[[str], None]) -> None:
        key = api.new({"game": "keys"})["id"]
        played.append(api.agent({"id": key})["now"]["by"])
        api.tabs.close_all()

    monkeypatch.setattr(server, "serve", serve)
    words = ["view", "small", "--data", "data", "--port", "0"]
    assert main([*words, "--agent", f"{module}:Mine"]) == 0
    assert played == ["random"]
    assert main([*words, "--agent", f"{module}:Silent"]) == 2


def test_play_on_the_service_refuses_games_of_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["play", "--game", "taps", "--agent", "random", "--mode", "online"]
    assert main([*words, "--games", "games"]) == 2
    assert "--mode online" in capsys.readouterr().err
