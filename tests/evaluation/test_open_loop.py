"""Open loop and action use, with a model whose answers are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from arcworld.evaluation.measures import action_use, open_loop
from arcworld.evaluation.measures.action_use import other_actions, other_answers, use_ratios
from arcworld.evaluation.measures.baselines import FrameBaselines
from arcworld.evaluation.measures.open_loop import HORIZON, Dreams, baseline_dreams, spread
from arcworld.evaluation.measures.transitions import Transitions, lay_out
from arcworld.evaluation.parts import DEPTHS
from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.models.decoding.decode import DecodedFrames
from arcworld.models.run import Run
from arcworld.recordings.episode import CLICK, RESET, Episode, Outcome
from arcworld.recordings.novelty import NoveltyIndex
from arcworld.tokens.cells import cell_of
from arcworld.tokens.sequence import CodedEpisode, encode_episode
from arcworld.tokens.vocabulary import Vocabulary

type Make = Callable[..., Episode]
NOTHING_SEEN = NoveltyIndex(np.zeros(0, np.uint64), np.zeros(0, np.uint64))


def quiet(*_: Any) -> None:
    pass


class Oracle:
    """Predicts the true next frame of a known frame and action; records every call."""

    def __init__(self, episodes: Sequence[CodedEpisode], lie_at: int | None = None) -> None:
        self.next = {
            (e.indices_TC[t].tobytes(), int(e.types_A[t]), int(e.cells_A[t])): t_next
            for e in episodes
            for t, t_next in enumerate(e.indices_TC[1:])
        }
        self.lie_at, self.asked = lie_at, list[Sequence[CodedEpisode]]()

    def __call__(self, _: Any, histories: Sequence[CodedEpisode], __: Any) -> DecodedFrames:
        self.asked.append(histories)
        codes = [self.answer(history) for history in histories]
        if len(self.asked) - 1 == self.lie_at:
            codes = [np.zeros_like(row) for row in codes]
        level = np.full(len(histories), len(self.asked) % 2 == 0)
        shape = (len(histories), len(Outcome))
        return DecodedFrames(np.stack(codes), np.zeros(shape, np.float32), level)

    def answer(self, history: CodedEpisode) -> NDArray[np.int32]:
        last = history.indices_TC[-1]
        key = (last.tobytes(), int(history.types_A[-1]), int(history.cells_A[-1]))
        return self.next.get(key, last)


@pytest.fixture
def laid_out(make_episode: Make) -> tuple[Run, Transitions, list[CodedEpisode]]:
    episodes = [make_episode(seed, frames=30, guid=str(seed)) for seed in range(3)]
    for seed, episode in enumerate(episodes):
        for t, frame in enumerate(episode.frames_THW):
            frame[63, :3] = (seed, t // 16, t % 16)  # no frame twice
    tokenizer = PatchCodebook(PatchCodebookConfig(512))
    tokenizer.fit([episode.frames_THW for episode in episodes])
    model = SimpleNamespace(
        vocabulary=Vocabulary("v2", 512), config=SimpleNamespace(context_frames=4)
    )
    run = cast(Run, SimpleNamespace(tokenizer=tokenizer, world_model=model))
    coded = [encode_episode(episode, tokenizer) for episode in episodes]
    return run, lay_out(episodes, NOTHING_SEEN), coded


def dreamt(
    laid_out: Any, monkeypatch: pytest.MonkeyPatch, lie_at: int | None = None
) -> tuple[Dreams, Oracle]:
    oracle = Oracle(laid_out[2], lie_at)
    monkeypatch.setattr(open_loop, "predict_all", oracle)
    run, transitions, coded = laid_out
    return open_loop.dream_all(run, transitions, coded, quiet), oracle


def test_a_model_that_knows_dreams_true(laid_out: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dreams, _ = dreamt(laid_out, monkeypatch)
    assert dreams.depth == HORIZON and len(dreams.starts_S) == open_loop.STARTS
    for depth in DEPTHS:
        reported = dreams.table(depth)["all"]["all"]
        assert reported["exact_frame"] == reported["changed_cell_acc"] == 1
        assert reported["count"] == len(dreams.starts_S)
        transitions = dreams.transitions
        for one, start in enumerate(dreams.starts_S):
            episode = transitions.episodes[int(transitions.episode_N[start])]
            t = int(transitions.t_N[start])
            true = dreams.at(depth)
            assert np.array_equal(true.frames_NHW[one], episode.frames_THW[t])
            assert np.array_equal(true.next_NHW[one], episode.frames_THW[t + depth])


def test_a_dream_goes_on_from_its_own_frames_and_marks(
    laid_out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dreams, oracle = dreamt(laid_out, monkeypatch, lie_at=2)
    assert dreams.table(1)["all"]["all"]["exact_frame"] == 1
    assert dreams.curve("exact_frame")[2:] == [0] * (HORIZON - 2)
    for depth, histories in enumerate(oracle.asked):
        for history in histories:
            assert len(history.types_A) == len(history.indices_TC)
            assert history.outcomes_A[-1] == Outcome.NOTHING
            own = history.outcomes_A[len(history.outcomes_A) - 1 - depth : -1]
            assert (own == Outcome.LEVEL_WON).tolist() == [k % 2 == 1 for k in range(depth)]
        if depth == 3:
            assert all((history.indices_TC[-1] == 0).all() for history in histories)


def test_dreams_with_reset_or_level_up_are_crossing(
    laid_out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dreams, _ = dreamt(laid_out, monkeypatch)
    transitions = dreams.transitions
    odd = transitions.is_reset_N | transitions.level_up_N
    for depth in (1, 3):
        subsets = dreams.subsets(depth)
        for one, start in enumerate(dreams.starts_S):
            assert subsets["crossing"][one] == odd[start : start + depth].any()
        assert (subsets["ordinary"] ^ subsets["crossing"]).all()


def test_baselines_of_dreams(laid_out: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dreams, _ = dreamt(laid_out, monkeypatch)
    assert list(baseline_dreams(dreams, None)) == ["copy"]
    baselines = baseline_dreams(dreams, FrameBaselines(dreams.transitions))
    for depth in DEPTHS:
        assert baselines["copy"].table(depth)["all"]["all"]["changed_cell_acc"] == 0
        assert baselines["lookup"].table(depth)["all"]["all"]["exact_frame"] == 1
    start = dreams.transitions.frames_NHW[dreams.starts_S]
    assert np.array_equal(baselines["copy"].frames_DSHW[5], start)


def test_short_episodes_leave_nothing_to_dream(make_episode: Make, laid_out: Any) -> None:
    run, _, _ = laid_out
    episode = make_episode(0, frames=HORIZON)
    short = lay_out([episode], NOTHING_SEEN)
    dreams = open_loop.dream_all(run, short, [encode_episode(episode, run.tokenizer)], quiet)
    assert dreams.frames_DSHW.shape == (HORIZON, 0, 64, 64)
    assert dreams.table(8)["all"]["all"]["exact_frame"] is None


@given(st.integers(1, 40), st.integers(0, 2**16))
@settings(max_examples=20)
def test_starts_are_spread_and_wanted(per_game: int, seed: int) -> None:
    from tests.conftest import build_episode

    episodes = [
        build_episode(seed + k, frames=20, game=f"g{k % 2}-0", guid=str(k)) for k in range(4)
    ]
    transitions = lay_out(episodes, NOTHING_SEEN)
    wanted = np.random.default_rng(seed).random(len(transitions)) < 0.7
    at = spread(transitions, wanted, per_game)
    assert wanted[at].all() and (np.diff(at) > 0).all()
    for game in ("g0", "g1"):
        there = int((wanted & (transitions.games_N == game)).sum())
        assert (transitions.games_N[at] == game).sum() == min(per_game, there)


def test_other_actions_are_legal_and_others(make_episode: Make) -> None:
    episode = make_episode(3, frames=400)
    few = replace(episode, available_T=np.full(400, 0b01000010, np.uint8))
    for one, legal in ((episode, range(1, 8)), (few, (1, 6))):
        transitions = lay_out([one], NOTHING_SEEN)
        others = other_actions(transitions)
        assert np.array_equal(others, other_actions(transitions))
        for (kind, x, y), (other, u, v) in zip(
            transitions.actions_N3.tolist(), others.tolist(), strict=True
        ):
            assert other in legal
            if kind == CLICK:
                assert other == CLICK and cell_of(u, v) != cell_of(x, y)
            else:
                assert other != kind and ((u, v) == (-1, -1)) == (other != CLICK)
    alone = replace(episode, available_T=np.full(400, 0b10, np.uint8))
    found = other_actions(lay_out([alone], NOTHING_SEEN))
    kinds = alone.actions_A3[:, 0]
    assert (found[kinds == 1, 0] == -1).all() and (found[kinds == RESET, 0] == 1).all()


def test_action_use_by_hand(make_episode: Make) -> None:
    transitions = lay_out([make_episode(0, frames=2)], NOTHING_SEEN)
    last, true = np.zeros((2, 1, 64, 64), np.uint8)
    true[0, 0, :32] = 1  # four cells change
    transitions = replace(transitions, frames_NHW=last, next_NHW=true)
    other = last.copy()
    other[0, 0, :8] = 1  # one of them changes after any action
    reported = use_ratios(transitions, true, other)
    every = np.ones(1, np.bool_)
    assert {name: ratio.of(every) for name, ratio in reported.items()} == {
        "action_use": 0.75,
        "true_action_acc": 1.0,
        "other_action_acc": 0.25,
    }


def test_a_model_that_ignores_actions_uses_none(
    laid_out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, transitions, coded = laid_out
    oracle = Oracle(coded)
    monkeypatch.setattr(open_loop, "predict_all", oracle)
    uses = other_answers(run, transitions, coded, quiet)
    odd = transitions.is_reset_N | transitions.level_up_N
    assert len(uses.at_M) and not odd[uses.at_M].any()
    knows = action_use.use_one_deep(uses, transitions.next_NHW)["all"]["all"]
    assert knows["action_use"] == 1  # the oracle predicts no change after an unknown action
    deaf = action_use.use_one_deep(
        replace(uses, frames_MHW=transitions.next_NHW[uses.at_M]), transitions.next_NHW
    )
    assert deaf["all"]["all"]["action_use"] == 0
    dreams = open_loop.dream_all(run, transitions, coded, quiet)
    deep = action_use.use_deep(run, dreams, coded, quiet)["all"]["all"]
    assert deep["true_action_acc"] == 1 and deep["other_action_acc"] is not None
    assert deep["count"] == dreams.ordinary_S(4).sum()
