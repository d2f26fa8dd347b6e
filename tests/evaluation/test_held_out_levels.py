"""Held-out levels: what a fold trains on, what it is scored on, and answers of the games."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.evaluation.measures.action_use import Counterfactuals
from arcworld.evaluation.measures.engine_answers import ask_engine, engine_tables
from arcworld.evaluation.measures.folds import FOLDS, fold_data, folds_reached, levels_of_fold
from arcworld.evaluation.measures.held_out_levels import RESULT, read_held_out_levels
from arcworld.evaluation.measures.transitions import lay_out
from arcworld.evaluation.parts import OUTCOME_HELD_OUT, POLICY_HELD_OUT
from arcworld.evaluation.report.headline import held_out_tables
from arcworld.recordings import Dataset, Episode, RecordingWriter, open_dataset
from arcworld.recordings.episode import Action, level_segments
from arcworld.recordings.novelty import NoveltyIndex

NOTHING_SEEN = NoveltyIndex(np.zeros(0, np.uint64), np.zeros(0, np.uint64))


def write_levels(folder: Path) -> Dataset:
    """Three recordings of a game of three levels, four actions each; one of a game of two."""
    for number, (game, levels) in enumerate((("dots", 3), ("dots", 3), ("dots", 3), ("two", 2))):
        guid, game = f"guid-{number}", f"{game}-0badcafe"
        with RecordingWriter(folder / f"{guid}.jsonl", game, guid, levels) as writer:
            for t in range(4 * levels + 1):
                frame = np.full((64, 64), t // 4, np.uint8)
                frame[8 * number, 4 * (t % 16)] = 9
                won = t == 4 * levels
                action = Action(0) if t == 0 else Action(1 + (t % 4 == 0))
                state = "WIN" if won else "NOT_FINISHED"
                writer.write([frame], action, state, t // 4, (1, 2), t == 0)
    names = {"train": ["guid-0", "guid-1", "guid-3"], "validation": ["guid-2"]}
    (folder / "split.json").write_text(json.dumps(names))
    return open_dataset(folder, cache=folder / "cache")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return write_levels(tmp_path / "data")


def test_folds_withhold_each_another_level(dataset: Dataset) -> None:
    assert [levels_of_fold(dataset, fold) for fold in range(FOLDS)] == [
        {"dots-0badcafe": range(level, level + 1)} for level in range(3)
    ]
    with pytest.raises(ArcworldError, match="3 levels or more"):
        fold_data(dataset.of_game("two-0badcafe"), 0)


def test_a_fold_whose_levels_no_recording_shows_is_not_reached(dataset: Dataset) -> None:
    assert folds_reached(dataset) == [0, 1, 2]
    first = dataset.without_levels({"dots-0badcafe": [1, 2]})
    assert folds_reached(first) == [0]
    assert folds_reached(dataset.of_game("two-0badcafe")) == []


def test_crossval_refuses_before_training_where_no_fold_is_reached(
    dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    from arcworld.commands.crossval import _folds

    later = dataset.without_levels({"dots-0badcafe": [2]})
    assert _folds(later) == [0, 1]
    assert "fold 3 of 3 is left out: no recording shows dots-0badcafe level 3" in (
        capsys.readouterr().err
    )
    first = dataset.of_game("dots-0badcafe").without_levels({"dots-0badcafe": [1, 2]})
    with pytest.raises(ArcworldError, match="found no fold to train and measure"):
        _folds(first)
    assert "fold 1 of 3 is left out: training would show nothing but dots-0badcafe level 1" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("fold", range(FOLDS))
def test_no_frame_of_a_held_out_level_is_trained_on(dataset: Dataset, fold: int) -> None:
    (withheld,) = levels_of_fold(dataset, fold)["dots-0badcafe"]
    cut = fold_data(dataset, fold)
    shown = {
        int(frame[63, 63]) for e in cut.of_game("dots-0badcafe").episodes for frame in e.frames_THW
    }
    # the frame after the last level is won is drawn as a fourth, and counts as the last
    assert shown == {level for level in range(4) if min(level, 2) != withheld}
    assert len(cut.of_game("two-0badcafe").entries) == 1
    # the outcome "level won" is kept, although the frame after it is cut
    stretches = [
        level for e in cut.of_game("dots-0badcafe").episodes for level, _, _ in level_segments(e)
    ]
    assert stretches == [level for level in range(3) if level != withheld] * 3
    assert cut.part("train").guids == dataset.part("train").guids


def test_the_measure_is_of_held_out_levels_alone(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three folds are trained, each is scored on its level, and `evaluate` reads the result."""
    from arcworld.cli import main
    from arcworld.training import recipes

    debug = recipes.debug("v2")
    short = {
        f"{stage}_schedule": replace(getattr(debug, f"{stage}_schedule"), steps=2)
        for stage in ("world_model", "policy")
    }
    monkeypatch.setitem(recipes.RECIPES, "debug", lambda _: replace(debug, **short))
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    run, data = str(tmp_path / "run"), str(dataset.path)
    assert main(["train", "--data", data, "--recipe", "debug", "--out", run]) == 0
    assert read_held_out_levels(tmp_path / "run") is None
    for _ in range(2):  # the second call finds all folds trained
        assert main(["crossval", run, "--data", data]) == 0
    found = read_held_out_levels(tmp_path / "run")
    assert found is not None
    every = found.parts[OUTCOME_HELD_OUT]["all"]["all"]
    assert every["positives"] == 9 and every["count"] == 36  # of three recordings, each level once
    assert found.parts[OUTCOME_HELD_OUT]["validation"]["all"]["positives"] == 3
    assert found.parts[OUTCOME_HELD_OUT]["fold_2"]["dots"]["count"] == 12
    assert sum(row["count"] for row in found.bins) == 36
    choices, rows = (contact_sheet.rows for contact_sheet in held_out_tables(found)[:2])
    assert choices[0][:2] == ("action_acc", "all")
    assert found.parts[POLICY_HELD_OUT]["all"]["all"]["action_acc"] is not None
    lookup, majority, chance = (
        found.parts[f"baselines/{who}/{POLICY_HELD_OUT}"]["all"]["dots"]["type_acc"]
        for who in ("lookup", "majority", "chance")
    )
    assert chance is not None and 0.2 < chance < 0.8
    assert lookup == majority == 0.75  # three of four actions are alike
    assert ("all", "dots") in [row[:2] for row in rows]
    baseline = found.parts[f"baselines/majority/{OUTCOME_HELD_OUT}"]["all"]["all"][
        "average_precision"
    ]
    assert baseline is not None and baseline > 0.25  # action 2 alone wins levels
    (tmp_path / "run" / RESULT).write_text("{}")
    with pytest.raises(ArcworldError, match="crossval"):
        read_held_out_levels(tmp_path / "run")


@pytest.fixture(scope="module")
def played() -> Episode:
    """A few clicks in one of our own games."""
    from arcworld.play.toolkit import Toolkit

    rng = np.random.default_rng(0)
    clicks = [Action(6, int(x), int(y)) for x, y in rng.integers(0, 64, (8, 2))]
    with Toolkit() as toolkit:
        session = toolkit.open("taps")
        seen = [session.observation, *(session.step(click) for click in clicks)]
    return Episode(
        game_id=session.game_id,
        guid="clicks",
        frames_THW=np.stack([one.frame_HW for one in seen]),
        actions_A3=np.array([click.as_row() for click in clicks], dtype=np.int16),
        outcomes_A=np.zeros(8, dtype=np.uint8),
        grids_T=np.ones(9, dtype=np.uint16),
        levels_T=np.zeros(9, dtype=np.uint8),
        available_T=np.full(9, 0b1000000, dtype=np.uint8),
        win_levels=session.win_levels,
    )


def asked(episode: Episode, change: Callable[[Any], Any]) -> tuple[Any, Any]:
    from arcworld.play.toolkit import OWN_GAMES

    transitions = lay_out([episode], NOTHING_SEEN)
    kept = np.flatnonzero(~transitions.is_reset_N & ~transitions.level_up_N)[:6]
    actions = change(transitions.actions_N3[kept].copy())
    uses = Counterfactuals(transitions, kept, actions, transitions.next_NHW[kept])
    return uses, ask_engine(uses, OWN_GAMES, lambda *_: None)


def test_the_game_answers_a_recorded_action_as_recorded(played: Episode) -> None:
    uses, answers = asked(played, lambda actions: actions)
    assert answers.known_M.all()
    assert np.array_equal(answers.frames_MHW, played.frames_THW[1:][uses.at_M])
    parts = engine_tables(uses, answers, NOTHING_SEEN)
    reported = parts["action_engine"]["all"]["all"]
    assert reported["exact_frame"] == 1 and reported["ceiling"] in (0, None)
    assert parts["baselines/copy/action_engine"]["all"]["all"]["changed_cell_acc"] in (0, None)


def test_a_state_that_the_game_does_not_reach_is_left_out(played: Episode) -> None:
    frames = played.frames_THW.copy()
    frames[2] = 0
    altered = replace(played, frames_THW=frames)
    _, answers = asked(altered, lambda actions: actions)
    assert answers.known_M.tolist() == [True, True, False, False, False, False]


def test_games_that_are_not_there_are_an_error(played: Episode) -> None:
    with pytest.raises(ArcworldError, match="none of the games"):
        asked(replace(played, game_id="none-00000000"), lambda actions: actions)
