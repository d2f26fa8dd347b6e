"""The incremental cache and tree attention give what a full forward pass gives."""

import numpy as np
import pytest
import torch
from transformers import DynamicCache

from arcworld.models.decoding.incremental_cache import IncrementalCache
from arcworld.models.decoding.tree_attention import tree_attention
from arcworld.models.policies.policy import MaskedPolicy, PolicyConfig
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.planning.surprise import cell_surprise
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


@pytest.mark.parametrize("hop", [1, 2, 3])
def test_cached_streams_equal_recomputed_windows_around_the_edge(hop: int) -> None:
    world = world_model()
    policy = MaskedPolicy(PolicyConfig(32, 16, 8, offset_width=8)).eval()
    episode = play(9)
    cached = IncrementalCache(world, episode.window(0, 1), policy.mask_row, hop)
    start = 0
    for end in range(2, 10):
        longer = episode.window(start, end - start)
        nll = cached.append(longer)
        assert np.allclose(nll.numpy(), cell_surprise(world, longer), atol=1e-4)
        start += hop * (end - start > CONTEXT)
        window = episode.window(start, end - start)
        assert np.array_equal(to_token_ids(world.vocabulary, cached.history), cached.ids_L.numpy())
        with torch.no_grad():
            real = world.hidden(
                torch.from_numpy(to_token_ids(world.vocabulary, window)).long()[None]
            )
            predicted = policy(cached.cells_SCD[1:])
        assert torch.allclose(cached.cells_SCD[0], real[0, -64:], atol=1e-5)
        for logits, expected in zip(predicted, policy.prior_logits(world, [window]), strict=True):
            assert torch.allclose(logits, expected, atol=1e-5)


def test_a_step_reads_its_own_positions_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    world, episode = world_model(), play(3)
    cached = IncrementalCache(world, episode.window(0, 1), torch.zeros(32))
    shapes: list[tuple[int, ...]] = []
    plain = world.read

    def noted(vectors: torch.Tensor, *rest: object, **named: object) -> torch.Tensor:
        shapes.append(tuple(vectors.shape))
        return plain(vectors, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(world, "read", noted)
    for frames in (2, 3):
        cached.append(episode.window(0, frames))
    assert shapes == [(2, 68, 32)] * 2


@pytest.mark.parametrize("scheme", ["v1", "v2"])
def test_branches_equal_one_pass_each(scheme: Scheme) -> None:
    world = world_model(scheme)
    vocabulary = world.vocabulary
    cached = IncrementalCache(world, play(2).window(0, 2), torch.zeros(32))
    rows = [[vocabulary.act, vocabulary.action_id(kind)] for kind in (1, 6, 6, 6, 3, 1)]
    if vocabulary.has_locations:
        cells = [64, 0, 17, 63, 64, 64]
        rows = [[*row, vocabulary.location_id(c)] for row, c in zip(rows, cells, strict=True)]
    branches, cache = torch.tensor(rows), cached.real_cache()
    with torch.no_grad():
        predicted = tree_attention(world, cached.ids_L, branches, cache)
        again = tree_attention(world, cached.ids_L, branches, cache)  # the cache is unchanged
        assert torch.equal(predicted, again)
        for row, hidden in zip(branches, predicted, strict=True):
            alone = world.hidden(
                torch.cat([cached.ids_L, row])[None], cache=DynamicCache(), last=None
            )
            assert torch.allclose(alone[0, -1], hidden, atol=1e-5)
    assert cached.real_cache().get_seq_length() == len(cached.ids_L)


def test_another_history_or_hop_is_refused() -> None:
    world, episode = world_model(), play(3)
    with pytest.raises(ValueError, match=r"found hop .*; expected 1 to 3"):
        IncrementalCache(world, episode.window(0, 1), hop=4)
    cached = IncrementalCache(world, episode.window(0, 1))
    with pytest.raises(AssertionError, match="another than before"):
        cached.append(episode.window(1, 2))


def test_a_snapshot_is_restored_with_and_without_steps_since() -> None:
    episode = play(3)
    cached = IncrementalCache(world_model(), episode.window(0, 1))
    before, length = cached.snapshot(), cached.real_cache().get_seq_length()
    for frames in (0, 2):
        if frames:
            cached.append(episode.window(0, frames))
        cached.restore(before)
        assert cached.real_cache().get_seq_length() == length
