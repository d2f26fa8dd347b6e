"""Training that starts from another run's weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from arcworld.errors import ArcworldError
from arcworld.models.run import from_pretrained
from arcworld.models.storage.checkpoint import WEIGHTS, load_tensors
from arcworld.recordings.episode import Episode
from arcworld.training.recipes import Recipe, recipe
from arcworld.training.start import weights_digest
from arcworld.training.train import train
from tests.training.test_refused import plain, recorded


def brief() -> Recipe:
    """Return the recipe `debug` with two steps per stage."""
    made = recipe("debug")
    schedules = {
        name: replace(getattr(made, name), steps=2)
        for name in ("world_model_schedule", "policy_schedule")
    }
    return replace(made, **schedules)


def test_the_policy_alone_is_trained_on_the_world_model_of_another_run(
    make_episode: Callable[..., Episode], tmp_path: Path
) -> None:
    data = recorded(plain(make_episode, 1, True), tmp_path)
    first = train(brief(), data, tmp_path / "first", devices="1")
    start = from_pretrained(tmp_path / "first")
    train(brief(), data, tmp_path / "second", devices="1", start=start, only_policy=True)
    second = from_pretrained(tmp_path / "second")

    def equal(part: str) -> bool:
        one, other = (load_tensors(tmp_path / run / part / WEIGHTS) for run in ("first", "second"))
        return all(bool((one[name] == other[name]).all()) for name in one)

    assert equal("tokenizer") and equal("world_model") and not equal("policy")
    assert second.about["start"]["only_policy"] is True
    assert "only_policy" not in (first.about["start"] or {})


def test_nothing_to_keep_and_no_policy_to_train_are_one_line(
    make_episode: Callable[..., Episode], tmp_path: Path
) -> None:
    data = recorded(plain(make_episode, 1, True), tmp_path)
    for scheme, found in (("v2", "name it with --start"), ("v1", "expected v2")):
        start = None if scheme == "v2" else train(brief(), data, tmp_path / "first", devices="1")
        made = recipe("debug", scheme)  # type: ignore[arg-type]
        with pytest.raises(ArcworldError, match=found):
            train(made, data, tmp_path / "run", start=start, only_policy=True)
        assert not (tmp_path / "run").exists()


def test_a_resume_refuses_other_weights_to_start_from_and_says_what_it_cannot_compare(
    make_episode: Callable[..., Episode], tmp_path: Path
) -> None:
    """A run that was trained again in place has the same name, recipe and seed."""
    data, out = recorded(plain(make_episode, 1, True), tmp_path), tmp_path / "second"
    start = train(brief(), data, tmp_path / "first", devices="1")
    train(brief(), data, out, devices="1", start=start)
    other = from_pretrained(tmp_path / "first")
    with torch.no_grad():
        next(other.world_model.parameters()).add_(1)
    with pytest.raises(ArcworldError, match="found a run with another start"):
        train(brief(), data, out, devices="1", start=other, resume=True)
    train(brief(), data, out, devices="1", start=start, resume=True)
    about = json.loads((out / "run.json").read_text())
    del about["data_digest"], about["start"]["digest"]
    (out / "run.json").write_text(json.dumps(about))
    with pytest.warns(UserWarning) as warned:
        train(brief(), data, out, devices="1", start=start, resume=True)
    said = " ".join(str(warning.message) for warning in warned)
    assert "only their ids are compared" in said and "so they are not compared" in said


def test_a_run_of_v1_starts_from_another(
    make_episode: Callable[..., Episode], tmp_path: Path
) -> None:
    data, made = recorded(plain(make_episode, 1, True), tmp_path), recipe("debug", "v1")
    made = replace(made, world_model_schedule=brief().world_model_schedule)
    start = train(made, data, tmp_path / "first", devices="1")
    second = train(made, data, tmp_path / "second", devices="1", start=start)
    assert second.about["start"]["digest"] == weights_digest(start)
