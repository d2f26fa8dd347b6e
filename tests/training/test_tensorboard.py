"""Measures of training for TensorBoard, beside the project's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arcworld.errors import ArcworldError
from arcworld.games.demos import make_demos
from arcworld.recordings.joined import load_dataset
from arcworld.training import start
from arcworld.training.overrides import override
from arcworld.training.train import train


class Logger:
    """A stub of Lightning's logger."""

    written: dict[str, Any]

    def __init__(self, folder: Path, name: str, version: str) -> None:
        Logger.written = {"folder": Path(folder)}

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        Logger.written[f"step {step}"] = metrics


def test_without_the_package_training_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "find_spec", lambda name: None)
    with pytest.raises(ArcworldError, match=r"install it with .*arcworld\[tensorboard\]"):
        start.check_tensorboard()


def test_measures_are_logged_beside_the_own_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lightning_fabric.loggers import tensorboard

    monkeypatch.setattr(start, "find_spec", lambda name: name)
    monkeypatch.setattr(tensorboard, "TensorBoardLogger", Logger)
    make_demos(tmp_path / "demos", ["keys"], demos_per_game=3)
    dataset = load_dataset(tmp_path / "demos", cache=tmp_path / "cache")
    steps = [f"{stage}_schedule.steps=2" for stage in ("world_model", "policy")]
    run = train(override("debug", steps), dataset, tmp_path / "run", devices="1", tensorboard=True)
    assert Logger.written["folder"] == tmp_path / "run" / "tensorboard"
    last = (tmp_path / "run/policy/metrics.jsonl").read_text().splitlines()[-1]
    loss = json.loads(last)["loss"]
    assert Logger.written["step 2"]["policy/loss"] == pytest.approx(loss)
    assert run.about["settings"]["policy_schedule"]["steps"] == 2
