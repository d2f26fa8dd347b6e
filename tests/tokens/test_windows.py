from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from arcworld.frames.lexicon import Lexicon
from arcworld.frames.tokenizer import FrameTokenizer
from arcworld.recordings.episode import Episode, Outcome
from arcworld.tokens.batches import IGNORE, LossWeights
from arcworld.tokens.sequence import CodedEpisode, cells_of
from arcworld.tokens.vocabulary import Vocabulary
from arcworld.tokens.windows import WindowConfig, WindowSampler

V2 = Vocabulary("v2", 16)


def window(outcomes: list[int], types: list[int], winning: bool = True) -> CodedEpisode:
    count = len(types)
    indices = np.tile(np.arange(64, dtype=np.int32) % 16, (count + 1, 1))
    indices[1:, 5] = 15 - np.arange(count) % 2
    cells = np.array([9 if kind == 6 else 64 for kind in types], dtype=np.int16)
    return CodedEpisode(
        indices,
        np.array(types, dtype=np.int16),
        cells,
        np.array(outcomes, dtype=np.uint8),
        np.full(count, winning, dtype=np.bool_),
    )


def sampler(
    episodes: list[CodedEpisode], games: list[str], weights: LossWeights, frames: int = 3
) -> WindowSampler:
    config = WindowConfig(frames=frames, stride=1)
    return WindowSampler(V2, episodes, games, config, weights)


def weight_by_token(weights: LossWeights) -> dict[str, set[float]]:
    episode = window([Outcome.LEVEL_WON, Outcome.NOTHING], [6, 2])
    batch = sampler([episode], ["a"], weights).lay_out([episode])
    kinds: dict[str, set[float]] = {}
    for token, weight in zip(batch.input_ids_BL[0], batch.weights_BL[0], strict=True):
        name = V2.token(int(token)).rstrip("0123456789>_")
        kinds.setdefault(name, set()).add(float(weight))
    return kinds


def test_the_seed_s_weights_are_faithful() -> None:
    kinds = weight_by_token(LossWeights(no_level=0.0))
    assert kinds["<VQ"] == {1.0}
    assert kinds["<ACT_TYPE"] == {3.0}
    assert kinds["<ACT_LOC"] == {3.0} and kinds["<ACT_LOC_NULL"] == {3.0}
    assert kinds["<LEVEL_COMPLETE"] == {5.0}
    assert kinds["<FRAME"] == kinds["<ACT"] == kinds["<GAME_START"] == {0.0}


def test_the_mended_outcome_weighs_frame_after_an_action_alone() -> None:
    episode = window([Outcome.LEVEL_WON, Outcome.NOTHING], [6, 2])
    batch = sampler([episode], ["a"], LossWeights()).lay_out([episode])
    frames = batch.input_ids_BL[0] == V2.frame
    assert batch.weights_BL[0][frames].tolist() == [0.0, 0.0, 1.0]


def test_changed_cells_and_the_first_frame_have_their_factors() -> None:
    episode = window([0, 0], [6, 2])
    weights = LossWeights(changed=5.0, first_frame=0.5)
    batch = sampler([episode], ["a"], weights).lay_out([episode])
    starts = (batch.input_ids_BL[0] == V2.frame).nonzero()[:, 0]
    codes = [batch.weights_BL[0][s + 1 : s + 65] for s in starts]
    assert set(codes[0].tolist()) == {0.5}
    assert codes[1].nonzero().numel() == 64
    assert (codes[1] == 5.0).nonzero()[:, 0].tolist() == [5]


def test_targets_stand_where_they_are_read() -> None:
    episode = window([Outcome.GAME_OVER, Outcome.NOTHING], [6, 0])
    batch = sampler([episode], ["a"], LossWeights()).lay_out([episode])
    ids = batch.input_ids_BL[0]
    ends = (batch.outcomes_BL[0] != IGNORE).nonzero()[:, 0]
    assert [V2.token(int(ids[i])) for i in ends] == ["<ACT_LOC_9>", "<ACT_LOC_NULL>"]
    assert batch.outcomes_BL[0][ends].tolist() == [Outcome.GAME_OVER, Outcome.NOTHING]
    at = (batch.types_BL[0] != IGNORE).nonzero()[:, 0].tolist()
    assert len(at) == 1 and ids[at[0] + 1] == V2.act  # RESET is never a target of the policy
    assert batch.types_BL[0][at].tolist() == [6] and batch.cells_BL[0][at].tolist() == [9]


def test_exploration_is_no_target_of_the_policy() -> None:
    episode = window([0, 0], [6, 2], winning=False)
    batch = sampler([episode], ["a"], LossWeights()).lay_out([episode])
    assert bool((batch.types_BL == IGNORE).all())


def test_a_batch_is_a_function_of_its_key() -> None:
    episodes = [window([0] * 9, [k % 6 for k in range(9)]) for _ in range(3)]
    drawn = sampler(episodes, ["a", "a", "b"], LossWeights())
    one, same, other = drawn.batch(8, 0, 5, 0), drawn.batch(8, 0, 5, 0), drawn.batch(8, 0, 6, 0)
    assert torch.equal(one.input_ids_BL, same.input_ids_BL)
    assert not torch.equal(one.input_ids_BL, other.input_ids_BL)


def test_games_are_drawn_evenly_and_level_ups_more_often() -> None:
    plain, won = window([0] * 40, [1] * 40), window([0] * 3 + [1], [2] * 4)
    drawn = sampler([plain, won], ["long", "short"], LossWeights(), frames=2)
    odds = drawn._odds
    games = np.array([e for e, _ in drawn.starts])
    assert odds[games == 0].sum() == odds[games == 1].sum() == 0.5
    assert odds[games == 1][-1] == 3 * odds[games == 1][0]


def test_cells_of_actions(make_episode: Callable[..., Episode]) -> None:
    episode = make_episode(seed=3, frames=40)
    for t, cell in enumerate(cells_of(episode.actions_A3)):
        action = episode.action(t)
        if action.id == 6:
            assert action.x is not None and action.y is not None
            assert cell == action.y // 8 * 8 + action.x // 8
        else:
            assert cell == 64


def test_code_keeps_what_an_episode_says(make_episode: Callable[..., Episode]) -> None:
    from arcworld.frames.vqvae import VQVAE, VQVAEConfig
    from arcworld.tokens.sequence import encode_episode

    tokenizer: FrameTokenizer = VQVAE(VQVAEConfig(8, 16, 8, 4)).eval()
    episode = make_episode()
    coded = encode_episode(episode, tokenizer)
    assert coded.indices_TC.shape == (6, 64) and coded.indices_TC.max() < 8
    assert np.array_equal(coded.types_A, episode.actions_A3[:, 0])


def test_recoloured_windows_keep_what_is_equal_and_nothing_else() -> None:
    episode = window([0] * 9, [1] * 9)
    cells = np.random.default_rng(1).integers(0, 16, (V2.codebook_size, 64), dtype=np.uint8)
    lexicon = Lexicon(cells)
    config = WindowConfig(frames=3, stride=1, colour_permutation=1.0)
    drawn = WindowSampler(V2, [episode], ["a"], config, LossWeights(), lexicon)
    for key in range(5):
        plain, other = drawn.plain().draw(4, 0, key), drawn.draw(4, 0, key)
        for a, b in zip(plain, other, strict=True):
            before, after = lexicon.cells(a.indices_TC), lexicon.cells(b.indices_TC)
            palette = np.zeros(16, np.uint8)
            palette[before] = after
            assert np.array_equal(palette[before], after)
            assert len(np.unique(palette)) == 16
            assert np.array_equal(a.types_A, b.types_A)
        drawn.lay_out(other)
    assert drawn.config.colour_permutation == 1.0


def test_exchanged_cells_are_other_cells_and_equal_ones_stay_equal() -> None:
    cells = np.random.default_rng(1).integers(0, 16, (V2.codebook_size, 64), dtype=np.uint8)
    config = WindowConfig(frames=3, stride=1, colour_permutation=1.0, patch_permutation=1.0)
    drawn = WindowSampler(
        V2, [window([0] * 9, [1] * 9)], ["a"], config, LossWeights(), Lexicon(cells)
    )
    for a, b in zip(drawn.plain().draw(4, 0, 0), drawn.draw(4, 0, 0), strict=True):
        same = a.indices_TC.ravel()[:, None] == a.indices_TC.ravel()[None]
        still = b.indices_TC.ravel()[:, None] == b.indices_TC.ravel()[None]
        assert np.array_equal(same, still)
        assert (a.indices_TC != b.indices_TC).any()


def test_windows_that_are_equal_are_drawn_as_one() -> None:
    path, other = window([0] * 4, [1] * 4), window([0] * 4, [2] * 4)
    config = WindowConfig(frames=5, stride=1)

    def shares(distinct: bool) -> list[int]:
        drawn = WindowSampler(
            V2, [path, path, path, other], ["a"] * 4, replace(config, distinct=distinct),
            LossWeights(),
        )  # fmt: skip
        windows = drawn.draw(400, 0)
        return [sum(int(w.types_A[0]) == kind for w in windows) for kind in (1, 2)]

    assert shares(False)[0] > 2 * shares(False)[1]
    assert abs(shares(True)[0] - shares(True)[1]) < 60
