"""The viewer with the online model: play without a trained run, and recordings that are learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from arcworld.cli import main
from arcworld.web.analysis import LEARNED_AT_ONCE, Analysis
from arcworld.web.recording_view import Library
from arcworld.web.viewed_models import OnlineModel
from arcworld.web.viewer_api import ViewerApi

WALK = (4, 2, 3, 1)


@pytest.fixture
def api(demo: Path, tmp_path: Path) -> Any:
    api = ViewerApi([OnlineModel()], Library(demo), tmp_path, game="relay")
    yield api
    api.tabs.close_all()


def act(api: ViewerApi, key: str, kind: int, where: str = "both") -> dict[str, Any]:
    return api.step({"id": key, "action": [kind, -1, -1], "where": where})["now"]


def test_thirty_actions_teach_it_the_game(api: ViewerApi) -> None:
    key = api.new({"game": "relay"})["id"]
    steps = [act(api, key, WALK[number % 4]) for number in range(30)]
    right = [step["right"] for step in steps]
    assert sum(right[:4]) <= 1 and sum(right[-8:]) >= 6
    assert all(step["dream"]["depth"] == 1 for step in steps)  # each from the true frame
    claims = [claim for step in steps[-8:] for claim in step["dream"]["claims"]]
    assert claims and {claim["right"] for claim in claims} <= {True, False}
    assert max(claim["trust"] for claim in claims) > 0.8
    bars = api.predictions({"id": key})
    assert [bar["id"] for bar in bars["bars"]] == [1, 2, 3, 4] and bars["clicks"] is None


def test_a_dream_starts_at_the_true_frame_and_teaches_nothing(api: ViewerApi) -> None:
    key = api.new({"game": "relay"})["id"]
    last = [act(api, key, WALK[number % 4]) for number in range(20)][-1]
    scores = api.predictions({"id": key})
    dreamt = [act(api, key, kind, "dream") for kind in WALK]
    assert [step["dream"]["depth"] for step in dreamt] == [1, 2, 3, 4]
    assert {step["true"]["frame"] for step in dreamt} == {last["true"]["frame"]}
    assert all(step["right"] is None for step in dreamt)
    assert all(claim["right"] is None for step in dreamt for claim in step["dream"]["claims"])
    assert api.predictions({"id": key}) == scores
    played = act(api, key, 4)
    assert played["dream"]["depth"] == 1 and played["right"] is not None
    resynced = api.resync({"id": key})["now"]["dream"]
    assert resynced["depth"] == 0 and resynced["confidence"] is None and not resynced["claims"]


def test_a_fork_keeps_what_was_learned(api: ViewerApi) -> None:
    key = api.new({"game": "relay"})["id"]
    first = [act(api, key, kind) for kind in WALK]
    reply = api.fork({"id": key, "at": 0})
    assert reply["note"] == "" and len(reply["line"]) == 1
    again = [act(api, key, kind) for kind in WALK]
    assert [s["true"]["frame"] for s in again] == [s["true"]["frame"] for s in first]
    assert not all(step["right"] for step in first) and all(step["right"] for step in again)


def test_its_own_agent_plays(api: ViewerApi) -> None:
    key = api.new({"game": "keys"})["id"]
    now = api.agent({"id": key})["now"]
    assert now["by"] != "you" and now["dream"]["depth"] == 1
    assert api.about({})["runs"][0]["labels"] == ["P(level won)", "confidence"]


def test_a_recording_is_learned_in_order(api: ViewerApi) -> None:
    recording_view = api.library.recording_view(0)
    far = len(recording_view) - 1
    jumped = Analysis(OnlineModel(), recording_view)
    jumped.ask(far, far + 1)
    assert sorted(jumped.done) == list(range(min(far + 1, LEARNED_AT_ONCE)))
    jumped.step(far)
    walked = Analysis(OnlineModel(), recording_view)
    for number in range(far + 1):
        walked.step(number)
    assert [s.as_view() for s in walked.done.values()] == [
        s.as_view() for s in jumped.done.values()
    ]
    shown = api.analysis({"recording": "0", "run": "0", "from": "0", "to": "2"})["steps"]["0"]
    assert len(shown["surprise"]) == 64 and shown["nats"] > 0 and shown["claims"] == []


def test_pictures_of_a_recording_that_is_learned(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(next(demo.rglob("*.gz")))
    words = ["render", "online", "--data", source, "--out", str(tmp_path), "--first", "40"]
    assert main([*words, "--steps", "3"]) == 0
    strip, moving = (Path(line) for line in capsys.readouterr().out.split())
    with Image.open(strip) as picture:
        assert picture.width > 3 * 128 and picture.height > 6 * 128
    with Image.open(moving) as picture:
        assert getattr(picture, "n_frames", 1) == 3


def test_an_agent_that_needs_a_run_is_refused(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["view", "online", "--agent", "policy", "--data", str(demo), "--port", "0"]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert "plays without a run" in error and error.count("\n") == 1
