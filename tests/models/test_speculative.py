"""Speculative decoding gives the result of one forward pass per code, for any draft."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.models.decoding.decode import predict_next, predict_sequentially
from arcworld.models.decoding.drafts import Draft, TransitionMemory, last_frame
from arcworld.models.decoding.sampling import SamplerNoise, sample_columns
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.vocabulary import Scheme

CODES = 16
BODY = BackboneConfig(width=32, layers=2, heads=2, kv_heads=1, mlp=48)


def world_model(
    scheme: Scheme = "v2", features: bool = True, reads_cells: bool = False, gate: float = 1.0
) -> WorldModel:
    """Return a random model with low confidence, so that drafts are wrong in many places."""
    torch.manual_seed(0)
    config = WorldModelConfig(
        scheme, CODES, 3, features, BODY, reads_cells=reads_cells, frame_conv=int(features)
    )
    world = WorldModel(config).eval()
    with torch.no_grad():
        world.token_embedding.weight.mul_(20.0)
        if features:
            world.copy_gate.bias.fill_(gate)
            world.copy_gate.weight.normal_(std=0.5)
        if reads_cells:
            world.escape.weight.normal_(std=3.0)
    return world


def history(seed: int, frames: int, most: int = CODES) -> CodedEpisode:
    rng = np.random.default_rng(seed)
    types = rng.integers(1, 7, frames).astype(np.int16)
    return CodedEpisode(
        rng.integers(0, most, (frames, 64)).astype(np.int32),
        types,
        np.where(types == 6, rng.integers(0, 64, frames), 64).astype(np.int16),
        rng.integers(0, 2, frames).astype(np.uint8) * np.arange(frames, 0, -1).clip(max=1),
        np.zeros(frames, np.bool_),
        opens=bool(seed % 2),
    )


def pending(seed: int, frames: int, most: int = CODES) -> CodedEpisode:
    """Return a history whose last action is pending."""
    episode = history(seed, frames, most)
    episode.outcomes_A[-1] = 0
    return episode


def equal(
    world: WorldModel,
    histories: Sequence[CodedEpisode],
    draft: Draft,
    noise: SamplerNoise | None = None,
) -> None:
    predicted = predict_next(world, histories, draft=draft, noise=noise)
    plain = predict_sequentially(world, histories, noise=noise)
    assert np.array_equal(predicted.indices_BC, plain.indices_BC)
    assert np.array_equal(predicted.level_token_B, plain.level_token_B)
    assert np.allclose(predicted.outcomes_BO, plain.outcomes_BO, atol=1e-5)


def test_what_came_of_the_pending_action_is_not_read() -> None:
    world, one = world_model(), pending(0, 2)
    other = replace(one, outcomes_A=np.array([*one.outcomes_A[:-1], 1], np.uint8))
    predicted, leaked = predict_next(world, [one]), predict_next(world, [other])
    assert np.array_equal(predicted.indices_BC, leaked.indices_BC)
    assert np.array_equal(predicted.outcomes_BO, leaked.outcomes_BO)


@pytest.mark.parametrize("scheme", ["v1", "v2"])
@pytest.mark.parametrize("features", [True, False])
@pytest.mark.parametrize("seed", [None, 3])
def test_drafted_is_plain(scheme: Scheme, features: bool, seed: int | None) -> None:
    world = world_model(scheme, features)
    histories = [pending(i, 1 + i % 3) for i in range(6)]
    noise = None if seed is None else SamplerNoise.draw(len(histories), seed)
    predicted = predict_next(world, histories, noise=noise)
    same = (predicted.indices_BC == last_frame(histories)).sum(1)
    assert (
        len(set(same.tolist())) > 2
    )  # drafts are wrong often, and at different places in each row
    equal(world, histories, last_frame, noise)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**20), rows=st.integers(1, 5), wrong=st.sampled_from([0.0, 0.1, 1.0]))
def test_no_draft_changes_an_answer(seed: int, rows: int, wrong: float) -> None:
    world = world_model()
    histories = [pending(seed + i, 1 + (seed + i) % 2) for i in range(rows)]
    rng = np.random.default_rng(seed)
    right = predict_sequentially(world, histories).indices_BC
    noise = rng.integers(0, CODES, right.shape).astype(np.int32)
    draft = np.where(rng.random(right.shape) < wrong, noise, right)
    equal(world, histories, lambda _: draft)


@pytest.mark.parametrize("seed", [None, 5])
def test_spelled_cells_are_decoded_as_plainly(seed: int | None) -> None:
    """The same with new cells: the model points at some and spells others."""
    rng = np.random.default_rng(1)
    codebook = PatchCodebook(PatchCodebookConfig(CODES, shown_by=1)).eval()
    codebook.fit([rng.integers(0, 4, (1, 64, 64), dtype=np.uint8)])
    world = world_model(reads_cells=True, gate=6.0)
    world.start_from(codebook)
    with torch.no_grad():
        world.token_embedding.weight.normal_(std=0.3)
    strange = codebook.encode_frames(rng.integers(0, 4, (4, 64, 64), dtype=np.uint8))
    histories = [pending(i, 1) for i in range(5)]
    for at, codes in enumerate(strange):
        histories[at].indices_TC[-1, ::2] = codes[::2]
    noise = None if seed is None else SamplerNoise.draw(len(histories), seed)
    predicted = predict_next(world, histories, noise=noise).indices_BC
    last = last_frame(histories)
    assert ((predicted >= CODES) & (predicted == last)).any()  # pointed at, or unchanged
    assert (
        (predicted >= CODES) & ~(predicted[:, :, None] == last[:, None, :]).any(2)
    ).any()  # spelled
    equal(world, histories, last_frame, noise)
    met = len(codebook.lexicon)
    predict_next(world, histories, noise=noise)
    assert len(codebook.lexicon) == met


def test_a_won_level_is_decoded_behind_its_token() -> None:
    world = world_model()
    histories = [pending(i, 2) for i in range(12)]
    with torch.no_grad():
        world.token_embedding.weight[world.vocabulary.level_complete].mul_(2.0)
    predicted = predict_next(world, histories)
    assert 0 < predicted.level_token_B.sum() < len(histories)
    equal(world, histories, last_frame)


def test_the_right_draft_takes_one_pass_and_any_at_most_one_a_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = world_model()
    histories = [pending(2 * i, 1) for i in range(3)]
    right = predict_sequentially(world, histories)
    calls: list[int] = []
    plain = world.hidden

    def counted(*args: object, **kwargs: object) -> torch.Tensor:
        calls.append(1)
        return plain(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(world, "hidden", counted)
    branches = 1 + int(right.level_token_B.any())
    predict_next(world, histories, draft=lambda _: right.indices_BC)
    assert len(calls) == branches
    calls.clear()
    wrong = (right.indices_BC + 1) % CODES
    predict_next(world, histories, draft=lambda _: wrong)
    assert branches < len(calls) <= 64 * branches


@pytest.mark.parametrize("draft", [np.zeros((1, 63)), np.full((1, 64), -1), np.zeros((2, 64))])
def test_what_is_no_draft_is_refused(draft: np.ndarray) -> None:
    with pytest.raises(ValueError, match="64 codes for each of 1"):
        predict_next(world_model(), [pending(0, 1)], draft=lambda _: draft)


def test_nothing_is_asked_of_no_histories() -> None:
    assert predict_next(world_model(), []).indices_BC.shape == (0, 64)


def test_dice_draw_from_the_model_s_distribution() -> None:
    """Samples of the first cell, with a draft that is often wrong, follow its softmax."""
    world, asked = world_model(), pending(4, 1)
    count = 1000
    drawn_N = predict_next(
        world, [asked] * count, noise=SamplerNoise.draw(count, 0, 2.0)
    ).indices_BC[:, 0]
    ids = torch.from_numpy(np.append(_prompt(world, asked), world.vocabulary.frame)).long()[None]
    with torch.no_grad():
        cell_context = world.cell_context(ids, (slice(None), slice(-1, None)))
        logits = world.cell_logits(world.hidden(ids)[:, -1], cell_context)
    expected = (logits / 2.0).softmax(1)[0, :CODES].numpy()
    found = np.bincount(drawn_N, minlength=CODES) / count
    assert expected.max() < 0.9
    assert np.abs(found - expected).max() < 5 * np.sqrt(0.25 / count)


def _prompt(world: WorldModel, asked: CodedEpisode) -> np.ndarray:
    from arcworld.tokens.sequence import to_token_ids

    return to_token_ids(world.vocabulary, asked)


def test_a_throw_never_falls_on_what_cannot_be() -> None:
    logits = torch.tensor([[-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf]]).expand(3, -1)
    uniforms = torch.tensor([0.0, 0.5, 1 - 1e-16], dtype=torch.float64)
    assert sample_columns(logits, uniforms).tolist() == [1, 3, 3]
    with pytest.raises(ValueError, match="above 0"):
        SamplerNoise.draw(1, 0, temperature=0.0)


def test_a_memory_drafts_what_it_saw_and_what_changed_alike() -> None:
    memory = TransitionMemory()
    asked = [pending(i, 1) for i in range(3)]
    assert np.array_equal(memory(asked), last_frame(asked))
    after = (last_frame(asked) + 1) % CODES
    memory.learn(asked, after)
    assert np.array_equal(memory(asked), after)
    elsewhere = pending(0, 1)
    elsewhere.indices_TC[-1, 63] = (elsewhere.indices_TC[-1, 63] + 1) % CODES
    predicted = memory([elsewhere])
    assert np.array_equal(predicted[0, :54], after[0, :54])  # the same neighbouring cells
    world = world_model()
    equal(world, asked, memory)
