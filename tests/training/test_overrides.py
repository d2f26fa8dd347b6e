"""Single settings of a recipe, changed from the command line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from arcworld.errors import ArcworldError
from arcworld.training.overrides import override, recipe_of
from arcworld.training.recipes import RECIPES, recipe


def test_settings_at_any_depth_are_changed() -> None:
    found = override(
        "small",
        [
            "windows.stride=2",
            "world_model_schedule.muon=no",
            "world_model.backbone.layers = 2",
            "policy_schedule.learning_rate=1e-4",
        ],
    )
    assert found.windows.stride == 2 and found.world_model_schedule.muon is False
    assert found.world_model.backbone.layers == 2
    assert found.policy_schedule.learning_rate == 1e-4
    assert found.vqvae == recipe("small").vqvae


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("windows.strid=2", "windows has no setting 'strid'; did you mean 'stride'?"),
        ("window.stride=2", "the recipe has no setting 'window'; did you mean 'windows'?"),
        ("windows.stride", "expected key=value"),
        ("windows.stride=x", "windows.stride: found 'x'; expected a value of type int"),
        ("policy_schedule.steps=0", "expected 1 or more"),
        ("policy_schedule.learning_rate=nan", "expected 0 or more"),
        ("windows=3", "windows has several settings; expected one of them: frames"),
        ("windows.stride.more=3", "stride is 1 and has no settings"),
        ("world_model.scheme=v1", "use --scheme"),
        ("world_model.backbone.width=96", "policy.width is 192"),
        ("codebook.codebook_size=9", "world_model.codebook_size is 4096"),
        ("world_model.backbone.heads=5", "no model can be built from these settings"),
    ],
)
def test_other_settings_are_refused_in_one_line(setting: str, reason: str) -> None:
    with pytest.raises(ArcworldError) as told:
        override("small", [setting])
    assert reason in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_tells_its_recipe(name: str) -> None:
    about = {"settings": json.loads(json.dumps(asdict(recipe(name))))}
    assert recipe_of(about, Path("run.json")) == recipe(name)
    with pytest.raises(ArcworldError, match="found no settings"):
        recipe_of({}, Path("run.json"))
