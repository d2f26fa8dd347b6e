from dataclasses import replace

import numpy as np
import torch

from arcworld.recordings.episode import Outcome
from arcworld.tokens.batches import IGNORE, LossWeights
from arcworld.tokens.counterfactual_negatives import CounterfactualNegatives
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.vocabulary import Vocabulary
from arcworld.tokens.windows import WindowConfig, WindowSampler

V2 = Vocabulary("v2", 16)
SHARE = 1.0


def play(actions: list[tuple[int, int]], won: int) -> CodedEpisode:
    count = len(actions)
    types, cells = np.array(actions, dtype=np.int16).T
    outcomes = np.zeros(count, dtype=np.uint8)
    outcomes[won] = Outcome.LEVEL_WON
    frames = np.arange(count + 1, dtype=np.int32)[:, None] % 16 * np.ones(64, dtype=np.int32)
    return CodedEpisode(
        frames, types.copy(), cells.copy(), outcomes, np.ones(count, dtype=np.bool_)
    )


WALK = play([(1, 64), (3, 64), (2, 64), (0, 64), (1, 64)], won=2)
CLICKS = play([(6, 9), (6, 10), (6, 18), (6, 40)], won=1)


def drawn(episode: CodedEpisode, *, placed: bool = True) -> list[CodedEpisode]:
    counterfactual_negatives = CounterfactualNegatives([episode], ["game"], 2, placed=placed)
    rng = np.random.default_rng(0)
    return [counterfactual_negatives.instead(episode, SHARE, rng) for _ in range(50)]


def test_another_action_of_the_game_stands_where_the_level_was_won() -> None:
    found = drawn(WALK)
    assert {int(window.types_A[-1]) for window in found} == {1, 3}
    for window in found:
        assert window.indices_TC[:, 0].tolist() == [1, 2] and window.types_A[0] == 3
        assert not window.outcomes_A.any() and not window.winning_A[-1]


def test_a_click_beside_the_one_that_won_may_win_too() -> None:
    assert {int(window.cells_A[-1]) for window in drawn(CLICKS)} == {40}


def test_where_tokens_tell_no_place_a_click_is_like_another() -> None:
    assert all(window is CLICKS for window in drawn(CLICKS, placed=False))


def test_none_is_drawn_at_the_rate_of_zero_nor_where_no_level_was_won() -> None:
    rng = np.random.default_rng(0)
    assert CounterfactualNegatives([WALK], ["game"], 2).instead(WALK, 0.0, rng) is WALK
    lost = replace(WALK, outcomes_A=np.zeros(5, dtype=np.uint8))
    assert CounterfactualNegatives([lost], ["game"], 2).instead(lost, SHARE, rng) is lost


def test_what_nobody_did_teaches_its_outcome_alone() -> None:
    config = WindowConfig(frames=3, stride=1, counterfactual_negatives=SHARE)
    batch = WindowSampler(V2, [WALK], ["game"], config, LossWeights()).batch(4, 0, 0)
    for ids, weights, outcomes, types in zip(
        batch.input_ids_BL, batch.weights_BL, batch.outcomes_BL, batch.types_BL, strict=True
    ):
        last = int((ids == V2.act).nonzero()[-1])
        assert not weights[last:].any() and torch.any(weights[:last] > 0)
        assert int(outcomes[last + 2]) == Outcome.NOTHING
        assert int(types[last - 1]) == IGNORE
