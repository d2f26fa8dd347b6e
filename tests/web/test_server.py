"""Questions to the server, good and bad, without a browser."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from arcworld.cli import main
from arcworld.errors import ArcworldError
from arcworld.models.run import Run
from arcworld.play.agents.by_game import ByGameAgent
from arcworld.web import tabs as tabs_module
from arcworld.web import timed_protocol
from arcworld.web.server import listen, make_app
from arcworld.web.tabs import IDLE, MOST, Tabs
from arcworld.web.viewed_models import RunModel


def from_hex(digits: str) -> np.ndarray:
    """The frame of 4,096 digits."""
    return np.array([int(digit, 16) for digit in digits], np.uint8).reshape(64, 64)


def test_a_step_is_predicted_as_the_bars_say(served: Any) -> None:
    """Both ask the world model of the same action, in other ways; a level won is not given away."""
    recording_view = served.api.library.recording_view(0)
    won = [
        number
        for number in range(len(recording_view))
        if recording_view.at(number)[0].outcomes_A[number] == 1
    ]
    for number in (0, won[0]):
        reported = served.get("analysis", recording=0, run=0, **{"from": number, "to": number + 1})
        step = reported.json()["steps"][str(number)]
        taken = recording_view.at(number)[0].action(number).id
        bar = next(bar for bar in step["bars"] if bar["id"] == taken)
        assert abs(bar["level"] - step["outcomes"][1]) < 1e-3
        assert sum(bar["prior"] for bar in step["bars"]) == pytest.approx(1, abs=1e-2)
        assert sum(step["surprise"]) == pytest.approx(step["nats"], abs=0.05)
        assert from_hex(step["predicted"]).shape == (64, 64)


def test_a_recording_comes_whole(served: Any) -> None:
    reported = served.get("recording", recording=0).json()
    recording_view = served.api.library.recording_view(0)
    assert len(reported["steps"]) == len(recording_view)
    frame = from_hex(reported["frames"][reported["steps"][7]["after"]])
    assert (frame == recording_view.at(7)[0].frames_THW[8]).all()
    moving = next(n for n, step in enumerate(reported["steps"]) if step["grids"] > 1)
    grids = served.get("animation", recording=0, step=moving).json()["grids"]
    assert len(grids) == reported["steps"][moving]["grids"]
    assert grids[-1] == reported["frames"][reported["steps"][moving]["after"]]


def test_a_fork_gives_the_same_game(served: Any) -> None:
    key = served.new()
    walk = [4, 4, 2, 3, 1, 4]
    frames = [
        served.post("step", id=key, action=[kind, -1, -1]).json()["now"]["true"]["frame"]
        for kind in walk
    ]
    reported = served.post("fork", id=key, at=3).json()
    assert reported["note"] == "" and reported["now"]["true"]["frame"] == frames[2]
    assert len(reported["line"]) == 4
    again = [
        served.post("step", id=key, action=[kind, -1, -1]).json()["now"]["true"]["frame"]
        for kind in walk[3:]
    ]
    assert again == frames[3:]
    back = served.post("switch_branch", id=key).json()
    assert back["now"]["true"]["frame"] == frames[-1] and back["other_branch"] == len(walk)


def test_a_fork_of_a_dream_dreams_the_same(served: Any) -> None:
    key = served.new()
    dream = [
        served.post("step", id=key, action=[kind, -1, -1], where="dream").json()["now"]["dream"]
        for kind in (4, 2, 2, 3)
    ]
    served.post("fork", id=key, at=2)
    again = served.post("step", id=key, action=[2, -1, -1], where="dream").json()["now"]["dream"]
    assert again == dream[2]


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        ({"action": [6, 64, 3]}, "outside"),
        ({"action": [6, 3, -1]}, "outside"),
        ({"action": [9, 0, 0]}, "no action"),
        ({"action": "up"}, "no action"),
        ({"action": [1, 1.5, 0]}, "no action"),
        ({"action": [6, 3, 3]}, "not legal"),
        ({"action": [1, -1, -1], "where": "elsewhere"}, "neither"),
    ],
)
def test_a_bad_action_is_an_error(served: Any, body: dict[str, Any], reported: str) -> None:
    answer = served.post("step", id=served.new(), **body)
    assert answer.status_code == 400 and reported in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("recording", {"recording": 99}),
        ("recording", {"recording": "../../etc/passwd"}),
        ("recording", {"recording": -1}),
        ("recording", {}),
        ("recording", {"recording": 1}),
        ("analysis", {"recording": 0, "run": 7, "from": 0, "to": 1}),
        ("animation", {"recording": 0, "step": 10_000}),
        ("predictions", {"id": "nobody"}),
    ],
)
def test_a_bad_request_is_an_error(served: Any, name: str, words: dict[str, Any]) -> None:
    answer = served.get(name, **words)
    assert answer.status_code == 400 and "\n" not in answer.json()["error"]


def test_only_own_pages_may_ask(served: Any) -> None:
    def ask(**headers: str) -> int:
        return httpx.get(f"{served.address}/api/about", headers=headers).status_code

    own = f"http://127.0.0.1:{served.port}"
    assert ask() == ask(origin=own) == ask(host=f"localhost:{served.port}") == 200
    assert ask(host="evil.example") == ask(host=f"evil.example:{served.port}") == 403
    assert ask(host="127.0.0.1:1") == ask(origin="http://evil.example") == 403
    assert ask(origin="null") == ask(origin=f"https://127.0.0.1:{served.port}") == 403
    assert ask(**{"sec-fetch-site": "cross-site"}) == 403


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/..%2f..%2fpyproject.toml",
        "/static/../server.py",
        "//etc/passwd",
        "/server.py",
        "/api/../desk.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/close",
    ],
)
def test_no_other_path_is_served(served: Any, path: str) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as line:
        host = f"127.0.0.1:{served.port}"
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert b" 404 " in answer.splitlines()[0] and b"no page at" in answer


def test_bodies_that_are_none(served: Any) -> None:
    for content in (b"[1]", b"{", b"\xff\xfe"):
        answer = httpx.post(f"{served.address}/api/step", content=content)
        assert answer.status_code == 400 and "JSON object" in answer.json()["error"]
    assert httpx.post(f"{served.address}/api/step", content=b"x" * 70_000).status_code == 413
    assert httpx.put(f"{served.address}/api/step", content=b"").status_code == 405


def test_fifty_tabs_keep_their_games(served: Any) -> None:
    keys = [served.new() for _ in range(50)]
    answers = [served.post("step", id=key, action=[1, -1, -1], where="both") for key in keys]
    assert [answer.status_code for answer in answers] == [200] * 50
    for key in keys:
        assert served.post("close", id=key).status_code == 200


class Closable:
    """A game of a tab that notes that it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_game_in_use_is_not_closed_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(tabs_module.time, "monotonic", lambda: now[0])
    tabs, games = Tabs(), [Closable() for _ in range(MOST + 2)]
    keys = [tabs.open(game) for game in games[:MOST]]  # type: ignore[arg-type]
    with pytest.raises(ArcworldError, match="close a tab"):
        tabs.open(games[MOST])  # type: ignore[arg-type]
    assert games[MOST].closed and not any(game.closed for game in games[:MOST])
    now[0] = IDLE + 1
    for key in keys[1:]:
        tabs.paired(key)
    tabs.open(games[MOST + 1])  # type: ignore[arg-type]
    assert [game.closed for game in games[:MOST]] == [True] + [False] * (MOST - 1)
    with pytest.raises(ArcworldError, match="start the game again"):
        tabs.paired(keys[0])


def test_deep_json_is_refused(served: Any) -> None:
    deep = "[" * 30_000 + "]" * 30_000
    answer = httpx.post(f"{served.address}/api/step", content=deep)
    assert answer.status_code == 400 and "not a JSON object" in answer.json()["error"]


def test_only_the_printed_address_may_ask(served: Any) -> None:
    app = make_app(served.api, served.port, "secret")
    base = f"http://127.0.0.1:{served.port}"

    async def ask(path: str, **headers: str) -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return (await client.get(path, headers=headers)).status_code

    def status(path: str, token: str | None = None) -> int:
        headers = {} if token is None else {"x-arcworld-token": token}
        with ThreadPoolExecutor(1) as pool:  # this thread may have a browser's event loop
            return pool.submit(lambda: asyncio.run(ask(path, **headers))).result()

    assert status("/api/nothing") == status("/api/nothing", "wrong") == 403
    assert status("/api/nothing?token=wrong") == status("/api/nothing", "") == 403
    assert status("/api/nothing", "secret") == status("/api/nothing?token=secret") == 404
    assert status("/") == status("/api.js") == 200


def test_half_a_request_is_not_held(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_protocol, "HEADER_SECONDS", 0.3)
    half = b"GET /api/about HTTP/1.1\r\nHost: 127.0.0.1"
    sockets = [socket.create_connection(("127.0.0.1", served.port), 20) for _ in range(300)]
    for each in sockets:
        each.sendall(half)
    assert served.get("about").status_code == 200
    for each in sockets:
        assert each.recv(1) == b""
        each.close()


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (["view", "no-such-run", "--port", "0"], "found no run"),
        (["view", "small", "--data", "no/such/folder", "--port", "0"], "found nothing"),
        (["view", "small", "--data", ".", "--port", "0"], "found no recording"),
        (["view", "small", "--game", "chess", "--data", "a.jsonl", "--port", "0"], "no game"),
        (["render", "no-such-run"], "found no run"),
        (["render", "small", "--data", "no/such/file"], "found nothing"),
        (["render", "small", "--data", "a.jsonl"], "a.jsonl:1"),
    ],
)
def test_commands_refuse_in_one_line(
    words: list[str],
    reported: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if "a.jsonl" in words:
        (tmp_path / "a.jsonl").write_text("{}\n")
    assert main(words) == 2
    error = capsys.readouterr().err
    assert reported in error and error.count("\n") == 1


def test_a_port_that_is_taken_is_an_error(served: Any) -> None:
    with pytest.raises(ArcworldError, match="--port"):
        listen(served.port)


def test_work_ahead_that_fails_stops_nothing() -> None:
    from arcworld.web.worker import Worker

    tried: list[int] = []

    def idle() -> bool:
        tried.append(1)
        raise ValueError("no token")

    worker = Worker(idle)
    assert [worker.submit(lambda n=n: n * n).result(timeout=10) for n in range(3)] == [0, 1, 4]
    with pytest.raises(ZeroDivisionError):
        worker.submit(lambda: 1 // 0).result(timeout=10)
    worker.close()
    assert tried
    with pytest.raises(RuntimeError):
        worker.submit(lambda: 0)


def test_frames_come_back_from_their_digits() -> None:
    from arcworld.web.predictions import as_hex

    frame = np.random.default_rng(0).integers(0, 16, (64, 64)).astype(np.uint8)
    assert (from_hex(as_hex(frame)) == frame).all()


def test_the_agent_of_a_run_plays_games_outside_its_training_as_online(small: Run) -> None:
    agent = RunModel(small).agent(0)
    assert isinstance(agent, ByGameAgent) and agent.name == "world-model"
