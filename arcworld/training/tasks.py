"""The three stages of training as tasks of the loop: what each samples and minimises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arcworld.frames.tokenizer import FrameTokenizer
from arcworld.frames.vqvae import VQVAE, VQVAEConfig
from arcworld.models.policies.policy import MaskedPolicy, PolicyConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.recordings.episode import Episode
from arcworld.recordings.novelty import frame_hashes
from arcworld.tokens.batches import Batch
from arcworld.tokens.windows import WindowSampler
from arcworld.training.feature_cache import FeatureCache
from arcworld.training.loop import Draw
from arcworld.training.prefetch import Prefetcher
from arcworld.training.scheduled_sampling import mix_in_predictions


class TokenizerTask:
    """Trains the VQ-VAE on distinct frames; all games are sampled equally often."""

    name = "tokenizer"

    def __init__(self, config: VQVAEConfig, episodes: Sequence[Episode]) -> None:
        self.config = config
        self.module = VQVAE(config)
        self._frames = distinct_frames(episodes)

    def losses(self, model: Any, draw: Draw) -> dict[str, Tensor]:
        """See `Task.losses`."""
        rng = np.random.default_rng(draw.key)
        pools = list(self._frames.values())
        games = rng.integers(len(pools), size=draw.size)
        frames = [pools[game][rng.integers(len(pools[game]))] for game in games]
        frames_BHW = torch.from_numpy(np.stack(draw.share(frames)))
        return model.loss(frames_BHW.to(self.module.device))


class WorldModelTask:
    """Trains the world model on windows of token sequences."""

    name = "world model"

    def __init__(
        self, config: WorldModelConfig, tokenizer: FrameTokenizer, sampler: WindowSampler
    ) -> None:
        self.config = config
        self.module = WorldModel(config)
        self.module.start_from(tokenizer)
        self._sampler = sampler
        self._batches = Prefetcher(self._batch)

    def losses(self, model: Any, draw: Draw) -> dict[str, Tensor]:
        """See `Task.losses`."""
        batch = self._batches.take(draw).to(self.module.device)
        return model.loss(
            mix_in_predictions(self.module, batch, self._sampler.config.scheduled_sampling)
        )

    def _batch(self, draw: Draw) -> Batch:
        return self._sampler.lay_out(draw.share(self._sampler.draw(draw.size, *draw.key)))


class PolicyTask:
    """Trains the policy on masked windows, through the frozen world model.

    If the `<MASK>` row is not trained, hidden states are cached (`feature_cache`).
    """

    name = "policy"

    def __init__(
        self,
        config: PolicyConfig,
        world_model: WorldModel,
        sampler: WindowSampler,
        *,
        learns_mask: bool = True,
    ) -> None:
        self.config = config
        self.module = MaskedPolicy(config)
        self._world_model = world_model.eval().requires_grad_(False)
        self._sampler = sampler.choosing()
        self._features: FeatureCache | None = None
        if not learns_mask:
            self.module.mask_row.requires_grad_(False)
            self._features = FeatureCache(self._world_model, self.module.mask_row)

    def losses(self, model: Any, draw: Draw) -> dict[str, Tensor]:
        """See `Task.losses`."""
        windows = draw.share(self._sampler.draw(draw.size, *draw.key))
        batch = self._sampler.lay_out(windows).to(self.module.mask_row.device)
        hidden = self._features.hidden(batch.masked_ids_BL) if self._features else None
        return model.loss(self._world_model, batch, hidden)


def distinct_frames(episodes: Sequence[Episode]) -> dict[str, NDArray[np.uint8]]:
    """Return the distinct frames of each game, uint8 [N, 64, 64], by game id."""
    pools: dict[str, list[NDArray[np.uint8]]] = {}
    for episode in episodes:
        pools.setdefault(episode.game_id, []).append(episode.frames_THW)
    return {game: _distinct(np.concatenate(parts)) for game, parts in pools.items()}


def frames_by_recording(episodes: Sequence[Episode]) -> list[NDArray[np.uint8]]:
    """Return the distinct frames of each recording, over all its episodes, uint8 [N, 64, 64]."""
    pools: dict[str, list[NDArray[np.uint8]]] = {}
    for episode in episodes:
        pools.setdefault(episode.guid, []).append(episode.frames_THW)
    return [_distinct(np.concatenate(parts)) for parts in pools.values()]


def _distinct(frames_THW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, first = np.unique(frame_hashes(frames_THW), return_index=True)
    return frames_THW[np.sort(first)]
