"""The core works without the packages of the extras, and each message names the right extra."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from arcworld.errors import EXTRAS, missing_extra

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BLOCKED = f"""
import contextlib, io, json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {sorted(EXTRAS)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from arcworld.cli import main

found = []
for words in json.loads(sys.argv[1]):
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr):
        status = main(words)
    found.append([status, stderr.getvalue()])
import arcworld
try:
    arcworld.from_pretrained
except arcworld.errors.ArcworldError as error:
    assert "arcworld[models]" in str(error)
else:
    raise AssertionError("torch is not blocked")
arcworld.make_agent("explorer")
print(json.dumps(found))
"""
CORE = (
    "play --game taps --agent explorer --max-actions 8 --recording played",
    "play --game taps --agent online --max-actions 3",
    "check played",
    "stats played",
    "evaluate online --online --data played --max-recordings 1",
)
LACKING = {
    "play small --game taps": "models",
    "play --game taps --agent frame-change": "models",
    "evaluate small --data played": "models",
    "render --data played --out picture.png": "models",
    "train --data played --recipe debug --out run": "train",
    "demo --out demo": "train",
    "view small": "view",
    "export played out": "export",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """(status, standard error) of each command where no extra is installed."""
    folder = tmp_path_factory.mktemp("light")
    commands = [*CORE, *LACKING]
    words = json.dumps([command.split() for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, words],
        cwd=folder,
        env={**os.environ, "ARCWORLD_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    return {
        command: (status, errors)
        for command, (status, errors) in zip(commands, answers, strict=True)
    }


@pytest.mark.parametrize("command", CORE)
def test_the_core_needs_no_extra(command: str, told: dict[str, tuple[int, str]]) -> None:
    assert told[command][0] == 0, told[command][1]


@pytest.mark.parametrize("command", LACKING)
def test_a_missing_extra_is_one_line_that_names_it(
    command: str, told: dict[str, tuple[int, str]]
) -> None:
    status, errors = told[command]
    line = errors.splitlines()[-1]
    assert status == 2 and line.startswith("arcworld: found no package ")
    assert f"run: pip install 'arcworld[{LACKING[command]}]'" in line
    assert "Traceback" not in errors


def test_other_imports_that_fail_are_not_blamed_on_extras() -> None:
    assert missing_extra(ModuleNotFoundError("no", name="my_module")) is None
    assert missing_extra(ImportError("broken", name="torch")) is None


def names(requirements: list[str]) -> set[str]:
    found = {re.split(r"[\[<>=; ]", line)[0].replace("-", "_").lower() for line in requirements}
    return found - {"arcworld"}


def test_every_package_that_is_imported_is_required_by_the_core_or_an_extra() -> None:
    project = PYPROJECT["project"]
    imported: set[str] = set()
    for path in (ROOT / "arcworld").rglob("*.py"):
        if "environment_files" in path.parts or "kaggle_files" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    ours = {"arcworld", "backports", "PIL", "agents", "compression", *sys.stdlib_module_names}
    extras = {extra: names(lines) for extra, lines in project["optional-dependencies"].items()}
    spelled = {"markdown_it": "markdown_it_py"}
    for package in (spelled.get(name, name) for name in imported - ours):
        required = extras[EXTRAS[package]] if package in EXTRAS else names(project["dependencies"])
        assert package.lower() in required, package


def test_a_checkout_has_every_extra_that_tests_need() -> None:
    assert "arcworld[train,view,export,rl]" in PYPROJECT["dependency-groups"]["dev"]
