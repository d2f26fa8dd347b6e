"""The modes that use the network, against the toolkit's own server on this machine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

import arcworld.play.toolkit_compat as official_module
from arcworld.errors import ArcworldError
from arcworld.play.session import FAULTS_OF_A_SERVICE, play_game
from arcworld.play.toolkit import Toolkit
from arcworld.play.toolkit_compat import hidden_environment, import_toolkit
from arcworld.recordings.episode import Action

MOVE, WIN_LEVEL, LOSE = Action(1), Action(2), Action(3)
RESET = Action(0)
OPENING = 4
"""Requests before the first action: games, scorecard, metadata, RESET."""


class Server:
    """`create_app` behind werkzeug, on a free port.

    `faults` maps the number of a request (from 1) to its fault: "" is answered; a status ("503") is
    answered without being carried out; "garbage" and "late" are carried out.
    """

    def __init__(self, games: Path, faults: Callable[[int], str]) -> None:
        from werkzeug.serving import make_server

        self.faults = faults
        self.requests: list[str] = []
        self._app = _make_app(games)
        self._server = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        from werkzeug.wrappers import Response

        self.requests.append(environ["PATH_INFO"].rsplit("/", 1)[-1])
        fault = self.faults(len(self.requests))
        if fault.isdigit():
            return Response("busy", int(fault))(environ, start_response)
        answer = Response.from_app(self._app, environ)
        if fault == "garbage":
            answer = Response("<html>it worked, but", 200)
        if fault == "late":
            answer = Response("gateway timeout", 504)
        return answer(environ, start_response)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _make_app(games: Path) -> Any:
    arc_agi = import_toolkit()
    from arc_agi.server import create_app

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with hidden_environment():
        arcade = arc_agi.Arcade(
            operation_mode=arc_agi.OperationMode.OFFLINE,
            environments_dir=str(games),
            logger=logging.Logger("server", logging.CRITICAL),
        )
    return create_app(arcade)[0]


@pytest.fixture
def serve(write_game: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Start a server with the tiny game; no pauses between tries."""
    monkeypatch.setattr(official_module, "PAUSE", 0.0)
    started: list[Server] = []

    def start(faults: Callable[[int], str] = lambda request: "") -> Server:
        started.append(Server(write_game(), faults))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


def connect(server: Server, mode: Any = "online") -> Toolkit:
    return Toolkit(mode=mode, api_key="key", base_url=server.url)


@pytest.mark.parametrize("mode", ["online", "competition"])
def test_a_game_on_a_service(
    server: Server, tmp_path: Path, mode: Any, script: Any, recorded: Any
) -> None:
    toolkit = connect(server, mode)
    assert toolkit.games() == ["tiny-0001"]
    player = script(WIN_LEVEL, MOVE, LOSE, WIN_LEVEL, MOVE, WIN_LEVEL, reason='"quoted" ' * 3_000)
    result = play_game(player, toolkit, "tiny", recording=tmp_path)
    assert (result.ended, result.levels_completed, result.actions) == ("won", 3, 7)
    assert not toolkit.scorecard().official
    card = toolkit.close()
    assert card.official and (card.levels_completed, card.actions) == (3, 7)
    assert card.score == pytest.approx(100.0)  # the service knows the baselines
    run = card.run_of(result.guid)
    assert run is not None and run.level_actions == result.level_actions
    (episode,) = recorded(result)
    assert len(episode) == 7 and episode.grids_T[1] == 4
    assert len(server.requests) == OPENING + 7 + 1  # nothing was asked twice


@pytest.mark.parametrize("mode", ["online", "competition"])
def test_a_reset_after_a_won_level_is_not_sent_to_a_service(server: Server, mode: Any) -> None:
    with connect(server, mode) as toolkit:
        session = toolkit.open("tiny-0001")
        session.step(WIN_LEVEL)
        assert session.reset_level().levels_completed == 1
        session.step(MOVE)
        after = session.reset_level()
        assert (after.levels_completed, after.full_reset) == (1, False)
        assert toolkit.close().actions == session.actions == 3


def test_competition_plays_each_game_once(server: Server) -> None:
    toolkit = connect(server, "competition")
    toolkit.open("tiny")
    with pytest.raises(ArcworldError, match=r"game tiny-0001 cannot be played: HTTPError: 400"):
        toolkit.open("tiny")
    assert server.requests.count("RESET") == 2, "a refusal is no reason to ask again"


def test_two_games_share_a_scorecard_online(server: Server, script: Any) -> None:
    toolkit = connect(server)
    results = [play_game(script(MOVE), toolkit, "tiny", max_actions=n) for n in (2, 3)]
    card = toolkit.close()
    assert card.actions == 5 and len(card.games[0].runs) == 2
    assert [card.run_of(result.guid) is not None for result in results] == [True, True]


@pytest.mark.parametrize("fault", ["429", "500", "503", "garbage", "late"])
@pytest.mark.parametrize("mode", ["online", "competition"])
def test_a_passing_fault_of_a_service_costs_nothing(
    serve: Callable[..., Server], tmp_path: Path, mode: Any, fault: str, script: Any, recorded: Any
) -> None:
    server = serve(lambda request: fault if request in (7, 8) else "")
    toolkit = connect(server, mode)
    result = play_game(script(MOVE), toolkit, "tiny", max_actions=6, recording=tmp_path)
    assert (result.ended, result.actions, result.faults) == ("max_actions", 6, 2)
    assert [len(episode) for episode in recorded(result)] == [6]
    carried_out = 2 if fault in ("garbage", "late") else 0
    assert toolkit.close().actions == 6 + carried_out


@pytest.mark.parametrize("request_number", range(2, OPENING + 1))
def test_a_busy_service_is_asked_again_to_open_a_game(
    serve: Callable[..., Server], request_number: int, script: Any
) -> None:
    server = serve(lambda request: "503" if request == request_number else "")
    toolkit = connect(server)
    assert play_game(script(MOVE), toolkit, "tiny", max_actions=2).actions == 2
    assert len(toolkit.close().games[0].runs) == 1


@pytest.mark.parametrize("status", ["429", "401"])
def test_a_service_that_opens_nothing_is_an_error_of_one_line(
    serve: Callable[..., Server], tmp_path: Path, status: str, script: Any
) -> None:
    server = serve(lambda request: status if request > 2 else "")
    with connect(server) as toolkit:
        with pytest.raises(ArcworldError, match=rf"^online: game .*{status}[^\n]*$"):
            play_game(script(MOVE), toolkit, "tiny", recording=tmp_path / "new")
        assert len(server.requests) == 2 + (5 if status == "429" else 1)
    assert not (tmp_path / "new").exists()


def test_a_timeout_is_a_fault(
    server: Server, monkeypatch: pytest.MonkeyPatch, script: Any, tmp_path: Path, recorded: Any
) -> None:
    sent = requests.Session.post
    count = 0

    def post(self: Any, url: str, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count in (5, 6, 8):
            raise requests.exceptions.ReadTimeout("read timed out")
        return sent(self, url, **options)

    monkeypatch.setattr(requests.Session, "post", post)
    toolkit = connect(server)
    result = play_game(script(MOVE), toolkit, "tiny", max_actions=9, recording=tmp_path)
    assert (result.actions, result.faults) == (9, 3)
    assert [len(episode) for episode in recorded(result)] == [9]
    assert toolkit.close().official


@pytest.mark.parametrize("mode", ["online", "competition"])
def test_a_game_over_whose_answer_was_lost_is_reset(
    serve: Callable[..., Server], mode: Any, script: Any
) -> None:
    server = serve(lambda request: "late" if request == OPENING + 3 else "")
    toolkit = connect(server, mode)
    player = script(WIN_LEVEL, MOVE, LOSE)
    result = play_game(player, toolkit, "tiny", max_actions=6)
    assert [decision.action.id for decision, _ in player.reported] == [2, 1, 0, 2, 1, 3]
    assert (result.ended, result.levels_completed) == ("max_actions", 2)
    assert len(toolkit.close().games[0].runs) == 1


def test_a_level_won_without_an_answer_is_not_reset_away(
    serve: Callable[..., Server], script: Any
) -> None:
    server = serve(lambda request: "late" if request == OPENING + 2 else "")
    with connect(server) as toolkit:
        session = toolkit.open("tiny")
        session.step(MOVE)
        with pytest.raises(ArcworldError, match="504"):
            session.step(WIN_LEVEL)
        assert 0 not in session.observation.legal_actions
        assert session.reset_level() is session.observation, "nothing is sent"
        assert session.step(MOVE).levels_completed == 1


def test_a_win_whose_answer_was_lost_ends_the_run(
    serve: Callable[..., Server], script: Any, tmp_path: Path, recorded: Any
) -> None:
    server = serve(lambda request: "late" if request == OPENING + 3 else "")
    toolkit = connect(server)
    result = play_game(script(WIN_LEVEL), toolkit, "tiny", recording=tmp_path)
    assert "GAME_NOT_STARTED_ERROR" in result.ended
    assert [len(episode) for episode in recorded(result)] == [2]
    card = toolkit.close()
    assert card.official and card.levels_completed == 3 and len(card.games[0].runs) == 1


@pytest.mark.parametrize("answered", [0, 1, 3])
def test_a_server_that_dies_leaves_a_scorecard_and_a_recording(
    serve: Callable[..., Server], tmp_path: Path, answered: int, script: Any, recorded: Any
) -> None:
    dead = OPENING + answered
    server = serve(lambda request: "500" if request > dead else "")
    toolkit = connect(server)
    result = play_game(script(MOVE, WIN_LEVEL), toolkit, "tiny", recording=tmp_path)
    assert result.ended.startswith("toolkit: tiny-0001: ACTION")
    assert (result.actions, result.faults) == (answered, FAULTS_OF_A_SERVICE)
    assert sum(len(episode) for episode in recorded(result)) == answered
    card = toolkit.close()
    assert not card.official and "500 Server Error" in card.message
    assert (card.levels_completed, card.actions) == (answered // 2, answered)
    assert toolkit.close() is card


def test_a_server_that_is_gone_leaves_a_scorecard_and_a_recording(
    write_game: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Any, recorded: Any
) -> None:
    monkeypatch.setattr(official_module, "PAUSE", 0.0)
    server = Server(write_game(), lambda request: "")
    toolkit = connect(server)
    reported: list[int] = []

    def kill(decision: Any, observation: Any) -> None:
        reported.append(decision.action.id)
        if len(reported) == 3:
            server.stop()

    player = script(MOVE, WIN_LEVEL, *[MOVE] * 9)
    result = play_game(player, toolkit, "tiny", recording=tmp_path, on_step=kill)
    assert result.ended.startswith("toolkit: tiny-0001: ACTION1: ")
    assert (result.levels_completed, result.actions) == (1, 3)
    card = toolkit.close()
    assert not card.official and "ConnectionError" in card.message
    assert (card.levels_completed, card.actions) == (1, 3)
    assert [len(episode) for episode in recorded(result)] == [3]


@pytest.mark.parametrize("mode", ["online", "competition"])
def test_random_faults_of_a_service(
    serve: Callable[..., Server], tmp_path: Path, mode: Any, script: Any, recorded: Any
) -> None:
    """No wrong, late or missing answer opens the game again or stops the run."""
    rng = np.random.default_rng(0)
    kinds = ["429", "500", "503", "garbage", "late"]

    def fault(request: int) -> str:
        return str(rng.choice(kinds)) if request > OPENING and rng.random() < 0.3 else ""

    server = serve(fault)
    toolkit = connect(server, mode)
    result = play_game(script(*[MOVE] * 9, LOSE), toolkit, "tiny", 60, recording=tmp_path)
    server.faults = lambda request: ""
    assert len(recorded(result)) == 1
    assert (result.ended, result.actions) == ("max_actions", 60) and result.faults > 10
    card = toolkit.close()
    assert card.official and len(card.games[0].runs) == 1


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


def test_a_service_without_anonymous_keys_says_so(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARC_API_KEY", raising=False)
    with pytest.raises(ArcworldError, match=r"no answer: HTTPError: 404"):
        Toolkit(mode="online", base_url=server.url)


def test_normal_mode_plays_here_what_a_folder_has(write_game: Any, server: Server) -> None:
    with Toolkit(server_games(write_game, server), "normal", "key", base_url=server.url) as toolkit:
        session = toolkit.open("tiny")
        assert session.local and session.step(MOVE).state == "NOT_FINISHED"


def server_games(write_game: Any, server: Server) -> Path:
    """A separate folder with another version of the game that the server offers."""
    return write_game("tiny-0002")
