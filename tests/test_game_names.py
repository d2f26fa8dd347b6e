"""One rule for the names of games, in every command that takes one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arcworld.cli import main
from arcworld.recordings.episode import Action
from arcworld.recordings.writer import RecordingWriter


@pytest.mark.parametrize("command", ["view", "play", "render", "film"])
@pytest.mark.parametrize(
    ("game", "reason"),
    [("tapz", "no game 'tapz'"), ("ls20", "no game 'ls20'"), ("keys-00000000", "keys-00000000")],
)
def test_an_unknown_game_is_refused(
    command: str,
    game: str,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    options = {"view": ["--port", "0"], "play": ["--agent", "random"]}.get(command, [])
    assert main([command, "--game", game, *options]) == 2
    told = capsys.readouterr().err.strip()
    assert reason in told and "known: " in told and len(told.splitlines()) == 1
    assert ("did you mean 'taps'?" in told) == (game == "tapz")


def test_render_draws_the_recordings_of_the_named_game_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for game in ("ab12-00000001", "cd34-00000001"):
        path = tmp_path / "data" / f"{game}.jsonl"
        with RecordingWriter(path, game, f"of {game}", 7) as writer:
            for t in range(4):
                frame = np.full((64, 64), t, np.uint8)
                writer.write([frame], Action(min(t, 1)), "NOT_FINISHED", 0, [1], t == 0)
    words = ["render", "online", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    words += ["--steps", "1", "--moving", "none"]
    for game in ("cd34", "cd34-00000001"):
        assert main([*words, "--game", game]) == 0
        assert [Path(line).name[:4] for line in capsys.readouterr().out.splitlines()] == ["cd34"]
    for game in ("ad12", "cd34-1", ""):
        assert main([*words, "--game", game]) == 2
        assert f"no recording of game '{game}'" in capsys.readouterr().err
