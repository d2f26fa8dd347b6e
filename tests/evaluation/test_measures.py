"""Measures on cases small enough to count by hand."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcworld.evaluation.measures.baselines import (
    ActionBaselines,
    FrameBaselines,
    OutcomeBaselines,
    join_cells,
    split_cells,
)
from arcworld.evaluation.measures.calibration import calibration_error
from arcworld.evaluation.measures.frame_measures import frame_ratios, frame_table
from arcworld.evaluation.measures.outcome import (
    BinaryForecast,
    average_precision,
    binary_measures,
)
from arcworld.evaluation.measures.policy_measures import policy_subsets, policy_table
from arcworld.evaluation.measures.pooling import Grouping, Ratio, share
from arcworld.evaluation.measures.transitions import Transitions, lay_out
from arcworld.recordings.episode import Episode, Outcome
from arcworld.recordings.novelty import NoveltyIndex, frame_hashes, pair_hashes

NOTHING_SEEN = NoveltyIndex(np.zeros(0, np.uint64), np.zeros(0, np.uint64))
YES = np.ones(1, dtype=np.bool_)


def of(measures: dict[str, Ratio], count: int) -> dict[str, float | None]:
    return {name: ratio.of(np.ones(count, dtype=np.bool_)) for name, ratio in measures.items()}


def test_frame_measures_by_hand() -> None:
    last = np.zeros((1, 64, 64), np.uint8)
    true, predicted = last.copy(), last.copy()
    true[0, 0, 0] = 1  # cell 0 changes and is predicted
    predicted[0, 0, 0] = 1
    true[0, 0, 8] = 2  # cell 1 changes and is missed
    predicted[0, 63, 63] = 3  # cell 63 is changed wrongly
    reported = of(frame_ratios(last, true, predicted), 1)
    assert reported == {
        "cell_acc": 62 / 64,
        "changed_cell_acc": 1 / 2,
        "false_change": 1 / 62,
        "exact_frame": 0.0,
    }


def test_copying_has_no_changed_cell_right_and_none_wrongly_changed() -> None:
    rng = np.random.default_rng(0)
    last, true = rng.integers(0, 2, (2, 5, 64, 64), dtype=np.uint8)
    reported = of(frame_ratios(last, true, last), 5)
    assert reported["changed_cell_acc"] == 0 and reported["false_change"] in (0, None)
    perfect = of(frame_ratios(last, true, true), 5)
    assert perfect["cell_acc"] == perfect["exact_frame"] == 1


def test_pooling_is_over_items_not_over_games() -> None:
    right = np.array([True, False, False, False])
    games = np.array(["a", "b", "b", "b"])
    subsets = {"all": np.ones(4, np.bool_), "novel": np.zeros(4, np.bool_)}
    table = Grouping(subsets, games, np.arange(4)).table({"acc": share(right)})
    assert (table["all"]["all"]["acc"], table["all"]["all"]["count"]) == (0.25, 4)
    assert table["all"]["a"]["acc"] == 1 and table["all"]["b"]["acc"] == 0
    assert table["novel"]["all"] == {"acc": None, "count": 0}


@given(st.integers(0, 2**32 - 1))
def test_cells_split_and_join(seed: int) -> None:
    frames = np.random.default_rng(seed).integers(0, 16, (2, 64, 64), dtype=np.uint8)
    assert np.array_equal(join_cells(split_cells(frames)), frames)
    assert np.array_equal(split_cells(frames)[1, 9].reshape(8, 8), frames[1, 8:16, 8:16])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40).filter(
        lambda rows: any(truth for _, truth in rows)
    )
)
def test_average_precision_equals_its_definition(rows: list[tuple[float, bool]]) -> None:
    probability = np.array([p for p, _ in rows])
    truth = np.array([t for _, t in rows])
    reported = average_precision(probability, truth)
    expected, before = 0.0, 0.0
    for threshold in sorted(set(probability.tolist()), reverse=True):
        called = probability >= threshold
        recall = (called & truth).sum() / truth.sum()
        expected += (recall - before) * (called & truth).sum() / called.sum()
        before = recall
    assert reported == pytest.approx(expected)


def test_a_constant_probability_scores_the_base_rate() -> None:
    truth = np.array([True, False, False, False, False])
    reported = binary_measures(BinaryForecast(np.full(5, 0.2), truth, np.zeros(5, int)))
    assert reported["average_precision"] == reported["base_rate"] == 0.2
    assert reported["calibration_error"] == pytest.approx(0)
    assert reported["brier"] == pytest.approx(0.16)
    assert calibration_error(np.full(5, 0.9), truth) == pytest.approx(0.7)


def two_episodes(make_episode: Callable[..., Episode]) -> tuple[Transitions, Transitions]:
    train = lay_out([make_episode(seed=1, frames=20, guid="a")], NOTHING_SEEN)
    seen = NoveltyIndex(
        np.unique(frame_hashes(train.frames_NHW)),
        np.unique(pair_hashes(train.frames_NHW, train.actions_N3)),
    )
    episodes = [make_episode(seed=1, frames=20, guid="b"), make_episode(seed=2, guid="c")]
    return train, lay_out(episodes, seen)


def test_lookup_knows_what_training_showed_and_copies_elsewhere(
    make_episode: Callable[..., Episode],
) -> None:
    train, test = two_episodes(make_episode)
    assert test.novel_N.tolist() == [False] * 19 + [True] * 5
    baselines = FrameBaselines(train).predictions(test)
    assert np.array_equal(baselines["lookup"][:19], test.next_NHW[:19])
    assert np.array_equal(baselines["lookup"][19:], test.frames_NHW[19:])
    assert np.array_equal(baselines["copy"], test.frames_NHW)
    table = frame_table(test, baselines["lookup"])
    assert table["novel"]["all"]["changed_cell_acc"] == 0
    assert table["all"]["all"]["count"] == 24


def test_baselines_of_no_transition_are_empty(make_episode: Callable[..., Episode]) -> None:
    """No dream starts in recordings that are shorter than one."""
    train, test = two_episodes(make_episode)
    found = FrameBaselines(train).predictions(test.take(np.zeros(0, np.intp)))
    assert {name: frames.shape for name, frames in found.items()} == dict.fromkeys(
        ("copy", "majority", "lookup"), (0, 64, 64)
    )


def test_repeat_is_the_last_action_that_is_no_reset(
    make_episode: Callable[..., Episode],
) -> None:
    train, test = two_episodes(make_episode)
    baselines = ActionBaselines(train).predictions(test)
    for i in range(len(test)):
        start = i - test.t_N[i]
        before = [k for k in range(start, i) if test.actions_N3[k, 0] != 0]
        if before:
            assert baselines["repeat"][i, 0] == test.actions_N3[before[-1], 0]
        else:
            assert np.array_equal(baselines["repeat"][i], baselines["majority"][i])
    assert all((baseline[:, 0] != 0).all() for baseline in baselines.values())


def test_majority_takes_type_and_cell_each_for_itself(
    make_episode: Callable[..., Episode],
) -> None:
    episode = make_episode(seed=4, frames=7)
    episode.outcomes_A[:] = [0, 0, 0, 0, 0, Outcome.LEVEL_WON]
    places = [(6, 1, 1), (6, 9, 9), (6, 9, 9), (6, 60, 60), (2, -1, -1), (2, -1, -1)]
    episode.actions_A3[:] = places
    reported = lay_out([episode], NOTHING_SEEN)
    majority = ActionBaselines(reported).predictions(reported)["majority"]
    assert majority.tolist() == [[6, 9]] * 6
    stranger = lay_out([make_episode(game="other-00000000")], NOTHING_SEEN)
    assert ActionBaselines(reported).predictions(stranger)["majority"].tolist() == [[6, 9]] * 5


def test_policy_subsets_hold_no_reset_and_split_skill_from_exploration(
    make_episode: Callable[..., Episode],
) -> None:
    _, test = two_episodes(make_episode)
    subsets = policy_subsets(test)
    kinds = test.actions_N3[:, 0]
    for subset in subsets.values():
        assert not (kinds[subset] == 0).any()
    assert not (subsets["all"] & subsets["exploration"]).any()
    assert (subsets["all"] | subsets["exploration"]).sum() == (kinds != 0).sum()
    for i in np.flatnonzero(subsets["all"]):  # a level-up follows before any RESET
        later = range(i, len(test))
        won = next(j for j in later if test.outcomes_N[j] == Outcome.LEVEL_WON)
        assert not (kinds[i : won + 1] == 0).any()


def test_a_perfect_policy_scores_one(make_episode: Callable[..., Episode]) -> None:
    from arcworld.evaluation.measures.baselines import choices

    _, test = two_episodes(make_episode)
    table = policy_table(test, np.stack(choices(test), axis=1))
    for measure, value in table["all"]["all"].items():
        assert value in (1, None) or measure == "count"


def test_outcomes_are_predicted_by_how_often_their_kind_of_action_had_them(
    make_episode: Callable[..., Episode],
) -> None:
    episode = make_episode(seed=4, frames=9)
    episode.actions_A3[:] = [(1, -1, -1)] * 4 + [(2, -1, -1)] * 4
    episode.outcomes_A[:] = [0, 0, 0, Outcome.LEVEL_WON, 0, 0, 0, 0]
    reported = lay_out([episode], NOTHING_SEEN)
    baselines = OutcomeBaselines(reported).predictions(reported)
    assert baselines["majority"][:, Outcome.LEVEL_WON].tolist() == [0.25] * 4 + [0] * 4
    assert baselines["lookup"][:, Outcome.LEVEL_WON].tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
    stranger = lay_out([make_episode(game="other-00000000")], NOTHING_SEEN)
    rates = OutcomeBaselines(reported).predictions(stranger)["lookup"]
    assert (rates[:, Outcome.LEVEL_WON] == 0.125).all()


def test_known_baselines_on_the_demos(demos: object) -> None:
    """The values of copy and lookup on the demos, pinned; a model is judged against them."""
    from pathlib import Path

    from arcworld.evaluation.measures.baselines import known_cells
    from arcworld.recordings.dataset import open_dataset

    dataset = open_dataset(Path(str(demos)))
    seen = NoveltyIndex.from_dataset(dataset.part("train"))
    train = lay_out(list(dataset.part("train").episodes), seen)
    test = lay_out(list(dataset.part("validation").episodes), seen)
    baselines = FrameBaselines(train).predictions(test)
    lookup = frame_table(test, baselines["lookup"])["all"]["all"]
    reported = [lookup[name] for name in ("cell_acc", "changed_cell_acc", "exact_frame")]
    assert reported == pytest.approx([0.981, 0.809, 0.678], abs=5e-4)
    assert frame_table(test, baselines["copy"])["all"]["all"]["cell_acc"] == pytest.approx(
        0.9002, abs=1e-4
    )
    assert not (test.level_up_N & test.novel_N).any() and test.level_up_N.sum() == 35
    assert len(known_cells(np.concatenate([train.frames_NHW, train.next_NHW]))) < 2986
