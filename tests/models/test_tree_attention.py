"""Tree attention gives what a full forward pass gives."""

import numpy as np
import pytest
import torch
from transformers import DynamicCache

from arcworld.models.decoding.tree_attention import tree_attention
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.tokens.sequence import CodedEpisode, to_token_ids
from arcworld.tokens.vocabulary import Scheme

CODES, CONTEXT = 16, 3


def world_model(scheme: Scheme = "v2") -> WorldModel:
    torch.manual_seed(0)
    body = BackboneConfig(width=32, layers=2, heads=2, kv_heads=1, mlp=48)
    config = WorldModelConfig(scheme, CODES, CONTEXT, True, body, frame_conv=1)
    return WorldModel(config).eval()


def play(frames: int) -> CodedEpisode:
    rng = np.random.default_rng(0)
    types = rng.integers(1, 7, frames - 1).astype(np.int16)
    outcomes = (np.arange(frames - 1) == 2).astype(np.uint8)  # the outcome of one action: LEVEL_WON
    return CodedEpisode(
        rng.integers(0, CODES, (frames, 64)).astype(np.int32),
        types,
        np.where(types == 6, rng.integers(0, 64, frames - 1), 64).astype(np.int16),
        outcomes,
        np.zeros(frames - 1, np.bool_),
    )


@pytest.mark.parametrize("scheme", ["v1", "v2"])
def test_branches_equal_one_pass_each(scheme: Scheme) -> None:
    world = world_model(scheme)
    vocabulary = world.vocabulary
    ids_L = torch.from_numpy(to_token_ids(vocabulary, play(2))).long()
    rows = [[vocabulary.act, vocabulary.action_id(kind)] for kind in (1, 6, 6, 6, 3, 1)]
    if vocabulary.has_locations:
        cells = [64, 0, 17, 63, 64, 64]
        rows = [[*row, vocabulary.location_id(c)] for row, c in zip(rows, cells, strict=True)]
    branches, cache = torch.tensor(rows), DynamicCache()
    with torch.no_grad():
        world.hidden(ids_L[None], cache=cache, last=len(ids_L))
        predicted = tree_attention(world, ids_L, branches, cache)
        again = tree_attention(world, ids_L, branches, cache)  # the cache is unchanged
        assert torch.equal(predicted, again)
        for row, hidden in zip(branches, predicted, strict=True):
            alone = world.hidden(torch.cat([ids_L, row])[None], cache=DynamicCache(), last=None)
            assert torch.allclose(alone[0, -1], hidden, atol=1e-5)
    assert cache.get_seq_length() == len(ids_L)
