"""Policies: their output does not depend on past actions; what each setting and head does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from arcworld.models.policies.policy import MaskedPolicy, PolicyConfig, change_points, mask_illegal
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.recordings.episode import CLICK, Outcome
from arcworld.tokens.batches import IGNORE, Batch, LossWeights
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.windows import WindowConfig, WindowSampler

CODES, WIDTH = 16, 32
BODY = BackboneConfig(width=WIDTH, layers=2, heads=2, kv_heads=1, mlp=48)
SMALL = PolicyConfig(WIDTH, 16, 8, offset_width=8, blocks=1)


def world(features: bool = True) -> WorldModel:
    torch.manual_seed(0)
    return WorldModel(WorldModelConfig("v2", CODES, 4, features, backbone=BODY)).eval()


def policy(config: PolicyConfig = SMALL) -> MaskedPolicy:
    torch.manual_seed(1)
    return MaskedPolicy(config).eval()


WORLDS = {features: world(features) for features in (True, False)}
SEES, ALONE = policy(), policy(replace(SMALL, single_frame=True))


@st.composite
def episodes(draw: st.DrawFn) -> CodedEpisode:
    """Return a random history that ends in a frame."""
    frames = draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    types = np.array(draw(st.lists(st.integers(0, 7), min_size=frames - 1, max_size=frames - 1)))
    outcomes = rng.choice([Outcome.NOTHING, Outcome.LEVEL_WON], frames - 1)
    return CodedEpisode(
        rng.integers(0, CODES, (frames, 64)).astype(np.int32),
        types.astype(np.int16),
        np.where(types == CLICK, rng.integers(0, 64, frames - 1), 64).astype(np.int16),
        outcomes.astype(np.uint8),
        np.ones(frames - 1, dtype=np.bool_),
        opens=draw(st.booleans()),
    )


def answers(history: CodedEpisode, features: bool, by: MaskedPolicy = SEES) -> list[Tensor]:
    model = WORLDS[features]
    offsets = by.offset_logits(model, [history], [9])
    assert offsets is not None
    output, predicted = by.policy_output(model, history), by.prior_logits(model, [history])
    once = output.types_8[None], output.places_65[None], output.offsets([9])
    assert all(
        b is not None and torch.equal(a, b)
        for a, b in zip([*predicted, offsets], once, strict=True)
    )
    return [*predicted, offsets]


@settings(max_examples=20, deadline=None)
@given(episodes(), st.integers(0, 2**16), st.booleans())
def test_past_actions_change_nothing_to_the_bit(
    history: CodedEpisode, seed: int, features: bool
) -> None:
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 8, len(history.types_A)).astype(np.int16)
    cells = np.where(types == CLICK, rng.integers(0, 64, len(types)), 64).astype(np.int16)
    edited = replace(history, types_A=types, cells_A=cells)
    for before, after in zip(answers(history, features), answers(edited, features), strict=True):
        assert torch.equal(before, after)


@settings(max_examples=20, deadline=None)
@given(episodes(), st.data(), st.booleans())
def test_any_frame_of_the_history_changes_the_logits(
    history: CodedEpisode, data: st.DataObject, features: bool
) -> None:
    indices = history.indices_TC.copy()
    t = data.draw(st.integers(0, len(indices) - 1))
    indices[t] = (indices[t] + data.draw(st.integers(1, CODES - 1))) % CODES
    edited = replace(history, indices_TC=indices)
    assert not torch.equal(answers(history, features)[0], answers(edited, features)[0])


@settings(max_examples=10, deadline=None)
@given(episodes(), st.integers(0, 2**16))
def test_the_single_frame_policy_reads_the_last_frame_alone(
    history: CodedEpisode, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    before, now = history.indices_TC[:-1], history.indices_TC[-1:]
    other = rng.integers(0, CODES, before.shape).astype(np.int32)
    past = replace(history, indices_TC=np.concatenate([other, now]))
    screen = replace(history, indices_TC=np.concatenate([before, (now + 1) % CODES]))
    own = answers(history, True, ALONE)
    assert all(torch.equal(a, b) for a, b in zip(own, answers(past, True, ALONE), strict=True))
    assert not torch.equal(own[0], answers(screen, True, ALONE)[0])


def coded(seed: int = 0, frames: int = 6) -> CodedEpisode:
    rng = np.random.default_rng(seed)
    types = rng.choice([2, 3, CLICK], frames - 1).astype(np.int16)
    return CodedEpisode(
        rng.integers(0, CODES, (frames, 64)).astype(np.int32),
        types,
        np.where(types == CLICK, rng.integers(0, 64, frames - 1), 64).astype(np.int16),
        np.zeros(frames - 1, dtype=np.uint8),
        np.ones(frames - 1, dtype=np.bool_),
        opens=False,
    )


def batch_of(window: CodedEpisode) -> Batch:
    config = WindowConfig(len(window.indices_TC), 1)
    vocabulary = WORLDS[True].vocabulary
    return WindowSampler(vocabulary, [window], ["a"], config, LossWeights()).lay_out([window])


@pytest.mark.parametrize("seed", range(4))
def test_change_points_are_where_the_action_is_not_the_one_before(seed: int) -> None:
    window = coded(seed, 9)
    window.types_A[3:6] = 6
    window.cells_A[3:6] = [5, 5, 7]
    batch = batch_of(window)
    found = change_points(batch.input_ids_BL, batch.types_BL != IGNORE).tolist()
    pairs = list(zip(window.types_A.tolist(), window.cells_A.tolist(), strict=True))
    predicted = [False, *(a != b for a, b in pairwise(pairs))]
    assert found == predicted and found[3:6] == [found[3], False, True]


def test_a_change_point_weighs_more() -> None:
    window = coded(3, 6)
    batch = batch_of(window)
    by = {w: policy(replace(SMALL, change_weight=w)) for w in (1.0, 1e6)}
    losses = {w: float(p.loss(WORLDS[True], batch)["loss"].detach()) for w, p in by.items()}
    at = batch.types_BL != IGNORE
    changes = change_points(batch.input_ids_BL, at)
    assert bool(changes.any()) and not bool(changes.all())
    with torch.no_grad():
        types, places = by[1.0](by[1.0].read(WORLDS[True], batch.masked_ids_BL, at))
    each = torch.nn.functional.cross_entropy(types, batch.types_BL[at], reduction="none")
    each += torch.nn.functional.cross_entropy(places, batch.cells_BL[at], reduction="none")
    assert losses[1.0] == pytest.approx(float(each.mean()), rel=1e-4)
    assert losses[1e6] == pytest.approx(float(each[changes].mean()), rel=1e-4)


def test_history_dropout_reads_some_frames_alone_in_training_only() -> None:
    batch = batch_of(coded(1, 6))
    at = batch.types_BL != IGNORE
    dropped = policy(replace(SMALL, history_dropout=1.0))
    whole, alone, training = (
        p.train(mode).read(WORLDS[True], batch.masked_ids_BL, at)
        for p, mode in ((SEES, False), (ALONE, False), (dropped, True))
    )
    assert torch.equal(training, alone) and not torch.equal(training, whole)
    assert torch.equal(dropped.eval().read(WORLDS[True], batch.masked_ids_BL, at), whole)


def test_only_what_is_legal_can_be_chosen() -> None:
    legal = np.zeros((2, 8), dtype=np.bool_)
    legal[0, [0, 3]] = legal[1, 6] = True
    logits = mask_illegal(torch.randn(2, 8).index_fill(1, torch.tensor([0]), 99.0), legal)
    assert logits.argmax(1).tolist() == [3, 6] and bool((logits.softmax(1)[:, 0] == 0).all())
    with pytest.raises(ValueError, match="needs a legal action"):
        mask_illegal(torch.zeros(1, 8), np.eye(1, 8, dtype=np.bool_))
