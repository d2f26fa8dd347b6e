"""The policy's task: every window that it samples has a target."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from arcworld.models.policies.policy import PolicyConfig
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.recordings.episode import RESET
from arcworld.tokens.batches import IGNORE, LossWeights
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.windows import WindowConfig, WindowSampler
from arcworld.training.feature_cache import FeatureCache
from arcworld.training.loop import Draw
from arcworld.training.tasks import PolicyTask


def episode(winning: range, resets: tuple[int, ...] = (), frames: int = 60) -> CodedEpisode:
    rng = np.random.default_rng(0)
    types = rng.integers(1, 5, frames - 1).astype(np.int16)
    types[list(resets)] = RESET
    return CodedEpisode(
        rng.integers(0, 16, (frames, 64)).astype(np.int32),
        types,
        np.full(frames - 1, 64, dtype=np.int16),
        np.zeros(frames - 1, dtype=np.uint8),
        np.isin(np.arange(frames - 1), winning),
        opens=False,
    )


def task(*episodes: CodedEpisode, learns_mask: bool = True) -> PolicyTask:
    torch.manual_seed(0)
    body = BackboneConfig(width=16, layers=1, heads=2, kv_heads=1, mlp=16)
    world = WorldModel(WorldModelConfig("v2", 16, 2, False, backbone=body))
    games = [str(i) for i in range(len(episodes))]
    sampler = WindowSampler(world.vocabulary, episodes, games, WindowConfig(3, 1), LossWeights())
    return PolicyTask(PolicyConfig(16, 16, 8), world, sampler, learns_mask=learns_mask)


def test_every_window_holds_a_target() -> None:
    made = task(episode(range(20, 45)), episode(range(10, 30), resets=(15, 16)), episode(range(0)))
    for step in range(5):
        windows = made._sampler.draw(8, 0, step)
        batch = made._sampler.lay_out(windows)
        assert len(windows) == 8 and bool((batch.types_BL != IGNORE).any(1).all())


def test_where_nothing_is_won_the_loss_is_zero_and_training_goes_on() -> None:
    made = task(episode(range(0)))
    losses = made.losses(made.module, Draw(4, (0, 0)))
    losses["loss"].backward()
    assert float(losses["loss"].detach()) == 0
    assert all(p.grad is not None and not torch.any(p.grad) for p in made.module.parameters())


def test_a_frozen_mask_changes_no_loss_and_gets_no_gradient() -> None:
    won = range(20, 45)
    plain, remembering = (task(episode(won), learns_mask=learns) for learns in (True, False))
    for step in (0, 1, 0):
        found = [one.losses(one.module, Draw(4, (0, step))) for one in (plain, remembering)]
        for name, value in found[0].items():
            torch.testing.assert_close(value, found[1][name])
    found[0]["loss"].backward()
    found[1]["loss"].backward()
    assert plain.module.mask_row.grad is not None and remembering.module.mask_row.grad is None


@pytest.mark.parametrize("most_bytes", [2**20, 0])
def test_the_body_reads_each_window_once_as_long_as_there_is_room(most_bytes: int) -> None:
    made = task(episode(range(20, 45)))
    model, row = made._world_model, made.module.mask_row.detach()
    batch = made._sampler.lay_out(made._sampler.draw(4, 0, 0))
    padding = torch.full((4, 2), model.vocabulary.frame)
    ids = torch.cat([batch.masked_ids_BL, padding], dim=1)
    memory, reads = FeatureCache(model, row, most_bytes), []
    model.hidden = lambda *args, **named: (
        reads.append(1) or WorldModel.hidden(model, *args, **named)
    )
    found = [memory.hidden(ids) for _ in range(3)]
    assert len(reads) == (1 if most_bytes else 3)
    with torch.no_grad():
        expected = WorldModel.hidden(model, batch.masked_ids_BL, mask_row_D=row)
    for hidden in found:
        torch.testing.assert_close(hidden, expected)
