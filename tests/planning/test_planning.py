from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arcworld.models.decoding.decode import predict_next
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.planning.candidates import Candidates, as_action, click_pixel, prior_over
from arcworld.planning.encoded_history import EncodedHistory
from arcworld.planning.surprise import RunningMean, cell_surprise
from arcworld.recordings.episode import Episode
from arcworld.tokens.cells import cell_of
from arcworld.tokens.sequence import CodedEpisode


@given(st.integers(0, 2**32 - 1), st.integers(0, 63))
def test_a_click_lands_in_its_cell_on_a_colour_that_stands_out(seed: int, cell: int) -> None:
    frame = np.random.default_rng(seed).choice([0, 0, 0, 0, 3], (64, 64)).astype(np.uint8)
    x, y = click_pixel(frame, cell)
    assert cell_of(x, y) == cell
    top, left = cell // 8 * 8, cell % 8 * 8
    if (frame[top : top + 8, left : left + 8] == 3).any():
        assert frame[y, x] == 3


def test_the_prior_sums_to_one_and_splits_a_click_among_cells() -> None:
    candidates = Candidates.legal([1, 6])
    prior = prior_over(candidates, np.zeros(8), np.zeros(65))
    assert prior.sum() == pytest.approx(1)
    assert prior[0] == pytest.approx(0.5) and prior[1] == pytest.approx(0.5 / 64)
    action = as_action(candidates, 10, np.zeros((64, 64), np.uint8))
    assert action.id == 6 and (action.x, action.y) == (12, 12)


def world() -> WorldModel:
    torch.manual_seed(0)
    body = BackboneConfig(width=32, layers=2, heads=2, kv_heads=1, mlp=48)
    return WorldModel(WorldModelConfig("v2", 16, 3, True, body)).eval()


def history(make_episode: Callable[..., Episode], frames: int) -> CodedEpisode:
    rng = np.random.default_rng(1)
    episode = make_episode(frames=frames)
    return CodedEpisode(
        rng.integers(0, 16, (frames, 64)).astype(np.int32),
        episode.actions_A3[:, 0],
        np.where(episode.actions_A3[:, 0] == 6, 7, 64).astype(np.int16),
        np.zeros(frames - 1, np.uint8),
        np.zeros(frames - 1, np.bool_),
        opens=False,
    )


def test_one_pass_for_all_candidates_equals_one_pass_each(
    make_episode: Callable[..., Episode],
) -> None:
    model, past = world(), history(make_episode, 3)
    candidates = Candidates.legal([1, 2, 3, 4, 5, 6, 7])
    assert len(candidates) == 70
    predicted = EncodedHistory(model, past).outcomes(candidates)
    for i in (0, 3, 6, 40, 69):
        pending = CodedEpisode(
            past.indices_TC,
            np.append(past.types_A, candidates.types_N[i]),
            np.append(past.cells_A, candidates.cells_N[i]),
            np.append(past.outcomes_A, np.uint8(0)),
            np.append(past.winning_A, np.False_),
            opens=False,
        )
        assert predict_next(model, [pending]).outcomes_BO[0] == pytest.approx(
            predicted[i], abs=1e-5
        )


def test_surprise_from_the_cache_equals_surprise_computed_anew(
    make_episode: Callable[..., Episode],
) -> None:
    model, window = world(), history(make_episode, 3)
    before = window.window(0, 2)
    reading = EncodedHistory(model, before)
    candidates = Candidates.legal([1, 6])
    predicted = reading.outcomes(candidates)
    assert reading.is_before(window) and not EncodedHistory(model, window).is_before(before)
    assert reading.surprise(window) == pytest.approx(cell_surprise(model, window), abs=1e-5)
    assert np.array_equal(reading.outcomes(candidates), predicted), "nothing is left behind"


def test_surprise_is_the_likelihood_of_each_cell(make_episode: Callable[..., Episode]) -> None:
    model, past = world(), history(make_episode, 2)
    nats = cell_surprise(model, past)
    assert nats.shape == (64,) and (nats > 0).all()
    other = history(make_episode, 2)
    other.indices_TC[-1, 63] = (other.indices_TC[-1, 63] + 1) % 16
    changed = cell_surprise(model, other) != nats
    assert changed.nonzero()[0].tolist() == [63]


def test_a_running_mean_follows_recent_values() -> None:
    mean = RunningMean(rate=0.1)
    for _ in range(200):
        mean.update(1.0)
    assert mean.value == pytest.approx(1.0)
    for _ in range(100):
        mean.update(3.0)
    assert mean.value > 2.9
