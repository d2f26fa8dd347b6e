"""Parts of a diagnosis: intervals, correlations, probes, edits, verdicts, and the closing table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.diagnosis import probe
from arcworld.diagnosis.answers import Editor, ask
from arcworld.diagnosis.copying import verdict_on_copying
from arcworld.diagnosis.estimates import Estimate, by_game, mean, rank_correlation, ratio
from arcworld.diagnosis.inputs import DiagnosisInputs, gather, past_labels
from arcworld.diagnosis.soundness import determinism
from arcworld.diagnosis.summary import FAILS, HOLDS, UNCLEAR, compared
from arcworld.evaluation.evaluate import quiet
from arcworld.evaluation.measures.transitions import lay_out
from arcworld.models.run import Run
from arcworld.recordings import Dataset, Episode
from arcworld.recordings.novelty import NoveltyIndex


@pytest.fixture(scope="module")
def inputs(barely: Run, made_up: Dataset) -> DiagnosisInputs:
    return gather(barely, made_up, "validation", quiet)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=40))
def test_a_ratio_lies_in_its_interval_and_whole_groups_are_drawn(
    items: list[tuple[int, int]],
) -> None:
    groups, top = (np.array(column) for column in zip(*items, strict=True))
    found = ratio(top, np.full(len(top), 9), groups)
    assert found is not None and found.value == pytest.approx(top.sum() / 9 / len(top))
    if len(np.unique(groups)) == 1:
        assert found.low is None
        return
    shares = [top[groups == g].sum() / 9 / (groups == g).sum() for g in np.unique(groups)]
    assert found.low is not None and found.high is not None
    assert min(shares) - 1e-9 <= found.low <= found.high <= max(shares) + 1e-9


def test_items_of_one_stretch_make_no_interval_narrower() -> None:
    rng = np.random.default_rng(0)
    values = rng.random(12) < 0.5
    once = mean(values, np.arange(12))
    often = mean(values.repeat(50), np.arange(12).repeat(50))
    assert once is not None and often is not None
    assert (once.value, once.low, once.high) == (often.value, often.low, often.high)


def test_nothing_to_count_is_none_and_one_game_is_all() -> None:
    assert mean(np.array([np.nan]), np.zeros(1, int)) is None
    reported = by_game(lambda at: Estimate(len(at), None, None, len(at)), np.array(["a", "a"]))
    assert reported["all"] == reported["a"]


def test_partial_rank_correlation_takes_out_what_is_given() -> None:
    rng = np.random.default_rng(1)
    cause = rng.normal(size=2000)
    a, b = (cause + 0.3 * rng.normal(size=2000) for _ in range(2))
    plain, partial = rank_correlation(a, b), rank_correlation(a, b, {"cause": cause})
    assert plain is not None and partial is not None
    assert plain > 0.8 and abs(partial) < 0.1


def test_a_probe_finds_what_is_there_and_nothing_in_noise() -> None:
    rng = np.random.default_rng(2)
    labels, folds = rng.integers(0, 4, 400), np.arange(400) % 5
    shown = probe.one_hot_labels(np.stack([labels, rng.integers(0, 4, 400)], 1), 4)
    noise = probe.one_hot_labels(rng.integers(0, 4, (400, 2)), 4)
    assert (probe.predict(shown, labels, folds) == labels).all()
    assert (probe.predict(noise, labels, folds) == labels).mean() < 0.4


def test_a_probe_of_cells_reads_frames_and_folds_keep_recordings_whole() -> None:
    cells = np.zeros((40, 64, 64), np.uint8)
    labels = np.arange(40) % 3
    cells[np.arange(40), 7] = labels[:, None]
    features = probe.one_hot_cells(cells)
    assert (probe.predict(features, labels, np.arange(40) % 4) == labels).all()
    assert probe.folds_of(np.array([8, 8, 5]), np.arange(3)).tolist() == [1, 1, 0]
    assert probe.folds_of(np.array([8, 8, 8]), np.arange(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_an_edit_changes_one_thing_alone(inputs: DiagnosisInputs, seed: int) -> None:
    editor = Editor(inputs, seed)
    some = [int(i) for i in inputs.some(inputs.winning_N, 30) if past_labels(
        inputs, np.array([i]), 1)[0] < 72]  # fmt: skip
    for i in some:
        own = inputs.window(i)
        acted, past, shown = (
            getattr(editor, name)(i) for name in ("other_actions", "other_past", "other_screen")
        )
        assert np.array_equal(acted.indices_TC, own.indices_TC)
        changed = (acted.types_A != own.types_A) | (acted.cells_A != own.cells_A)
        assert changed.all() and inputs.legal_N8[i][acted.types_A].all()
        for edited, kept in ((past, slice(-1, None)), (shown, slice(None, -1))):
            assert np.array_equal(edited.types_A, own.types_A)
            assert np.array_equal(edited.indices_TC[kept], own.indices_TC[kept])
            assert not np.array_equal(edited.indices_TC, own.indices_TC)


def test_samples_differ_only_where_logits_do(inputs: DiagnosisInputs) -> None:
    at = inputs.some(inputs.winning_N, 40)
    answers = ask(inputs, at, [inputs.window(int(i)) for i in at])
    again = replace(answers, types_N8=answers.types_N8 + 3.0)  # the same probabilities
    assert np.array_equal(answers.sampled(5), again.sampled(5))
    assert not np.array_equal(answers.sampled(5), answers.sampled(6))
    assert not answers.difference(answers).any()
    walks = inputs.games_N[at] == "walks"
    assert (answers.sampled(7)[walks] < 5).all() and (answers.greedy()[~walks] >= 8).all()


def test_stretches_end_where_levels_do(inputs: DiagnosisInputs) -> None:
    t = inputs.transitions
    assert len(np.unique(inputs.groups_N)) == t.level_up_N.sum()
    starts = np.flatnonzero(np.diff(inputs.groups_N)) + 1
    assert (t.level_up_N[starts - 1]).all()


def test_off_by_one_shows_in_the_recordings(make_episode: Callable[..., Episode]) -> None:
    rng = np.random.default_rng(0)
    actions = rng.integers(1, 3, 80)
    places = np.append(0, np.where(actions == 1, 1, -1).cumsum()) % 8
    frames = np.broadcast_to(places.astype(np.uint8)[:, None, None], (81, 64, 64))
    reported = make_episode(0, frames=81)
    rows = np.column_stack([actions, np.full((80, 2), -1)]).astype(np.int16)
    walk = replace(reported, frames_THW=np.ascontiguousarray(frames), actions_A3=rows)
    nothing = NoveltyIndex(np.zeros(0, np.uint64), np.zeros(0, np.uint64))
    own, before = determinism(lay_out([walk], nothing))
    assert np.nanmean(own) == 1 and np.nanmean(before) < 0.8


def estimates(**values: float) -> dict[str, Estimate | None]:
    names = {
        "again": "changed by asking again",
        "actions": "changed by past actions",
        "screen": "changed by the screen",
        "index": "copying index",
        "largest": "largest change of a logit by past actions",
        "probe": "probe from past actions: the policy",
        "baseline": "commonest choice: the policy",
    }
    reported = dict.fromkeys(names, 0.0) | values
    return {names[key]: Estimate(v, v - 0.01, v + 0.01, 99) for key, v in reported.items()}


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"actions": 0.9, "largest": 5.0}, "copies"),
        ({"actions": 0.3, "screen": 0.6, "largest": 5.0}, "copies in part"),
        ({"screen": 0.6, "index": 0.2, "probe": 0.6, "baseline": 0.3}, "copies in part"),
        ({"screen": 0.6, "index": 0.2, "probe": 0.3, "baseline": 0.3}, "reads the screen"),
        ({"screen": 0.6}, "reads the screen"),
        ({}, "reads nothing"),
        ({"again": 0.4, "actions": 0.4, "screen": 0.4}, "reads nothing"),
    ],
)
def test_the_verdict_follows_the_evidence(values: dict[str, float], verdict: str) -> None:
    said, words = verdict_on_copying(estimates(**values))
    assert said == verdict
    assert ("by a single bit" in words) == (verdict == "reads the screen")


def test_two_runs_differ_only_beyond_their_intervals() -> None:
    low, high = Estimate(0.5, 0.4, 0.6, 9), Estimate(0.8, 0.7, 0.9, 9)
    near = Estimate(0.55, 0.45, 0.65, 9)
    assert compared(low, high, may_stay=False) == HOLDS
    assert compared(high, low, may_stay=True) == FAILS
    assert compared(low, near, may_stay=False) == UNCLEAR
    assert compared(low, near, may_stay=True) == HOLDS
