"""Settings of a `config.json` from elsewhere are checked before a model is built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from arcworld.errors import ArcworldError
from arcworld.models.run import SHIPPED
from arcworld.models.storage.build import config_from_dict
from arcworld.models.storage.checkpoint import load_model
from arcworld.models.transformer.world_model import WorldModel

HOSTILE: dict[str, Any] = {
    "layers": 1_000_000,
    "width": -8,
    "heads": "four",
    "mlp": 1.5,
    "kv_heads": True,
    "positions": None,
    "lora_dropout": float("nan"),
    "pretrained": 3,
}


@pytest.mark.parametrize("setting", HOSTILE)
def test_a_setting_out_of_range_is_one_line(setting: str) -> None:
    described = {"class": "WorldModel", "backbone": {setting: HOSTILE[setting]}}
    with pytest.raises(ArcworldError, match=f"setting {setting} is ") as error:
        config_from_dict(described, Path("config.json"))
    assert "\n" not in str(error.value)


def test_a_part_that_is_no_object_is_one_line() -> None:
    with pytest.raises(ArcworldError, match="setting backbone is 'big'; expected a JSON object"):
        config_from_dict({"class": "WorldModel", "backbone": "big"}, Path("config.json"))


@pytest.mark.parametrize("part", ["tokenizer", "world_model", "policy"])
def test_shipped_settings_are_in_range(part: str) -> None:
    path = SHIPPED / "small" / part / "config.json"
    assert config_from_dict(json.loads(path.read_text()), path)


def test_settings_that_do_not_fit_each_other_are_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "world_model"
    shutil.copytree(SHIPPED / "small" / "world_model", folder)
    described = json.loads((folder / "config.json").read_text())
    described["backbone"]["width"] = 256  # no multiple of its 3 heads
    (folder / "config.json").write_text(json.dumps(described))
    with pytest.raises(ArcworldError, match=r"no model can be built from it \(The hidden size"):
        load_model(folder, WorldModel)
