"""The modes that use the network, against the toolkit's own server on this machine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import arcworld.play.session as session_module
from arcworld.errors import ArcworldError
from arcworld.play.official import hidden_environment, import_toolkit
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import GameAction
from arcworld.recordings.reader import read_recording

MOVE, WIN_LEVEL, LOSE = GameAction(1), GameAction(2), GameAction(3)


class Server:
    """`create_app` behind werkzeug, on a port that is free."""

    def __init__(self, games: Path) -> None:
        from werkzeug.serving import make_server

        arc_agi = import_toolkit()
        from arc_agi.server import create_app

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        with hidden_environment():
            arcade = arc_agi.Arcade(
                operation_mode=arc_agi.OperationMode.OFFLINE,
                environments_dir=str(games),
                logger=logging.Logger("server", logging.CRITICAL),
            )
        app, _ = create_app(arcade)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(write_game: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(session_module, "PAUSE", 0.0)
    started = Server(write_game())
    yield started
    started.stop()


class Script:
    name = "script"

    def __init__(self, *actions: GameAction) -> None:
        self.actions = list(actions)

    def begin(self, observation: Any) -> None:
        pass

    def choose_action(self, observation: Any) -> Any:
        from arcworld.play.agent import Decision

        return Decision(self.actions.pop(0), '"quoted" ' * 3_000)

    def observe(self, decision: Any, observation: Any) -> None:
        pass


@pytest.mark.parametrize("mode", ["online", "competition"])
def test_a_game_on_a_service(server: Server, tmp_path: Path, mode: Any) -> None:
    toolkit = Toolkit(mode=mode, api_key="key", base_url=server.url)
    assert toolkit.games() == ["tiny-0001"]
    script = Script(WIN_LEVEL, MOVE, LOSE, WIN_LEVEL, MOVE, WIN_LEVEL)
    result = play_game(script, toolkit, "tiny", recording=tmp_path)
    assert (result.ended, result.levels_completed, result.actions) == ("won", 3, 7)
    assert not toolkit.scorecard().official
    card = toolkit.close()
    assert card.official and (card.levels_completed, card.actions) == (3, 7)
    assert card.score == pytest.approx(100.0)  # the service knows the baselines
    (episode,) = read_recording(Path(str(result.recording))).episodes
    assert len(episode) == 7 and episode.grids_T[1] == 4


@pytest.mark.parametrize("mode", ["online", "competition"])
def test_a_reset_after_a_won_level_is_not_sent_to_a_service(server: Server, mode: Any) -> None:
    with Toolkit(mode=mode, api_key="key", base_url=server.url) as toolkit:
        session = toolkit.open("tiny-0001")
        session.step(WIN_LEVEL)
        assert session.reset_level().levels_completed == 1
        session.step(MOVE)
        after = session.reset_level()
        assert (after.levels_completed, after.full_reset) == (1, False)
        assert toolkit.close().actions == session.actions == 3


def test_competition_plays_each_game_once(server: Server) -> None:
    toolkit = Toolkit(mode="competition", api_key="key", base_url=server.url)
    toolkit.open("tiny")
    with pytest.raises(ArcworldError, match="game tiny-0001 cannot be played"):
        toolkit.open("tiny")


def test_a_server_that_dies_leaves_a_scorecard_and_a_recording(
    write_game: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "PAUSE", 0.0)
    server = Server(write_game())
    toolkit = Toolkit(mode="online", api_key="key", base_url=server.url)
    told: list[int] = []

    def kill(decision: Any, observation: Any) -> None:
        told.append(decision.action.id)
        if len(told) == 3:
            server.stop()

    script = Script(MOVE, WIN_LEVEL, *[MOVE] * 9)
    result = play_game(script, toolkit, "tiny", recording=tmp_path, on_step=kill)
    assert result.ended.startswith("toolkit: tiny-0001: ACTION1: ")
    assert (result.levels_completed, result.actions, result.faults) == (1, 3, 5)
    card = toolkit.close()
    assert not card.official and "ConnectionError" in card.message
    assert (card.levels_completed, card.actions) == (1, 3)
    (episode,) = read_recording(Path(str(result.recording))).episodes
    assert len(episode) == 3


def test_no_server_no_key_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = "http://127.0.0.1:9"
    monkeypatch.delenv("ARC_API_KEY", raising=False)
    with pytest.raises(ArcworldError, match="no answer"):
        Toolkit(mode="online", base_url=nowhere)
    with pytest.raises(ArcworldError, match=r"no games: .*Connection"):
        Toolkit(mode="online", api_key="key", base_url=nowhere)
    with pytest.raises(ArcworldError, match="competition needs a key"):
        Toolkit(mode="competition", base_url=nowhere)
    with pytest.raises(ArcworldError, match="downloads games"):
        Toolkit(mode="normal")


def test_the_key_in_the_environment_serves_a_service(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARC_API_KEY", "from the environment")
    with Toolkit(mode="online", base_url=server.url) as toolkit:
        assert toolkit._arcade.arc_api_key == "from the environment"
