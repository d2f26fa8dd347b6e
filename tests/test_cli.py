"""The command line: output, exit status, and one clear line for bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arcworld.cli import main, make_app
from arcworld.recordings import Action, Episode, RecordingWriter

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "demo",
    "collect",
    "check",
    "stats",
    "export",
    "train",
    "evaluate",
    "diagnose",
    "crossval",
    "play",
    "view",
    "render",
    "film",
    "tournament",
    "kaggle",
    "bench",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test runs in its own folder, with its own cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def recordings(folder: Path, make_episode: Callable[..., Episode]) -> Path:
    """Three short recordings of one game."""
    for seed in range(3):
        episode = make_episode(seed, frames=8, guid=f"guid-{seed}", undo=False)
        write(folder / "data" / f"{episode.game_id}-guid-{seed}.jsonl", episode)
    return folder / "data"


def write(path: Path, episode: Episode) -> None:
    with RecordingWriter(path, episode.game_id, episode.guid, episode.win_levels) as writer:
        actions = [Action(0), *(episode.action(t) for t in range(len(episode)))]
        for t, action in enumerate(actions):
            state = "NOT_FINISHED"
            levels, available = int(episode.levels_T[t]), episode.available_actions(t)
            writer.write([episode.frames_THW[t]], action, state, levels, available, t == 0)


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    reported = capsys.readouterr().out
    assert all(command in reported for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    reported = capsys.readouterr().out
    assert f"Example: arcworld {command}" in " ".join(reported.split())


def test_options_are_documented_as_they_are() -> None:
    """docs/cli.md is the output of scripts/docs."""
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == make_app().generate_docs()


BAD: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "recipe": (
        ["train", "--data", "data", "--recipe", "smal", "--out", "run"],
        ("'smal'", "small"),
    ),
    "recipe of the demo": (["demo", "--recipe", "debag"], ("'debag'", "debug")),
    "folder of the demo": (["demo", "--out", "data"], ("data", "found files but no run")),
    "file for the demo": (["demo", "--out", "data/spoilt.txt"], ("found a file",)),
    "run": (["evaluate", "nowhere", "--data", "data"], ("nowhere", "found no run")),
    "data": (["train", "--data", "nix", "--recipe", "debug", "--out", "run"], ("nix", "nothing")),
    "path": (["check", "nix"], ("nix", "nothing")),
    "game": (["play", "x", "--game", "kees", "--agent", "random"], ("'kees'", "keys")),
    "games": (["play", "x", "--game", "k", "--games", "no", "--agent", "random"], ("no", "folder")),
    "json": (["check", "data", "--json", "data"], ("data", "folder")),
    "out": (
        ["tournament", "--agents", "random", "--only", "keys", "--out", "data/spoilt.txt"],
        ("data/spoilt.txt", "found a file", "expected a folder"),
    ),
    "resume": (
        ["train", "--data", "data", "--recipe", "debug", "--out", "run", "--resume"],
        ("run", "nothing to resume"),
    ),
}


@pytest.mark.usefixtures("recordings")
@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    tokens, expected = BAD[case]
    Path("data/spoilt.txt").touch()
    assert main(tokens) == 2
    reported = [s for s in capsys.readouterr().err.splitlines() if s.startswith("arcworld: ")]
    assert len(reported) == 1
    assert all(word in reported[0] for word in expected)
    assert not Path("run").exists() and not Path("runs").exists()


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["trian"], ('"trian"', '"train"', "`arcworld --help`")),
        (["play"], ("found no value for --game", "`arcworld play --help`")),
        (["check"], ("found no value for ", "`arcworld check --help`")),
        (["play", "--game"], ("--game", "`arcworld play --help`")),
        (["play", "--game", "keys", "--seed", "one"], ("--seed", '"one"', "int")),
        (["play", "--game", "keys", "--max-actions", "-5"], ("--max-actions", ">= 1")),
        (["play", "--game", "keys", "--max-action", "5"], ("--max-action", "--max-actions")),
    ],
    ids=" ".join,
)
def test_an_unreadable_line_is_one_clear_error(
    tokens: list[str], expected: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tokens) == 2
    reported = capsys.readouterr()
    (line,) = reported.err.splitlines()
    assert line.startswith("arcworld: ") and not reported.out
    assert all(words in line for words in expected), line


def test_check_lists_each_file_and_whether_all_can_be_used(
    recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "data", "--json", "out/check.json"]) == 0
    assert "3 files, 3 usable, 0 not" in capsys.readouterr().out
    spoilt = recordings / "spoilt.jsonl"
    spoilt.write_text("no JSON\n")
    assert main(["check", "data", "data/spoilt.jsonl", "--json", "out/check.json"]) == 1
    assert "data/spoilt.jsonl:1: unusable" in capsys.readouterr().out
    found = json.loads(Path("out/check.json").read_text())
    assert (found["count"], found["usable"]) == (4, 3)
    assert {file["dialect"] for file in found["files"]} >= {"toolkit"}


def test_random_play_gives_a_scorecard_and_a_recording_that_check_reads() -> None:
    words = ["play", "none", "--agent", "random", "--game", "taps", "--max-actions", "30"]
    assert main([*words, "--recording", "rec", "--json", "play.json"]) == 0
    found = json.loads(Path("play.json").read_text())
    assert (found["actions"], found["agent"]) == (30, "random")
    assert {"levels_completed", "score", "scorecard"} <= found.keys()
    assert main(["check", "rec"]) == 0


def test_stop_says_how_to_continue(capsys: pytest.CaptureFixture[str], recordings: Path) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("arcworld.training.train.train", stop)
        words = ["train", "--data", str(recordings), "--recipe", "debug", "--out", "my run"]
        assert main(words) == 130
    reported = capsys.readouterr().err.splitlines()[-1]
    assert reported.startswith("arcworld: stopped; continue with: arcworld train")
    assert reported.endswith("--out 'my run' --scheme v2 --seed 0 --resume")


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_in_training_leaves_a_run_that_resumes(recordings: Path, folder: Path) -> None:
    words = ["train", "--data", str(recordings), "--recipe", "debug", "--out", "run"]
    command = [sys.executable, "-m", "arcworld.cli", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder) as process:
        wait_for(folder / "run" / "world_model" / "metrics.jsonl", process)
        process.send_signal(signal.SIGINT)
        reported = process.communicate(timeout=120)[1]
    assert process.returncode == 130, reported
    assert "Traceback" not in reported
    assert reported.splitlines()[-1].startswith("arcworld: stopped; continue with:")
    assert main([*words, "--resume"]) == 0
    assert (folder / "run" / "policy" / "model.safetensors").is_file()


def wait_for(path: Path, process: subprocess.Popen[str], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, "ended before it could be stopped"
        assert time.monotonic() < until, f"no {path.name} in {seconds:.0f} s"
        time.sleep(0.05)


def test_a_closed_pipe_is_no_error(recordings: Path) -> None:
    read, written = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "arcworld.cli", "check", str(recordings)]
    done = subprocess.run(command, stdout=written, stderr=subprocess.PIPE, text=True, check=False)
    os.close(written)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
