"""Agents by name, and `arcworld play` with each agent that needs no run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arcworld.cli import main, make_app
from arcworld.errors import ArcworldError
from arcworld.games.demos import make_demos
from arcworld.play.agents.catalogue import AGENTS, make_agent
from arcworld.play.agents.online import is_online

NO_RUN = ("explorer", "frame-change", "random")


def test_every_agent_has_its_name_and_both_commands_list_all() -> None:
    assert [make_agent(name).name for name in NO_RUN] == list(NO_RUN)
    docs = make_app().generate_docs()
    for part in (docs[docs.index("## arcworld play") :], docs[docs.index("## arcworld tournam") :]):
        assert all(f"`{name}`" in part for name in AGENTS)


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("randon", "no agent 'randon'; did you mean 'random'?"),
        ("replay", "--data"),
        ("policy", "expected a run"),
        ("world-model", "expected a run"),
    ],
)
def test_an_agent_that_cannot_be_made_is_an_error_of_one_line(name: str, reported: str) -> None:
    with pytest.raises(ArcworldError) as error:
        make_agent(name)
    assert reported in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("agent", ["explorer", "random"])
def test_play_needs_no_run_where_the_agent_needs_none(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["play", "--game", "taps", "--agent", agent, "--max-actions", "8"]
    assert main([*words, "--json", "out.json"]) == 0
    found = json.loads(Path("out.json").read_text())
    assert (found["agent"], found["actions"]) == (agent, 8)


def test_play_replays_what_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCWORLD_CACHE", "cache")
    make_demos(tmp_path / "data", games=("keys",), demos_per_game=2)
    words = ["play", "--game", "keys", "--agent", "replay", "--data", "data"]
    assert main([*words, "--json", "out.json"]) == 0
    found = json.loads(Path("out.json").read_text())
    assert found["ended"] == "won" and found["score"] > 0


def test_a_run_in_a_folder_named_online_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_online("online") and not is_online("small")
    (tmp_path / "online").mkdir()
    assert is_online(Path("online")), "an empty folder is no run"
    (tmp_path / "online/run.json").write_text("{}")
    with pytest.raises(ArcworldError, match="rename the folder"):
        is_online(Path("online"))
    assert not is_online(tmp_path / "online")
