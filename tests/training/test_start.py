"""Training that starts from another run's weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from arcworld.errors import ArcworldError
from arcworld.models.run import from_pretrained
from arcworld.models.storage.checkpoint import WEIGHTS, load_tensors
from arcworld.recordings.episode import Episode
from arcworld.training.recipes import Recipe, recipe
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
