"""Every snippet of docs/how-to runs: in order, against a server started here."""

from __future__ import annotations

import logging
import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from arcworld.cli import main, make_app
from arcworld.evaluation.online.models import find_factory
from arcworld.play.toolkit import OWN_GAMES, Toolkit
from arcworld.play.toolkit_compat import hidden_environment, import_toolkit

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "how-to"
SNIPPETS = {
    "play": 1,
    "service": 1,
    "arc-agi-3-agents": 1,
    "own-game": 1,
    "own-strategy": 1,
    "online-evaluation": 1,
    "export": 2,
}


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a language on a page."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def run_snippets(names: dict[str, Any], *pages: str) -> None:
    for page in pages:
        for text in blocks(page, "python"):
            exec(compile(text, page, "exec"), names)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toolkit's own server, in place of the service."""
    from werkzeug.serving import make_server

    arc_agi = import_toolkit()
    from arc_agi.server import create_app

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with hidden_environment():
        arcade = arc_agi.Arcade(
            operation_mode=arc_agi.OperationMode.OFFLINE,
            environments_dir=str(OWN_GAMES),
            logger=logging.Logger("server", logging.CRITICAL),
        )
    server = make_server("127.0.0.1", 0, create_app(arcade)[0], threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    defaults = Toolkit.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "base_url", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("ARC_API_KEY", "key")
    yield
    server.shutdown()
    server.server_close()
    thread.join()


def test_snippets_are_the_ones_that_are_run() -> None:
    found = {path.stem: len(blocks(path.stem, "python")) for path in PAGES.glob("*.md")}
    assert {page: count for page, count in found.items() if count} == SNIPPETS


@pytest.mark.parametrize("page", sorted(path.stem for path in PAGES.glob("*.md")))
def test_commands_exist(page: str) -> None:
    for line in "".join(blocks(page, "sh")).splitlines():
        assert line.startswith("uv run arcworld "), line
        tokens = shlex.split(line.removeprefix("uv run arcworld "))
        make_app().parse_args(tokens, print_error=False, exit_on_error=False)


def test_a_game_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_snippets({}, "own-game")
    (commands,) = blocks("own-game", "sh")
    for line in commands.splitlines():
        assert main(shlex.split(line.removeprefix("uv run arcworld "))) == 0, line
    assert Toolkit(Path("my_games")).games() == ["walk-00000001"]


@pytest.mark.timeout(600)
def test_a_run_without_a_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first block runs as it stands, but with less of everything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    exec(compile(blocks("own-game", "python")[0], "own-game", "exec"), {})
    for line in blocks("collect", "sh")[0].splitlines():
        tokens = shlex.split(line.removeprefix("uv run arcworld "))
        tokens = ["debug" if token == "small" else token for token in tokens]
        if tokens[0] == "collect":
            tokens += ["--max-actions", "40", "--plays", "2", "--workers", "1"]
        assert main(tokens) == 0, line
    assert (tmp_path / "runs/mine/validation.json").is_file()


def test_a_world_model_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The class on the page passes the check, and can be named on a command line."""
    monkeypatch.chdir(tmp_path)
    (text,) = blocks("online-evaluation", "python")
    Path("my_model.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    run_snippets({}, "online-evaluation")
    assert find_factory("my_model:MyModel").__name__ == "MyModel"  # type: ignore[attr-defined]


def test_a_strategy_of_your_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The file on the page plays by the command on the page, and repeats what changes something."""
    monkeypatch.chdir(tmp_path)
    (text,) = blocks("own-strategy", "python")
    Path("repeat.py").write_text(text)
    command = blocks("own-strategy", "sh")[0].splitlines()[0]
    assert main(shlex.split(command.removeprefix("uv run arcworld "))) == 0
    assert "played by repeat" in capsys.readouterr().out
    (recording,) = Path("runs/play").glob("*.jsonl")
    assert "repeat: it changed something" in recording.read_text()


def test_here_and_on_a_service(
    service: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    run_snippets({}, "play", "service")
    reported = capsys.readouterr().out
    assert "after 60 actions" in reported and "official: True" in reported
    assert len(list((tmp_path / "plays").glob("*.jsonl"))) == 2


def test_the_server_of_the_agents_page_has_the_repository_s_packages() -> None:
    """It is started in another folder, whose Python has none; the toolkit has what it calls."""
    command = next(text for text in blocks("arc-agi-3-agents", "text") if "arc_agi" in text)
    words = shlex.split(command)
    assert words[:6] == ["uv", "run", "--project", "REPOSITORY", "python", "-c"]
    script, called = words[6].rsplit("\n", 1)[0], "listen_and_serve"
    names: dict[str, Any] = {}
    with hidden_environment():
        exec(compile(script, "arc-agi-3-agents", "exec"), names)
    assert called in words[6] and callable(getattr(names["arcade"], called))


def test_in_the_agents_repository(agents_agent: ModuleType, seat: Any, toolkit: Toolkit) -> None:
    names: dict[str, Any] = {"__name__": "explorer"}
    run_snippets(names, "arc-agi-3-agents")
    names["Explorer"].MAX_ACTIONS = 20
    agent = seat(names["Explorer"], toolkit.open("keys")._wrapper)
    agent.main()
    assert toolkit.scorecard().actions == 21
