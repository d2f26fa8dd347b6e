"""Every command and snippet of the README runs, in order, in one folder.

Three things are replaced, and nothing else: `--recipe small` becomes `--recipe debug`, `arcworld
demo` gets `--recipe debug` (a minute instead of ten), and `uv run` is dropped, since the tests run
in that environment already. `uv run pytest` is this very run; that it stands there is checked.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from arcworld.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST, SECOND = "pip install uv && uv run arcworld demo", "uv run pytest"


def blocks() -> list[tuple[str, str]]:
    """(language, text) of every block that says what it is."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def as_tokens(command: str) -> list[str]:
    """A command line of the README as the tests run it."""
    assert command.startswith("uv run arcworld "), command
    tokens = shlex.split(command.removeprefix("uv run arcworld "))
    if tokens[0] == "demo":
        tokens += ["--recipe", "debug", "--max-actions", "40"]
    return ["debug" if token == "small" else token for token in tokens]


def test_first_screen_has_its_two_commands() -> None:
    shell = [text.splitlines() for language, text in blocks() if language == "sh"]
    assert shell[0] == [FIRST, SECOND]


def test_every_block_is_one_that_is_run() -> None:
    assert {language for language, _ in blocks()} == {"sh", "python"}


@pytest.mark.timeout(600)
def test_every_command_and_snippet_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    names: dict[str, Any] = {}
    for language, text in blocks():
        if language == "python":
            exec(compile(text, "README.md", "exec"), names)
            continue
        for line in text.splitlines():
            command = line.removeprefix("pip install uv && ")
            if command != SECOND:
                assert main(as_tokens(command)) == 0, f"{line}\n{capsys.readouterr().err}"
    assert (tmp_path / "runs/demo/report/report.md").is_file()
    assert "baseline" in capsys.readouterr().out


def test_links_and_pictures_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("script", sorted((ROOT / "recipes").glob("*.sh")), ids=lambda p: p.name)
def test_recipes_use_commands_that_exist(script: Path) -> None:
    from arcworld.cli import make_app

    lines = [s for s in script.read_text().splitlines() if s.startswith("uv run arcworld ")]
    lines += re.findall(r"^ +(uv run arcworld .*)$", script.read_text(), re.MULTILINE)
    assert lines
    for line in lines:
        filled = re.sub(r"\$scheme", "v1", line.split("||")[0])
        tokens = shlex.split(filled.removeprefix("uv run arcworld "))
        make_app().parse_args(tokens, print_error=False, exit_on_error=False)
