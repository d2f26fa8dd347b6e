"""The how-to page of ARC-AGI-3-Agents, step by step in that repository, on the toolkit's server.

It needs a checkout of the repository, named by ARC_AGENTS, and its packages.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/arc-agi-3-agents.md").read_text(encoding="utf-8")
REPOSITORY = os.environ.get("ARC_AGENTS", "")

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not REPOSITORY
        or not (Path(REPOSITORY) / "uv.lock").is_file()
        or shutil.which("uv") is None,
        reason="needs uv, and ARC_AGENTS to name a checkout of ARC-AGI-3-Agents",
    ),
]


def block(language: str, start: str) -> str:
    """The first block of the page that begins with some text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return next(text for text in blocks if text.startswith(start))


def environment(**more: str) -> dict[str, str]:
    hidden = ("VIRTUAL_ENV", "PYTHONPATH", "ARC_", "SCHEME", "HOST", "PORT", "OPERATION_MODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return kept | more


@pytest.fixture
def port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path, port: str, repository: Path) -> Iterator[Path]:
    """The page's server, with the packages of the repository; yields its log."""
    command = block("text", "uv run --project REPOSITORY").replace("REPOSITORY", str(repository))
    (tmp_path / "serving").mkdir()
    log = tmp_path / "serving" / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen(
            ["sh", "-ec", command.replace("8001", port)],
            cwd=log.parent,
            env=environment(),
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        for _ in range(120):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(port))) == 0:
                    break
            time.sleep(0.5)
        yield log
        os.killpg(process.pid, signal.SIGKILL)  # also Python, which uv started
        process.wait()


@pytest.fixture
def repository(tmp_path: Path, port: str) -> Path:
    """A copy of the repository, changed as the page says."""
    folder = tmp_path / "repository"
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(".venv", ".env"))
    install = block("text", "uv add").replace("ARCWORLD", str(ROOT))
    added = subprocess.run(
        ["sh", "-ec", install], cwd=folder, env=environment(), capture_output=True, text=True
    )
    if added.returncode and "fetch" in added.stderr.lower():
        pytest.skip(f"its packages cannot be fetched: {added.stderr.strip().splitlines()[-1]}")
    assert added.returncode == 0, added.stderr
    (folder / "agents/templates/arcworld_explorer.py").write_text(block("python", "from agents"))
    (folder / ".env").write_text(block("text", "SCHEME").replace("8001", port))
    return folder


def test_the_page_s_agent_plays_there(repository: Path, server: Path) -> None:
    """It wins levels, its scorecard is closed, and its recording has what the server was sent."""
    command = ["uv", "run", "main.py", "--agent=explorer", "--game=keys"]
    played = subprocess.run(
        command, cwd=repository, env=environment(), capture_output=True, text=True
    )
    assert played.returncode == 0, played.stderr
    levels = re.findall(r'"total_levels_completed": (\d+)', played.stdout)
    assert levels and int(levels[-1]) > 0, played.stdout[-2000:]
    sent = server.read_text()
    assert sent.count("POST /api/scorecard/close") == 1
    checked = subprocess.run(
        ["uv", "run", "arcworld", "check", "recordings"],
        cwd=repository, env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0 and "1 file, 1 usable, 0 not" in checked.stdout, checked.stderr
    (recording,) = (repository / "recordings").glob("*.recording.jsonl")
    rows: list[dict[str, Any]] = [json.loads(line) for line in recording.read_text().splitlines()]
    actions = [row["data"]["action_input"]["id"] for row in rows if "action_input" in row["data"]]
    names = re.findall(r"POST /api/cmd/(RESET|ACTION\d)", sent)
    assert actions == [0 if name == "RESET" else int(name[6:]) for name in names]
