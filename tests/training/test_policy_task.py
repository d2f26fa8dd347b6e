"""The policy's task: every window that is trained on holds something to learn."""

from __future__ import annotations

import numpy as np
import torch

from arcworld.models.backbone import BackboneConfig
from arcworld.models.policy import PolicyConfig
from arcworld.models.world_model import WorldModel, WorldModelConfig
from arcworld.recordings.episode import RESET
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.windows import IGNORE, LossWeights, WindowConfig, WindowSampler
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


def task(*episodes: CodedEpisode) -> PolicyTask:
    body = BackboneConfig(width=16, layers=1, heads=2, kv_heads=1, mlp=16)
    world = WorldModel(WorldModelConfig("v2", 16, 2, False, backbone=body))
    games = [str(i) for i in range(len(episodes))]
    sampler = WindowSampler(world.vocabulary, episodes, games, WindowConfig(3, 1), LossWeights())
    return PolicyTask(PolicyConfig(16, 16, 8), world, sampler)


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
