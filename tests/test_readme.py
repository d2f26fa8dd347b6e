"""Every command and snippet of the README and of the tour runs, in order, in one folder.

Three things are replaced, and nothing else: `--recipe small` becomes `--recipe debug`, `arcworld
demo` gets `--recipe debug` and few actions (a minute or two instead of eight), and `uv run` is
dropped, since the tests run in that environment already. `uv run pytest` is this very run; that it
is in the README is checked.
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
TOUR = (ROOT / "docs/tour.md").read_text(encoding="utf-8")
FIRST, SECOND = "pip install uv && uv run arcworld demo", "uv run pytest"


def blocks(page: str) -> list[tuple[str, str]]:
    """(language, text) of every block that names its language."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def as_tokens(command: str) -> list[str]:
    """A command line of a page as the tests run it."""
    assert command.startswith("uv run arcworld "), command
    tokens = shlex.split(command.removeprefix("uv run arcworld "))
    if tokens[0] == "demo":
        tokens += ["--recipe", "debug", "--max-actions", "12"]
    return ["debug" if token == "small" else token for token in tokens]


def test_the_first_hundred_words_have_picture_clone_and_both_commands() -> None:
    shell = [text.splitlines() for language, text in blocks(README) if language == "sh"]
    assert shell[0] == [FIRST, SECOND]
    start = " ".join(re.sub(r"!\[.*?\]", "![]", README).split()[:100])
    for wanted in ("world model", "](docs/film.gif)", "git clone", FIRST, SECOND):
        assert wanted in start


def test_the_python_start_has_eight_lines_at_most() -> None:
    (start,) = (text for language, text in blocks(README) if language == "python")
    assert len([line for line in start.splitlines() if line.strip()]) <= 8


def test_every_block_is_one_that_is_run() -> None:
    assert {language for language, _ in blocks(README)} == {"sh", "python"}
    assert {language for language, _ in blocks(TOUR)} == {"sh", "python", "text"}


@pytest.mark.timeout(900)
def test_every_command_and_snippet_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    names: dict[str, Any] = {}
    for language, text in [*blocks(README), *blocks(TOUR)]:
        if language == "python":
            exec(compile(text, "README.md", "exec"), names)
            continue
        for line in text.splitlines() if language == "sh" else ():
            command = line.removeprefix("pip install uv && ")
            if command != SECOND:
                assert main(as_tokens(command)) == 0, f"{line}\n{capsys.readouterr().err}"
    report = tmp_path / "runs/demo/report/report.html"
    page = report.read_text(encoding="utf-8")
    assert page.count("data:image/gif") == 2 and not re.search(r'src="(?!data:)', page)
    assert "best baseline" in capsys.readouterr().out


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
