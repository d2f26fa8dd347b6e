"""Cells that are not codes: encoded by their pixels, pointed at, or spelled."""

from pathlib import Path

import numpy as np
import pytest
import torch

from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.models.decoding.decode import predict_next
from arcworld.models.storage.checkpoint import load_model, save_model
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.planning.surprise import cell_surprise
from arcworld.tokens.batches import LossWeights
from arcworld.tokens.sequence import CodedEpisode, to_token_ids
from arcworld.tokens.windows import WindowConfig, WindowSampler
from tests.tokens.token_ids import from_token_ids

CODES = 40
BODY = BackboneConfig(width=32, layers=2, heads=2, kv_heads=1, mlp=48)


def frames(seed: int, count: int) -> np.ndarray:
    """Random frames, all of whose cells differ."""
    return np.random.default_rng(seed).integers(0, 4, (count, 64, 64), dtype=np.uint8)


def parts(seed: int = 0) -> tuple[PatchCodebook, WorldModel]:
    codebook = PatchCodebook(PatchCodebookConfig(CODES, shown_by=1)).eval()
    codebook.fit([frames(seed, 1)])
    torch.manual_seed(seed)
    world = WorldModel(
        WorldModelConfig("v2", CODES, 2, True, BODY, reads_cells=True, frame_conv=1)
    ).eval()
    world.start_from(codebook)
    return codebook, world


def episode(indices_TC: np.ndarray, pending: bool = False) -> CodedEpisode:
    count = len(indices_TC) - (0 if pending else 1)
    return CodedEpisode(
        indices_TC.astype(np.int32),
        np.ones(count, np.int16),
        np.full(count, 64, np.int16),
        np.zeros(count, np.uint8),
        np.zeros(count, np.bool_),
        opens=False,
    )


def test_spelled_cells_survive_a_sequence() -> None:
    codebook, world = parts()
    coded = episode(codebook.encode_frames(frames(1, 2)))
    ids = to_token_ids(world.vocabulary, coded)
    assert (ids > world.vocabulary.mask).sum() == 128
    assert np.array_equal(from_token_ids(world.vocabulary, ids).indices_TC, coded.indices_TC)
    assert world.vocabulary.token(int(ids.max())).startswith("<SPELLED_")


def test_a_fresh_model_copies_cells_it_never_saw() -> None:
    codebook, world = parts()
    strange = frames(2, 1)
    strange[0, :, 32:] = strange[0, :, :32]  # each cell occurs twice
    predicted = predict_next(world, [episode(codebook.encode_frames(strange), pending=True)])
    assert np.array_equal(codebook.decode_frames(predicted.indices_BC), strange)


def test_vectors_are_the_same_with_and_without_gradients() -> None:
    codebook, world = parts()
    ids = torch.from_numpy(
        to_token_ids(world.vocabulary, episode(codebook.encode_frames(frames(3, 2))))
    )
    with_grad = world.token_embedding(ids.long())
    with torch.no_grad():
        assert torch.allclose(world.token_embedding(ids.long()), with_grad, atol=1e-6)
        assert torch.allclose(world.token_embedding.rows(), world.token_embedding.rows(), atol=0)
        world.token_embedding.weight += 1.0
        moved = world.token_embedding(ids.long()[:1])
    assert torch.allclose(moved, with_grad[:1] + 1.0, atol=1e-5)


def test_the_columns_of_a_cell_are_a_distribution() -> None:
    codebook, world = parts()
    coded = episode(codebook.encode_frames(np.concatenate([frames(4, 1), frames(5, 1)])))
    ids = torch.from_numpy(to_token_ids(world.vocabulary, coded)).long()[None]
    at = (slice(None), slice(-65, -1))
    hidden, cell_context = world.hidden(ids)[at][0], world.cell_context(ids, at)
    assert cell_context is not None
    shares = world.logits(hidden, cell_context).softmax(1)
    assert torch.allclose(shares.sum(1), torch.ones(64), atol=1e-5)
    seen = cell_context.previous_frame_NC[0]  # a pointer at each cell of the previous frame
    for cell in (0, 17):
        pointed = world.cell_nll(hidden, cell_context, seen[cell].expand(64))
        column = len(world.vocabulary) + 1 + cell
        assert torch.allclose(pointed, -shares[:, column].log(), atol=1e-4)
    new = world.cell_nll(hidden, cell_context, ids[0, -64:])
    escape = -shares[:, len(world.vocabulary)].log()
    assert bool((new > escape).all())  # the escape, and the spelling after it
    assert np.allclose(cell_surprise(world, coded), new.detach().numpy(), atol=1e-4)


def test_it_learns_to_spell_a_new_cell() -> None:
    codebook, world = parts()
    before = codebook.decode_frames(np.zeros((1, 64), np.int64))
    after = before.copy()
    after[0, 9, 18:21] ^= 3
    after[0, 12, 20] ^= 1
    coded = episode(codebook.encode_frames(np.concatenate([before, after])))
    assert (coded.indices_TC >= CODES).sum() == 1
    weights = LossWeights(changed=20.0, first_frame=0.0)
    sampler = WindowSampler(world.vocabulary, [coded], ["a"], WindowConfig(2, 1), weights)
    optimiser = torch.optim.AdamW(world.parameters(), lr=1e-2)
    for step in range(80):
        world.train().loss(sampler.batch(2, step))["loss"].backward()
        optimiser.step()
        optimiser.zero_grad()
    predicted = predict_next(world.eval(), [coded.window(0, 1, pending=True)])
    assert np.array_equal(codebook.decode_frames(predicted.indices_BC), after)


def test_gradients_do_not_depend_on_the_ids_of_spelled_cells() -> None:
    """A resumed run gets the same weights, whichever cells were spelled before."""
    gradients: list[torch.Tensor] = []
    for first in (7, 8):
        codebook, world = parts()
        codebook.encode_frames(frames(first, 2))
        coded = episode(codebook.encode_frames(np.concatenate([frames(7, 3), frames(8, 3)])))
        sampler = WindowSampler(world.vocabulary, [coded], ["a"], WindowConfig(3, 1), LossWeights())
        world.loss(sampler.batch(4, 0))["loss"].backward()
        gradients.append(
            torch.cat([p.grad.flatten() for p in world.parameters() if p.grad is not None])
        )
    assert torch.equal(*gradients)


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    codebook, world = parts()
    save_model(tmp_path, world, world.config)
    again = load_model(tmp_path, WorldModel)
    again.attach(codebook)
    with pytest.raises(ArcworldError, match="found another tokenizer"):
        again.attach(parts(seed=1)[0])
