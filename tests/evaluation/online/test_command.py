"""`arcworld evaluate --online` from the command line: names, files, errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from arcworld.cli import main
from arcworld.errors import ArcworldError
from arcworld.evaluation.online.baselines import CopyModel, LastEffectModel
from arcworld.evaluation.online.models import find_factory
from arcworld.recordings.episode import Episode, Step

OWN = """
from arcworld.evaluation.online.baselines import CopyModel

class Mine(CopyModel):
    name = "mine"

class Half:
    name = "half"
    def predict(self, state, actions): ...
"""


@pytest.fixture
def recordings(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    episode_of: Callable[..., Episode],
    steps_of: Callable[..., list[Step]],
    write_recording: Callable[..., Path],
) -> Path:
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "recordings"
    for number in range(3):
        episode = episode_of(steps_of(seed=number), f"walk{number}-0badcafe")
        write_recording(folder / f"{number}.jsonl", episode)
    return folder


def test_tables_json_and_plot(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, plot = recordings.parent / "found.json", recordings.parent / "found.png"
    tokens = ["evaluate", "last-effect", "--online", "--data", str(recordings)]
    assert main([*tokens, "--json", str(path), "--plot", str(plot)]) == 0
    shown = capsys.readouterr()
    assert "last effect online: 3 games, 3 recordings" in shown.out
    assert "last effect: 3/3" in shown.err
    found = json.loads(path.read_text())
    assert list(found["online"]) == ["0-30", "30-100", "100-200", "200-400", "all"]
    assert set(found["baselines"]) == {"copy", "lookup"}
    mean = found["online"]["0-30"]["novel"]["mean"]
    copied = found["baselines"]["copy"]["online"]["0-30"]["novel"]["mean"]
    assert mean["transitions"] == copied["transitions"] > 0
    assert mean["changed_pixel_acc"] > copied["changed_pixel_acc"] == 0
    assert found["about"]["games"] == 3 and found["about"]["split"] == "all"
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_class_of_ones_own(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("entered.py").write_text(OWN)
    tokens = ["--online", "--data", str(recordings), "--max-recordings", "2"]
    assert main(["evaluate", "entered:Mine", *tokens]) == 0
    assert "mine online: 2 games" in capsys.readouterr().out
    assert main(["evaluate", "entered:Half", *tokens]) == 2
    assert "a class without reset, observe" in capsys.readouterr().err


def test_the_online_model_by_its_name(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "online", "--online", "--data", str(recordings)]) == 0
    assert "online online: 3 games" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["nowhere:Class", "--online"], "nowhere:Class: found no world model there"),
        (["copy", "--online", "--report", "page"], "found --report page"),
        (["small", "--plot", "a.png"], "found --plot a.png"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(
    recordings: Path, capsys: pytest.CaptureFixture[str], tokens: list[str], message: str
) -> None:
    assert main(["evaluate", *tokens, "--data", str(recordings)]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and message in error[0]


def test_names() -> None:
    assert find_factory("copy") is CopyModel and find_factory("last-effect") is LastEffectModel
    with pytest.raises(ArcworldError, match="nothing-there"):
        find_factory("nothing-there")
