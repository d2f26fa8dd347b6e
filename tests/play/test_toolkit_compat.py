"""Traps of opening games: environment variables, network, terminal, broken folders."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arcworld.errors import ArcworldError
from arcworld.play.toolkit import Toolkit, ToolkitError
from arcworld.play.toolkit_compat import hidden_environment, import_toolkit
from arcworld.recordings.episode import Action

MOVE, WIN_LEVEL, LOSE, LOSE_LIFE, RAISE = (Action(action_id) for action_id in range(1, 6))
WIN_AND_LOSE = Action(7)
RESET = Action(0)


class NetworkUsedError(Exception):
    pass


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NetworkUsedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def raw_run(card: Any) -> Any:
    return card.find_environment("tiny").runs


# -- the environment and the network ---------------------------------------------------------


@pytest.mark.usefixtures("no_network")
def test_arcade_without_key_calls_the_network_and_silent_never(
    write_game: Any, raw_arcade: Any
) -> None:
    games = write_game()
    with pytest.raises(NetworkUsedError):
        raw_arcade(games, mode="normal")
    with Toolkit(games) as toolkit:
        assert toolkit.open("tiny").step(MOVE).levels_completed == 0


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("variable", "asked", "becomes"),
    [
        ("competition", "offline", "competition"),
        ("competition", "online", "competition"),
        ("online", "normal", "online"),
        ("online", "offline", "offline"),  # not every value beats the constructor
    ],
)
def test_operation_mode_variable_beats_the_raw_constructor(
    write_game: Any,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    asked: str,
    becomes: str,
    raw_arcade: Any,
) -> None:
    games = write_game()
    monkeypatch.setenv("OPERATION_MODE", variable)
    arc_agi = import_toolkit()
    monkeypatch.setattr(arc_agi.Arcade, "_get_anonymous_api_key", lambda self: "")
    assert raw_arcade(games, mode=asked).operation_mode == becomes
    with Toolkit(games) as toolkit:
        assert toolkit._arcade.operation_mode == "offline"
    assert os.environ["OPERATION_MODE"] == variable


def test_a_key_in_the_environment_is_not_used_offline(
    write_game: Any, monkeypatch: pytest.MonkeyPatch, raw_arcade: Any
) -> None:
    games = write_game()
    monkeypatch.setenv("ARC_API_KEY", "secret")
    assert raw_arcade(games).arc_api_key == "secret"
    assert Toolkit(games)._arcade.arc_api_key == ""


def test_only_reset_levels_empties_the_raw_scorecard_and_not_silent(
    write_game: Any, monkeypatch: pytest.MonkeyPatch, raw_arcade: Any, official: Any
) -> None:
    games = write_game()
    monkeypatch.setenv("ONLY_RESET_LEVELS", "true")
    arcade = raw_arcade(games)
    arcade.make("tiny").step(official(MOVE))
    assert arcade.close_scorecard().environments == []

    with Toolkit(games) as toolkit:
        session = toolkit.open("tiny")
        session.step(WIN_LEVEL)
        session.step(MOVE)
        assert session.reset_level().levels_completed == 1
        assert session.step(MOVE).full_reset is False
        assert toolkit.scorecard().actions == session.actions == 4
    assert os.environ["ONLY_RESET_LEVELS"] == "true"


def test_hidden_environment_restores_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARC_BASE_URL", "somewhere")
    with pytest.raises(RuntimeError), hidden_environment():
        assert "ARC_BASE_URL" not in os.environ
        raise RuntimeError
    assert os.environ["ARC_BASE_URL"] == "somewhere"


IMPORTS = """
import os, sys
import {module}
{use}
print(os.environ.get("ONLY_RESET_LEVELS"), "arc_agi" in sys.modules)
"""


@pytest.mark.parametrize(
    "use", ["", "from arcworld.play.toolkit_compat import import_toolkit as f; f()"]
)
def test_import_is_lazy_loads_no_dotenv_and_prints_nothing(tmp_path: Path, use: str) -> None:
    (tmp_path / ".env").write_text("ONLY_RESET_LEVELS=true\n")
    modules = "arcworld.play.session, arcworld.play.environment, arcworld.play.agents.replay"
    silent = in_folder(tmp_path, IMPORTS.format(module=modules, use=use))
    assert silent == f"None {bool(use)}"


def test_raw_import_loads_dotenv_and_prints(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ONLY_RESET_LEVELS=true\n")
    use = "arc_agi.Arcade(operation_mode=arc_agi.OperationMode.OFFLINE).make('tiny')"
    printed = in_folder(tmp_path, IMPORTS.format(module="arc_agi", use=use))
    assert "Initialized ScorecardManager" in printed and "ERROR | Game tiny not found" in printed
    assert printed.endswith("true True")


def in_folder(folder: Path, code: str) -> str:
    keep = {name: value for name, value in os.environ.items() if name != "ONLY_RESET_LEVELS"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=keep | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_nothing_is_printed_in_play(write_game: Any, capfd: pytest.CaptureFixture[str]) -> None:
    write_game("tiny-0002", source="1 / 0")
    with Toolkit(write_game()) as toolkit:
        session = toolkit.open("tiny-0001")
        session.step(MOVE)
        with pytest.raises(ToolkitError):
            session.step(RAISE)
        for unknown in ("other", "tiny-0002"):
            with pytest.raises(ArcworldError):
                toolkit.open(unknown)
    assert capfd.readouterr() == ("", "")


# -- opening games ---------------------------------------------------------------------------


def test_second_reset_starts_a_second_run_raw(
    write_game: Any, toolkit: Toolkit, raw_arcade: Any
) -> None:
    arcade = raw_arcade(write_game("tiny-0002").parent / "games")
    wrapper = arcade.make("tiny-0002")
    assert len(raw_run(arcade.get_scorecard())) == 1
    wrapper.reset()
    assert len(raw_run(arcade.get_scorecard())) == 2

    session = toolkit.open("tiny")
    assert session.reset_level() is session.observation
    assert len(toolkit.close().games[0].runs) == 1


def test_an_unknown_game_is_none_raw_and_named_here(write_game: Any, raw_arcade: Any) -> None:
    games = write_game()
    assert raw_arcade(games).make("tine") is None
    with Toolkit(games) as toolkit:
        with pytest.raises(ArcworldError, match=r"no game 'tine'; did you mean 'tiny'\?"):
            toolkit.open("tine")
        with pytest.raises(ArcworldError, match=r"'tiny-0002'; did you mean 'tiny-0001'\?"):
            toolkit.open("tiny-0002")


def test_broken_games_are_none_or_hollow_raw_and_blamed_here(
    write_game: Any, raw_arcade: Any
) -> None:
    write_game("tiny-bad1", source="import arcengine\n\n1 / 0\n")
    write_game("tiny-bad2", source="class Tiny: pass\n")
    write_game("tiny-bad3", source="def broken(:\n")
    write_game("tiny-bad4", metadata='{"title": 3}')
    games = write_game("tiny-0001")
    arcade = raw_arcade(games)
    assert arcade.make("tiny-bad1").observation_space is None  # a wrapper, but hollow

    with Toolkit(games) as toolkit:
        assert toolkit.games() == ["tiny-0001", "tiny-bad1", "tiny-bad2", "tiny-bad3"]
        (problem,) = toolkit.problems
        assert problem.startswith(str(games / "tiny" / "bad4" / "metadata.json"))
        assert "game_id: Field required" in problem and "\n" not in problem
        reasons = {
            "tiny-bad1": "line 3: ZeroDivisionError: division by zero",
            "tiny-bad2": "not a subclass of ARCBaseGame",
            "tiny-bad3": "SyntaxError",
        }
        for game_id, reason in reasons.items():
            with pytest.raises(ArcworldError, match=reason) as raised:
                toolkit.open(game_id)
            assert str(games / "tiny" / game_id[-4:]) in str(raised.value)
            assert "\n" not in str(raised.value)


@pytest.mark.parametrize("metadata", ["", "not json", "[]", '{"game_id": null}', "\x00"])
def test_garbage_metadata_is_one_line_that_names_the_file(write_game: Any, metadata: str) -> None:
    games = write_game(metadata=metadata or " ")
    with pytest.raises(ArcworldError) as raised:
        Toolkit(games)
    assert str(raised.value).startswith(str(games / "tiny" / "0001" / "metadata.json"))
    assert "\n" not in str(raised.value)


def test_empty_and_missing_folders(tmp_path: Path) -> None:
    with pytest.raises(ArcworldError, match="expected NAME/VERSION/metadata"):
        Toolkit(tmp_path)
    with pytest.raises(ArcworldError, match="found nothing; expected a folder of games"):
        Toolkit(tmp_path / "missing")


def test_dates_with_and_without_zone_raise_raw_and_compare_here(
    write_game: Any, raw_arcade: Any
) -> None:
    write_game("tiny-0001", date="2026-01-01T00:00:00+00:00")
    games = write_game("tiny-0002", date="2026-02-01T00:00:00")
    with pytest.raises(TypeError, match="offset-naive"):
        raw_arcade(games).make("tiny")
    with Toolkit(games) as toolkit:
        assert toolkit.open("tiny").game_id == "tiny-0002"
        assert toolkit.open("tiny-0001").game_id == "tiny-0001"


def test_an_id_claimed_twice_is_reported(write_game: Any, raw_arcade: Any) -> None:
    games = write_game()
    write_game("tiny-0002", metadata='{"game_id": "tiny-0001", "class_name": "Tiny"}')
    assert len(raw_arcade(games).get_environments()) == 2
    with Toolkit(games) as toolkit:
        assert toolkit.games() == ["tiny-0001"]
        assert "game tiny-0001 again, first in" in toolkit.problems[0]


def test_the_projects_own_games_are_the_default() -> None:
    with Toolkit() as toolkit:
        assert toolkit.problems == () and len(toolkit.games()) >= 5
        for game in toolkit.games():
            session = toolkit.open(game.split("-")[0])
            assert session.game_id == game
            assert len(session.human_actions) == session.win_levels >= 5
