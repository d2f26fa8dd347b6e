"""The split that a run was trained with, which every command with the run uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arcworld.games.demos import make_demos
from arcworld.models.run import Run, from_pretrained
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.joined import load_dataset
from arcworld.recordings.split import Split


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("split")
    make_demos(folder / "demos", ["keys"], demos_per_game=3)
    return load_dataset(folder / "demos", cache=folder / "cache")


def run_of(about: Mapping[str, Any]) -> Run:
    return replace(from_pretrained("small"), about=about)


def with_parts(dataset: Dataset, train: list[str], validation: list[str]) -> Dataset:
    return replace(dataset, split=Split(frozenset(train), frozenset(validation)))


def test_the_run_s_own_split_is_used_whatever_the_data_say(dataset: Dataset) -> None:
    one, two, three = dataset.guids
    run = run_of({"trained_on": {"keys": [one, two]}, "validated_on": {"keys": [three]}})
    other = run.with_split(with_parts(dataset, [three, two], [one]))
    assert set(other["train"].guids) == {one, two}
    assert other["validation"].guids == (three,)


def test_recordings_that_the_run_does_not_know_keep_their_part(dataset: Dataset) -> None:
    one, two, three = dataset.guids
    run = run_of({"trained_on": {"keys": [one]}, "validated_on": {"keys": []}})
    found = run.with_split(with_parts(dataset, [two], [three, one]))
    assert set(found["train"].guids) == {one, two} and found["validation"].guids == (three,)
    assert run.with_split(with_parts(dataset, [one], [])).part("held_out").guids == (two, three)


def test_a_run_with_the_fault_split_stays_leaked(dataset: Dataset) -> None:
    one, two, three = dataset.guids
    both = {"trained_on": {"keys": [one, two, three]}, "validated_on": {"keys": [three]}}
    assert run_of(both).with_split(dataset)["validation"].guids == (three,)
    older = {"trained_on": {"keys": [one, two, three]}, "settings": {"faults": ["split"]}}
    given = with_parts(dataset, [one, two], [three])
    assert run_of(older).with_split(given)["validation"].guids == (three,)


def test_training_stores_the_split(dataset: Dataset, tmp_path: Path) -> None:
    from arcworld.training.recipes import recipe
    from arcworld.training.train import _about

    about = _about(recipe("debug"), dataset, 0)
    assert about["validated_on"] == {"keys-3d1f7a92": sorted(dataset["validation"].guids)}
    assert about["trained_on"] == {"keys-3d1f7a92": sorted(dataset["train"].guids)}
