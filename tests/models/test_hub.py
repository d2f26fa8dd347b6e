"""The recipe `smollm2-360m`, with a tiny Llama made here in place of the pretrained model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from arcworld.errors import ArcworldError
from arcworld.models.storage.checkpoint import load_model, own_state, save_model
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.base_files import base_digest
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.training.recipes import recipe
from tests.models.tiny_llama import save_tiny_llama


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal language model on disk, as downloaded from the hub."""
    return save_tiny_llama(tmp_path_factory.mktemp("hub") / "tiny-llama")


def config(hub: Path) -> WorldModelConfig:
    full = recipe("smollm2-360m").world_model
    backbone: BackboneConfig = replace(full.backbone, pretrained=str(hub), digest=base_digest(hub))
    return replace(full, backbone=backbone)


def test_only_game_rows_and_lora_are_trained(hub: Path) -> None:
    world = WorldModel(config(hub))
    trained = {name for name, p in world.named_parameters() if p.requires_grad}
    assert {
        "embedding.token_embedding.weight",
        "outcome_head.weight",
        "outcome_head.bias",
    } <= trained
    rest = trained - {
        "embedding.token_embedding.weight",
        "outcome_head.weight",
        "outcome_head.bias",
    }
    assert len(rest) == 2 * 4 * 2 and all("lora_" in name for name in rest)
    assert world.token_embedding.weight.shape == (589, 24)
    assert not any(p.shape[0] == 97 for p in world.parameters())  # no word embeddings are left


def test_adapters_and_rows_save_and_load_alone(hub: Path, tmp_path: Path) -> None:
    world = WorldModel(config(hub)).eval()
    with torch.no_grad():
        for name, p in world.named_parameters():
            if "lora_B" in name:
                p.normal_()
    save_model(tmp_path, world, world.config)
    assert all("lora_" in n or not n.startswith("backbone.") for n in own_state(world))
    again = load_model(tmp_path, WorldModel, allow_base=True)
    ids = torch.from_numpy(np.arange(68)).long()[None]
    assert torch.equal(world.hidden(ids), again.hidden(ids))


def test_the_recipe_is_the_seed_s() -> None:
    seed = recipe("smollm2-360m")
    body = seed.world_model.backbone
    assert body.pretrained == "HuggingFaceTB/SmolLM2-360M"
    assert (body.lora_rank, body.lora_alpha, body.lora_dropout) == (16, 32, 0.05)
    schedule = seed.world_model_schedule
    assert (schedule.learning_rate, schedule.batch_size, schedule.clip) == (2e-4, 16, 1.0)
    assert seed.windows.frames * 68 <= 2048 < (seed.windows.frames + 1) * 68


def test_a_model_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    missing = BackboneConfig(pretrained=str(tmp_path / "nowhere"))
    with pytest.raises(ArcworldError, match="found no model") as error:
        WorldModel(WorldModelConfig(backbone=missing))
    assert "\n" not in str(error.value)
