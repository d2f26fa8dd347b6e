from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers import DynamicCache

from arcworld.models.decoding.decode import predict_next
from arcworld.models.policies.policy import MaskedPolicy, PolicyConfig
from arcworld.models.policies.shared_head import SharedHeadPolicy
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.position_context import NO_ACTION, OFFSETS, read_context
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.recordings.episode import Outcome
from arcworld.tokens.batches import LossWeights
from arcworld.tokens.sequence import CodedEpisode, to_token_ids
from arcworld.tokens.vocabulary import Scheme, Vocabulary
from arcworld.tokens.windows import WindowConfig, WindowSampler

BODY = BackboneConfig(width=32, layers=2, heads=2, kv_heads=1, mlp=48)
CODES = 16
type MakeModel = Callable[..., WorldModel]


def coded(seed: int = 0, frames: int = 3, pending: bool = False, actions: int = 8) -> CodedEpisode:
    rng = np.random.default_rng(seed)
    count = frames if pending else frames - 1
    types = rng.integers(1, actions, count).astype(np.int16)
    return CodedEpisode(
        rng.integers(0, CODES, (frames, 64)).astype(np.int32),
        types,
        np.where(types == 6, rng.integers(0, 64, count), 64).astype(np.int16),
        np.zeros(count, dtype=np.uint8),
        np.ones(count, dtype=np.bool_),
        opens=False,
    )


def model(scheme: Scheme = "v2", features: bool = True) -> WorldModel:
    torch.manual_seed(0)
    config = WorldModelConfig(scheme, CODES, 3, features, BODY, frame_conv=2 * features)
    return WorldModel(config).eval()


def tensor(ids: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(ids)).long()[None]


@pytest.mark.parametrize("scheme", ["v1", "v2"])
@pytest.mark.parametrize("features", [True, False])
def test_nothing_of_the_future_is_seen(scheme: Scheme, features: bool) -> None:
    world = model(scheme, features)
    ids = to_token_ids(world.vocabulary, coded(actions=7))
    whole = world.hidden(tensor(ids))
    for end in (1, 64, 66, 68, 90, 140):
        part = world.hidden(tensor(ids[:end]))
        assert torch.allclose(part, whole[:, :end], atol=1e-5)


@pytest.mark.parametrize("scheme", ["v1", "v2"])
def test_the_cache_changes_nothing(scheme: Scheme) -> None:
    world = model(scheme)
    ids = tensor(to_token_ids(world.vocabulary, coded(actions=7)))
    cache = DynamicCache()
    first = world.hidden(ids[:, :100], cache=cache, last=100)
    second = world.hidden(ids, cache=cache, last=ids.shape[1] - 100)
    assert torch.allclose(torch.cat([first, second], 1), world.hidden(ids), atol=1e-5)


def test_greedy_decoding_is_the_argmax_of_full_passes() -> None:
    world = model()
    history = coded(frames=2, pending=True)
    predicted = predict_next(world, [history]).indices_BC[0]
    ids = np.append(to_token_ids(world.vocabulary, history), world.vocabulary.frame)
    for code in predicted:
        hidden = world.hidden(tensor(ids))
        cell_context = world.cell_context(tensor(ids), (slice(None), slice(-1, None)))
        assert int(world.logits(hidden[:, -1], cell_context)[0, :CODES].argmax()) == code
        ids = np.append(ids, code)


def test_a_fresh_model_with_context_copies_and_the_gate_can_be_shut() -> None:
    world = model()
    history = coded(frames=2, pending=True)
    assert np.array_equal(predict_next(world, [history]).indices_BC[0], history.indices_TC[-1])
    with torch.no_grad():
        world.copy_gate.bias.fill_(-50.0)
    predicted = predict_next(world, [history]).indices_BC[0]
    assert not (predicted == history.indices_TC[-1]).any()


def test_histories_decode_alike_alone_and_together() -> None:
    world = model()
    histories = [coded(seed, frames, pending=True) for seed, frames in ((1, 1), (2, 3), (3, 2))]
    together = predict_next(world, histories)
    for i, history in enumerate(histories):
        alone = predict_next(world, [history])
        assert np.array_equal(alone.indices_BC[0], together.indices_BC[i])
        assert np.allclose(alone.outcomes_BO[0], together.outcomes_BO[i], atol=1e-5)
    assert np.allclose(together.outcomes_BO.sum(1), 1, atol=1e-5)


def test_a_history_longer_than_the_context_is_cut_to_it() -> None:
    world = model()
    long = coded(5, frames=6, pending=True)
    short = long.window(3, 3, pending=True)
    assert np.array_equal(
        predict_next(world, [long]).indices_BC, predict_next(world, [short]).indices_BC
    )


def test_context_tells_the_last_code_the_action_and_the_click() -> None:
    vocabulary = Vocabulary("v2", CODES)
    episode = coded(frames=3)
    episode.types_A[:] = [6, 2]
    episode.cells_A[:] = [9, 64]
    ids = to_token_ids(vocabulary, episode)
    context = read_context(vocabulary, tensor(ids))
    starts = np.flatnonzero(ids == vocabulary.frame)
    for t, start in enumerate(starts):
        for cell in (0, 9, 63):
            at = start + cell  # the position that predicts this cell
            assert int(context.slots_BL[0, at]) == cell
            before = int(context.previous_BL[0, at])
            assert before == (-1 if t == 0 else episode.indices_TC[t - 1, cell])
        at = start + 9
        assert int(context.types_BL[0, at]) == (NO_ACTION, 6, 2)[t]
        assert int(context.offsets_BL[0, at]) == (OFFSETS - 1, 112, OFFSETS - 1)[t]


def test_in_v1_a_click_s_place_changes_nothing_and_in_v2_it_does() -> None:
    for scheme, equal in (("v1", True), ("v2", False)):
        world = model(scheme)  # type: ignore[arg-type]
        a, b = coded(7, 2, pending=True), coded(7, 2, pending=True)
        for episode, cell in ((a, 3), (b, 60)):
            episode.types_A[:] = 6
            episode.cells_A[:] = cell
        one, other = (predict_next(world, [episode]).outcomes_BO for episode in (a, b))
        assert np.array_equal(one, other) == equal


def test_loss_falls_on_one_batch() -> None:
    world = model().train()
    sampler = WindowSampler(
        world.vocabulary, [coded(frames=8)], ["a"], WindowConfig(3, 1), LossWeights()
    )
    batch = sampler.batch(4, 0)
    optimiser = torch.optim.AdamW(world.parameters(), lr=1e-2)
    losses: list[float] = []
    for _ in range(50):
        loss = world.loss(batch)["loss"]
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_masked_policy_cannot_see_past_actions_and_sees_frames() -> None:
    world = model()
    torch.manual_seed(1)
    policy = MaskedPolicy(PolicyConfig(32, 16, 8)).eval()
    for seed in range(5):
        one, other, moved = coded(seed), coded(seed), coded(seed)
        other.types_A[:] = np.roll(one.types_A, 1)
        other.types_A[0] = 6
        other.cells_A[:] = [seed, 64]
        moved.indices_TC[0, 5] = (moved.indices_TC[0, 5] + 1) % CODES
        seen = policy.prior_logits(world, [one])
        for a, b in zip(seen, policy.prior_logits(world, [other]), strict=True):
            assert torch.equal(a, b)  # to the bit
        assert not torch.equal(seen[0], policy.prior_logits(world, [moved])[0])


def test_the_shared_head_of_v1_sees_past_actions() -> None:
    world = model("v1")
    one, other = coded(actions=7), coded(actions=7)
    other.types_A[:] = (one.types_A % 6) + 1
    policy = SharedHeadPolicy()
    types, cells = policy.prior_logits(world, [one])
    assert not torch.equal(types, policy.prior_logits(world, [other])[0])
    assert types[0, 7] == -torch.inf and len(set(cells[0].tolist())) == 1


def test_policy_gradients_reach_the_mask_and_not_the_body() -> None:
    world = model().requires_grad_(False)
    policy = MaskedPolicy(PolicyConfig(32, 16, 8))
    sampler = WindowSampler(
        world.vocabulary, [coded(frames=5)], ["a"], WindowConfig(3, 1), LossWeights()
    )
    policy.loss(world, sampler.batch(2, 0))["loss"].backward()
    assert policy.mask_row.grad is not None and bool(policy.mask_row.grad.abs().sum() > 0)
    assert all(p.grad is None for p in world.parameters())


def test_outcome_is_read_at_the_action_s_last_token() -> None:
    world = model()
    sampler = WindowSampler(
        world.vocabulary, [coded(frames=4)], ["a"], WindowConfig(4, 1), LossWeights()
    )
    batch = sampler.batch(1, 0)
    ids = batch.input_ids_BL[0]
    ends = (batch.outcomes_BL[0] >= 0).nonzero()[:, 0]
    names = [world.vocabulary.token(int(ids[i])) for i in ends]
    assert len(names) == 3 and all(name.startswith("<ACT_LOC") for name in names)
    assert world.outcome_logits(world.hidden(ids[None])[0, ends]).shape == (3, len(Outcome))
