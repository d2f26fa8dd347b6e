"""One rule for the names of games, in every command that takes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcworld.cli import main


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
