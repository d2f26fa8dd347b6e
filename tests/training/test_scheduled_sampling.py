"""Scheduled sampling: which cells are replaced, and which never are."""

import numpy as np
import torch

from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.tokens.batches import Batch, LossWeights
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.windows import WindowConfig, WindowSampler
from arcworld.training.scheduled_sampling import last_cells, mix_in_predictions


def model_and_batch(frames: int = 3) -> tuple[WorldModel, Batch]:
    torch.manual_seed(0)
    body = BackboneConfig(width=16, layers=1, heads=2, kv_heads=2, mlp=16)
    model = WorldModel(WorldModelConfig(codebook_size=16, context_features=True, backbone=body))
    rng = np.random.default_rng(0)
    episode = CodedEpisode(
        rng.integers(0, 16, (4, 64)).astype(np.int32),
        np.array([1, 6, 2], np.int16),
        np.array([64, 5, 64], np.int16),
        np.zeros(3, np.uint8),
        np.ones(3, np.bool_),
    )
    sampler = WindowSampler(
        model.vocabulary, [episode], ["a"], WindowConfig(frames, 1), LossWeights()
    )
    windows = [episode.window(0, 3), episode.window(0, 2), episode.window(1, 3)]
    return model, sampler.lay_out(windows)


def test_last_cells_are_the_last_frame_s_in_each_row() -> None:
    model, batch = model_and_batch()
    at = last_cells(model.vocabulary, batch.input_ids_BL)
    before = batch.input_ids_BL.gather(1, at[:, :1] - 1)
    assert before.flatten().tolist() == [model.vocabulary.frame] * 3
    assert bool((batch.input_ids_BL.gather(1, at) < 16).all())
    assert int(at[1, -1]) < int(at[0, -1])


def test_only_last_frames_are_read_as_predicted_and_targets_stay() -> None:
    model, batch = model_and_batch()
    own = mix_in_predictions(model, batch, 1.0)
    assert torch.equal(own.labels_BL, batch.labels_BL)
    changed = own.input_ids_BL != batch.input_ids_BL
    assert bool(changed.any())
    at = last_cells(model.vocabulary, batch.input_ids_BL)
    assert not bool(changed.scatter(1, at, torch.zeros_like(at, dtype=torch.bool)).any())


def test_what_is_read_is_what_the_model_predicts_after_true_cells() -> None:
    model, batch = model_and_batch()
    own = mix_in_predictions(model, batch, 1.0)
    rows, places = (own.input_ids_BL != batch.input_ids_BL).nonzero(as_tuple=True)
    hidden = model.hidden(batch.input_ids_BL)[rows, places - 1]
    cell_context = model.cell_context(batch.input_ids_BL, (rows, places - 1))
    assert torch.equal(own.input_ids_BL[rows, places], model.likeliest_cells(hidden, cell_context))


def test_a_share_of_zero_leaves_the_batch_as_it_is() -> None:
    model, batch = model_and_batch()
    assert mix_in_predictions(model, batch, 0.0) is batch
