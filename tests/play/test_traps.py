"""Each trap of the toolkit: first the raw toolkit falls into it, then ours does not."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.play.official import hidden_environment, import_toolkit
from arcworld.play.toolkit import GameSession, IllegalActionError, Toolkit, ToolkitError
from arcworld.recordings.episode import GameAction

MOVE, WIN_LEVEL, LOSE, LOSE_LIFE, RAISE = (GameAction(action_id) for action_id in range(1, 6))
WIN_AND_LOSE = GameAction(7)
RESET = GameAction(0)


class NetworkUsedError(Exception):
    pass


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NetworkUsedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def raw_arcade(games: Path, **settings: Any) -> Any:
    """The toolkit as it comes, but for its logger, which would print."""
    arc_agi = import_toolkit()
    mode = settings.pop("mode", "offline")
    logger = logging.Logger("raw", logging.CRITICAL)
    return arc_agi.Arcade(
        operation_mode=arc_agi.OperationMode(mode),
        environments_dir=str(games),
        logger=logger,
        **settings,
    )


def official(action: GameAction) -> Any:
    from arcengine import GameAction as OfficialAction

    return OfficialAction.from_id(action.id)


def raw_run(wrapper: Any, card: Any) -> Any:
    return card.find_environment("tiny").runs


# -- the environment and the network ---------------------------------------------------------


@pytest.mark.usefixtures("no_network")
def test_arcade_without_key_calls_the_network_and_ours_never(write_game: Any) -> None:
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
    write_game: Any, monkeypatch: pytest.MonkeyPatch, variable: str, asked: str, becomes: str
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
    write_game: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    games = write_game()
    monkeypatch.setenv("ARC_API_KEY", "secret")
    assert raw_arcade(games).arc_api_key == "secret"
    assert Toolkit(games)._arcade.arc_api_key == ""


def test_only_reset_levels_empties_the_raw_scorecard_and_not_ours(
    write_game: Any, monkeypatch: pytest.MonkeyPatch
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


@pytest.mark.parametrize("use", ["", "from arcworld.play.official import import_toolkit as f; f()"])
def test_import_is_lazy_loads_no_dotenv_and_prints_nothing(tmp_path: Path, use: str) -> None:
    (tmp_path / ".env").write_text("ONLY_RESET_LEVELS=true\n")
    modules = "arcworld.play.session, arcworld.play.environment, arcworld.play.agents.replay"
    ours = in_folder(tmp_path, IMPORTS.format(module=modules, use=use))
    assert ours == f"None {bool(use)}"


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


def test_second_reset_starts_a_second_run_raw(write_game: Any, toolkit: Toolkit) -> None:
    arcade = raw_arcade(write_game("tiny-0002").parent / "games")
    wrapper = arcade.make("tiny-0002")
    assert len(raw_run(wrapper, arcade.get_scorecard())) == 1
    wrapper.reset()
    assert len(raw_run(wrapper, arcade.get_scorecard())) == 2

    session = toolkit.open("tiny")
    assert session.reset_level() is session.observation
    assert len(toolkit.close().games[0].runs) == 1


def test_an_unknown_game_is_none_raw_and_named_here(write_game: Any) -> None:
    games = write_game()
    assert raw_arcade(games).make("tine") is None
    with Toolkit(games) as toolkit:
        with pytest.raises(ArcworldError, match=r"no game 'tine': did you mean 'tiny'\?"):
            toolkit.open("tine")
        with pytest.raises(ArcworldError, match=r"'tiny-0002': did you mean 'tiny-0001'\?"):
            toolkit.open("tiny-0002")


def test_broken_games_are_none_or_hollow_raw_and_blamed_here(write_game: Any) -> None:
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
    with pytest.raises(ArcworldError, match="expected <name>/<version>/metadata"):
        Toolkit(tmp_path)
    with pytest.raises(ArcworldError, match="no such folder of games"):
        Toolkit(tmp_path / "missing")


def test_dates_with_and_without_zone_raise_raw_and_compare_here(write_game: Any) -> None:
    write_game("tiny-0001", date="2026-01-01T00:00:00+00:00")
    games = write_game("tiny-0002", date="2026-02-01T00:00:00")
    with pytest.raises(TypeError, match="offset-naive"):
        raw_arcade(games).make("tiny")
    with Toolkit(games) as toolkit:
        assert toolkit.open("tiny").game_id == "tiny-0002"
        assert toolkit.open("tiny-0001").game_id == "tiny-0001"


def test_an_id_claimed_twice_is_reported(write_game: Any) -> None:
    games = write_game()
    write_game("tiny-0002", metadata='{"game_id": "tiny-0001", "class_name": "Tiny"}')
    assert len(raw_arcade(games).get_environments()) == 2
    with Toolkit(games) as toolkit:
        assert toolkit.games() == ["tiny-0001"]
        assert "game tiny-0001 again, first in" in toolkit.problems[0]


# -- RESET -----------------------------------------------------------------------------------


def play_raw(games: Path, *actions: GameAction) -> Any:
    wrapper = raw_arcade(games).make("tiny")
    return [wrapper.step(official(action)) for action in actions][-1]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param((WIN_LEVEL, RESET), id="right after a level was won"),
        pytest.param((WIN_LEVEL, MOVE, RESET, RESET), id="two in a row"),
        pytest.param((WIN_LEVEL, MOVE, LOSE_LIFE, RESET), id="after the game set the level back"),
        pytest.param((WIN_AND_LOSE, RESET), id="game over in the animation of a won level"),
        pytest.param((WIN_LEVEL, WIN_LEVEL, WIN_LEVEL, RESET), id="after the game was won"),
    ],
)
def test_resets_that_reset_the_whole_game_are_never_sent(
    write_game: Any, last: tuple[GameAction, ...]
) -> None:
    games = write_game()
    answer = play_raw(games, *last)
    assert answer.full_reset and answer.levels_completed == 0
    with Toolkit(games) as toolkit:
        session = toolkit.open("tiny")
        for action in last[:-1]:
            session.step(action)
        assert 0 not in session.observation.legal_actions
        with pytest.raises(IllegalActionError, match=r"would reset the whole game|is won"):
            session.step(RESET)
        levels = session.observation.levels_completed
        if session.observation.state == "NOT_FINISHED":
            assert session.reset_level().levels_completed == levels > 0
        else:
            with pytest.raises(IllegalActionError):
                session.reset_level()
        assert session.actions == toolkit.close().actions == len(last) - 1


def test_reset_after_one_action_resets_the_level_alone(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    fresh = session.step(WIN_LEVEL)
    session.step(MOVE)
    back = session.step(RESET)
    assert back.levels_completed == 1 and not back.full_reset
    assert np.array_equal(back.frame_HW, fresh.frame_HW)
    assert session.level_actions == (1, 2)


# -- GAME_OVER and illegal actions -----------------------------------------------------------


def test_after_game_over_an_action_is_frameless_raw_and_refused_here(
    write_game: Any,
) -> None:
    games = write_game()
    answer = play_raw(games, WIN_LEVEL, MOVE, LOSE, MOVE)
    assert (len(answer.frame), answer.levels_completed, answer.win_levels) == (0, 0, 0)
    with Toolkit(games) as toolkit:
        session = toolkit.open("tiny")
        session.step(WIN_LEVEL)
        session.step(MOVE)
        over = session.step(LOSE)
        assert (over.state, over.legal_actions) == ("GAME_OVER", (0,))
        with pytest.raises(IllegalActionError, match="legal ids: 0"):
            session.step(MOVE)
        again = session.step(RESET)
        assert (again.state, again.levels_completed) == ("NOT_FINISHED", 1)


def test_raw_scorecard_keeps_game_over_after_a_reset(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    for action in (MOVE, LOSE, RESET, MOVE):
        session.step(action)
    assert session.observation.state == "NOT_FINISHED"
    assert toolkit.close().games[0].runs[0].state == "GAME_OVER"


def test_bad_clicks_and_unavailable_actions_count_raw_and_cannot_be_sent_here(
    write_game: Any,
) -> None:
    source = Path(write_game() / "tiny" / "0001" / "tiny.py").read_text()
    only_click = source.replace("[1, 2, 3, 4, 5, 6, 7]", "[6]")
    games = write_game("tiny-0002", source=only_click)
    arcade = raw_arcade(games)
    wrapper = arcade.make("tiny-0002")
    assert wrapper.step(official(MOVE)).frame
    assert wrapper.step(official(GameAction(6, 0, 0)), data={}).frame
    assert wrapper.step(official(GameAction(6, 0, 0)), data={"x": 99, "y": -1}).frame
    assert arcade.close_scorecard().total_actions == 3

    with Toolkit(games) as toolkit:
        session = toolkit.open("tiny-0002")
        with pytest.raises(IllegalActionError, match=r"ACTION1 is not legal.*legal ids: 6"):
            session.step(MOVE)
        for place in ((None, None), (64, 0), (0, -1)):
            with pytest.raises(ValueError, match="needs x and y in 0-63"):
                session.step(GameAction(6, *place))
        session.step(GameAction(6, 1, 1))
        assert toolkit.close().actions == 1


def test_official_actions_by_value_and_their_shared_data(toolkit: Toolkit) -> None:
    from arcengine import GameAction as OfficialAction

    with pytest.raises(ValueError, match="6 is not a valid GameAction"):
        OfficialAction(6)
    OfficialAction.ACTION6.set_data({"x": 1, "y": 2})
    assert OfficialAction.from_id(6).action_data.model_dump() == {"game_id": "", "x": 1, "y": 2}
    session = toolkit.open("tiny")
    assert session.step(GameAction(6, 30, 40)).frame_HW[40, 30] == 9
    assert OfficialAction.from_id(6).action_data.model_dump() == {"game_id": "", "x": 1, "y": 2}
    OfficialAction.ACTION6.set_data({"x": 0, "y": 0})


# -- reasoning, frames, scorecard ------------------------------------------------------------


@pytest.mark.parametrize(
    "reasoning",
    [
        pytest.param({"log": "x" * 20_000, "p": 0.5}, id="too long"),
        pytest.param({"p": 0.5, "log": np.float32(2)}, id="not JSON"),
    ],
)
def test_reasoning_that_turns_a_raw_step_into_none_is_fitted_here(
    write_game: Any, toolkit: Toolkit, reasoning: dict[str, Any]
) -> None:
    wrapper = raw_arcade(write_game("tiny-0002")).make("tiny-0002")
    assert wrapper.step(official(MOVE), reasoning=reasoning) is None
    session = toolkit.open("tiny-0001")
    session.step(MOVE, reasoning=reasoning)
    kept = session._wrapper.observation_space.action_input.reasoning
    assert kept["p"] == 0.5 and kept["log"]


def test_frames_are_ours(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    first = session.observation.frame_HW
    assert first.dtype == np.uint8 and first.shape == (64, 64)
    kept = first.copy()
    won = session.step(WIN_LEVEL)
    assert len(won.grids) == 4 and won.grids[-1] is not first
    assert np.array_equal(won.frame_HW, won.grids[-1])
    assert np.array_equal(first, kept)


def test_available_actions_alias_the_game_raw_and_not_here(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    answer = session._wrapper.observation_space
    assert answer.available_actions is session._wrapper._game._available_actions
    session._wrapper._game._available_actions.append(9)
    assert 9 not in session.observation.available_actions


def test_steps_after_close_are_lost_raw_and_refused_here(write_game: Any) -> None:
    games = write_game()
    arcade = raw_arcade(games)
    wrapper = arcade.make("tiny")
    arcade.close_scorecard()
    assert wrapper.step(official(MOVE)).frame  # played, and on no scorecard
    toolkit = Toolkit(games)
    session: GameSession = toolkit.open("tiny")
    assert toolkit.close() is toolkit.close()
    with pytest.raises(IllegalActionError, match="toolkit is closed"):
        session.step(MOVE)
    with pytest.raises(ArcworldError, match="toolkit is closed"):
        toolkit.open("tiny")


def test_scores_follow_the_baselines_of_the_game(write_game: Any) -> None:
    games = write_game(baseline=[2, 1, 5])
    with Toolkit(games) as toolkit:
        session = toolkit.open("tiny")
        assert session.human_actions == (2, 1, 5)
        for action in (MOVE, MOVE, MOVE, WIN_LEVEL, WIN_LEVEL, MOVE):
            session.step(action)
        run = toolkit.scorecard().games[0].runs[0]
        assert run.level_actions == (4, 1, 1)
        assert run.level_scores == (100 * (2 / 4) ** 2, 100.0, 0.0)
        assert run.score == pytest.approx((25 * 1 + 100 * 2 + 0 * 3) / 6)
        session.step(WIN_LEVEL)
        card = toolkit.close()
        assert card.games[0].runs[0].level_scores == (25.0, 100.0, 115.0)
        assert card.score == pytest.approx((25 + 200 + 345) / 6)
        assert toolkit.scorecard() is card


def test_a_game_without_baselines_says_so(write_game: Any) -> None:
    with Toolkit(write_game(baseline=[])) as toolkit:
        session = toolkit.open("tiny")
        session.step(WIN_LEVEL)
        run = toolkit.close().games[0].runs[0]
        assert session.human_actions == () and run.score == 0 and run.levels_completed == 1
        assert "baseline actions are not available" in run.message


def test_nothing_played_is_an_empty_scorecard(write_game: Any) -> None:
    card = Toolkit(write_game()).close()
    assert (card.games, card.score, card.as_dict()["games"]) == ((), 0.0, {})
