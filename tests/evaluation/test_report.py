"""Tables, loss and pictures of an evaluation show exactly what was measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arcworld.errors import ArcworldError
from arcworld.evaluation.measures.inference import code_all, per_frame, teacher_forced, window_at
from arcworld.evaluation.measures.loss_table import loss_table
from arcworld.evaluation.measures.transitions import Transitions, lay_out
from arcworld.evaluation.report.headline import baselines_that_win, compare, headline_table
from arcworld.evaluation.report.pictures import film_strip, play_strip, save
from arcworld.evaluation.report.report_page import PlayedGame, write_page
from arcworld.evaluation.report.report_tables import (
    BASELINES,
    NO_INTERVAL,
    NOTHING,
    SEED_TABLE,
    Parts,
    describe_evaluation,
    part_tables,
    read_parts,
    seed_tables,
    verdict,
)
from arcworld.models.decoding.decode import predict_next
from arcworld.models.run import Run
from arcworld.recordings import Action, Dataset, Episode, RecordingWriter, open_dataset
from arcworld.recordings.episode import Outcome
from arcworld.recordings.novelty import NoveltyIndex, frame_hashes, pair_hashes
from arcworld.tokens.batches import LossWeights
from arcworld.tokens.windows import WindowConfig, WindowSampler

SHARE = st.floats(0, 1)


def parts(run: float, copy: float) -> Parts:
    """An evaluation with every part of the summary table."""

    def table(measure: str, value: float | None) -> Any:
        return {s: {g: {measure: value} for g in ("all", "dots")} for s in ("all", "novel")}

    made: dict[str, Any] = {}
    for line in SEED_TABLE:
        own = table(line.measure, run)
        for subset, games in made.get(line.part, {}).items():
            for game, measures in games.items():
                own[subset][game] |= measures
        made[line.part] = own
    made["baselines/copy/world_model"] = table("cell_acc", copy)
    return made


ABOUT = {
    "run": "r", "recipe": "debug", "scheme": "v2", "seed": 0, "run_commit": None, "data": "d",
    "split": "validation", "recordings": 2, "trained_on": 0, "transitions": 9, "novel": 4,
}  # fmt: skip


@given(SHARE, st.dictionaries(st.sampled_from(BASELINES), SHARE, min_size=1))
def test_verdict_never_flatters(value: float, baselines: dict[str, float]) -> None:
    ahead = value - max(baselines.values())
    reported = verdict(value, baselines, "cell_acc")
    assert reported.startswith("better") == (ahead >= 0.0005)
    assert reported.startswith("baseline wins") == (ahead <= -0.0005)
    lower = verdict(value, baselines, "game_over_brier")
    assert lower.startswith("better") == (min(baselines.values()) - value >= 0.0005)


def test_where_the_baseline_wins_the_table_says_so() -> None:
    won, lost = parts(0.95, 0.9), parts(0.85, 0.9)
    frame = [contact_sheet.rows[0] for contact_sheet in seed_tables(lost, ABOUT)]
    assert [row[-1] for row in frame] == ["baseline wins: copy, by 5.0 points"] * 2
    assert baselines_that_win(lost) == [
        f"frame on {subset} transitions: baseline wins: copy, by 5.0 points"
        for subset in ("novel", "all")
    ]
    assert baselines_that_win(won) == []
    against_baselines = ("85.0 %", NO_INTERVAL, "90.0 % copy")
    contact_sheet = headline_table(lost, ABOUT)
    assert (
        contact_sheet.rows[0] == ("frame", *against_baselines, *against_baselines)
        and "crossval" in contact_sheet.note
    )
    row = compare(lost, won, "won").rows[0]
    assert row == ("frame", *("85.0 %", "95.0 %", "-10.0 %") * 2)


def test_seed_tables_put_novel_first_and_leave_nothing_out() -> None:
    tables = seed_tables(parts(0.5, 0.4), ABOUT)
    assert [contact_sheet.title.split()[0] for contact_sheet in tables] == ["Novel", "All"]
    names = [row[0] for row in tables[0].rows]
    assert names == [line.name for line in SEED_TABLE for _ in ("all", "dots")]
    assert len(seed_tables(parts(0.5, 0.4), ABOUT | {"novel": 9})) == 1


def test_what_cannot_be_counted_is_shown_as_such() -> None:
    empty = parts(0.5, 0.4)
    empty["outcome"]["novel"]["all"]["average_precision"] = None
    row = next(row for row in seed_tables(empty, ABOUT)[0].rows if row[:2] == ("level", "all"))
    assert row[2] == NOTHING and row[-1] == "nothing to count"


def test_part_tables_hold_each_baseline_under_its_measure() -> None:
    contact_sheet = part_tables(parts(0.5, 0.4))[0]
    at = [row[0] for row in contact_sheet.rows].index("cell_acc")
    assert contact_sheet.rows[at][1:3] == ("run", "50.0 %")
    assert contact_sheet.rows[at + 1][:3] == ("", "copy", "40.0 %")
    assert contact_sheet.as_markdown().count("\n| ") == len(contact_sheet.rows) + 1


def test_a_file_that_is_no_evaluation_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text("[1]")
    for one in (path, tmp_path / "nowhere.json"):
        with pytest.raises(ArcworldError, match="expected what"):
            read_parts(one)


def test_training_recordings_among_the_evaluated_are_named() -> None:
    assert "TRAINED" not in describe_evaluation(ABOUT)
    assert "2 of these recordings were TRAINED ON" in describe_evaluation(ABOUT | {"trained_on": 2})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Dataset]:
    """A run trained for two steps on recordings of two made-up games, one of them held out."""
    from arcworld.training.recipes import recipe
    from arcworld.training.train import train

    root = tmp_path_factory.mktemp("report")
    dataset = write_data(root / "data", root / "cache")
    full = recipe("debug")
    short = {
        f"{stage}_schedule": replace(getattr(full, f"{stage}_schedule"), steps=2)
        for stage in ("vqvae", "world_model", "policy")
    }
    return train(replace(full, **short), dataset, root / "run"), dataset


def write_data(folder: Path, cache: Path) -> Dataset:
    names: dict[str, list[str]] = {"train": [], "validation": []}
    for number, game in enumerate(("dots-0badcafe", "dots-0badcafe", "rare-0badcafe")):
        guid = f"guid-{number}"
        with RecordingWriter(folder / f"{guid}.jsonl", game, guid, 3) as writer:
            rng = np.random.default_rng(number)
            for t in range(19):
                frame = np.full((64, 64), 3, np.uint8)
                y, x = rng.integers(0, 56, 2)
                frame[y : y + 8, x : x + 8] = 8
                action = Action(0) if t == 0 else Action(6, int(x), int(y))
                writer.write([frame], action, "NOT_FINISHED", min(t // 4, 3), (1, 6), t == 0)
        if game.startswith("dots"):
            names["validation" if number else "train"].append(guid)
    (folder / "split.json").write_text(json.dumps(names))
    return open_dataset(folder, cache=cache)


def test_evaluate_nests_as_json_and_the_page_has_its_pictures(
    made: tuple[Run, Dataset],
    tmp_path: Path,
    make_episode: Callable[..., Episode],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from arcworld.evaluation import evaluate as module
    from arcworld.evaluation.evaluate import evaluate

    strangers = [make_episode(game="crates-00000000")]
    monkeypatch.setattr(module, "unseen_game_episodes", lambda _: strangers)
    run, dataset = made
    run = replace(run, folder=tmp_path / "run")
    known, unknown = (evaluate(run, dataset, split) for split in ("validation", "held_out"))
    nested = known.as_dict()
    assert nested["world_model"]["novel"]["dots"].keys() >= {"cell_acc", "changed_cell_acc"}
    assert nested["baselines"]["copy"]["world_model"]["all"]["all"]["changed_cell_acc"] == 0
    assert nested["world_model_teacher_forced"]["novel"]["all"]["loss"] > 0
    assert nested["baselines"]["copy"]["open_loop"]["1"]["all"]["all"]["changed_cell_acc"] == 0
    assert nested["tokenizer_unseen_games"]["all"].keys() == {"all", "crates"}
    (tmp_path / "known.json").write_text(json.dumps(nested))
    assert read_parts(tmp_path / "known.json") == known.parts
    assert unknown.about["recordings"] == 1 and "rare" in unknown.parts["world_model"]["all"]
    result = {
        "game_id": "dots-0badcafe", "agent": "world-model", "actions": 8, "seconds": 1.0,
        "levels_completed": 2, "win_levels": 3, "score": 1.5,
    }  # fmt: skip
    page = write_page(
        run, known, unknown, [PlayedGame(result, dataset.path / "guid-0.jsonl", True)]
    )
    assert page.name == "report.html" and 'src="data:image/png' in page.read_text()
    assert '.png"' not in page.read_text()
    reported = page.with_suffix(".md").read_text()
    for picture in (
        "film-dots.png",
        "film-rare.png",
        "dream-dots.png",
        "open-loop.png",
        "play-dots.png",
    ):
        assert f"]({picture})" in reported and (page.parent / picture).stat().st_size > 500


@pytest.mark.parametrize("split", ["trian", "held_out"])
def test_an_unknown_or_empty_split_is_an_error(split: str, made: tuple[Run, Dataset]) -> None:

    dataset = made[1]
    named = tuple(e for e in dataset.entries if e.guid != "guid-2")
    with pytest.raises(ArcworldError, match=r"did you mean 'train'|in part 'held_out'"):
        replace(dataset, entries=named).part(split)


def test_loss_is_the_model_s_own_where_one_window_holds_all(made: tuple[Run, Dataset]) -> None:
    run, dataset = made
    episode = dataset.part("validation").episodes[0]
    settings: Any = run.about["settings"]
    whole = {**settings, "windows": {**settings["windows"], "frames": len(episode) + 1}}
    run = replace(run, about={**run.about, "settings": whole})
    transitions = lay_out([episode], run.novelty_index)
    coded = code_all(transitions, run.tokenizer)
    found = loss_table(run, transitions, coded, lambda *_: None)
    sampler = WindowSampler(
        run.world_model.vocabulary, coded, ["dots"], WindowConfig(frames=len(episode) + 1),
        LossWeights(**settings["weights"]),
    )  # fmt: skip
    with torch.inference_mode():
        expected = float(run.world_model.loss(sampler.lay_out(coded))["loss"])
    assert found["all"]["all"]["loss"] == pytest.approx(expected, rel=1e-5)
    assert found["all"]["dots"] == found["all"]["all"]


def test_per_frame_is_greedy_decoding_and_spares_what_is_sure(made: tuple[Run, Dataset]) -> None:
    run, dataset = made
    episode = dataset.part("validation").episodes[0]
    still = replace(episode, frames_THW=episode.frames_THW[np.arange(len(episode) + 1) // 3])
    transitions = lay_out([still], run.novelty_index)
    coded = code_all(transitions, run.tokenizer)
    forced = teacher_forced(run.world_model, transitions, coded, lambda *_: None)
    decoded: list[int] = []
    found = per_frame(
        run.world_model, transitions, coded, forced, lambda _, __, total: decoded.append(total)
    )
    frames = run.world_model.config.context_frames
    every = [window_at(transitions, coded, i, frames, pending=True) for i in range(len(still))]
    assert np.array_equal(found, predict_next(run.world_model, every).indices_BC)
    assert 0 < decoded[-1] < len(still)
    won = np.flatnonzero(transitions.level_up_N)
    assert len(won) and all(every[i].outcomes_A[-1] == Outcome.NOTHING for i in won)


def test_loss_on_novel_is_apart_from_what_training_saw(made: tuple[Run, Dataset]) -> None:
    run, dataset = made
    episode = dataset.part("validation").episodes[0]

    def loss(seen: NoveltyIndex) -> dict[str, Any]:
        transitions = lay_out([episode], seen)
        return loss_table(run, transitions, code_all(transitions, run.tokenizer), lambda *_: None)

    frames, actions = episode.frames_THW, episode.actions_A3
    pairs = pair_hashes(frames[:-1], actions)
    everything = loss(NoveltyIndex(np.unique(frame_hashes(frames)), np.unique(pairs)))
    assert everything["novel"]["all"]["loss"] is None
    first = loss(NoveltyIndex(np.zeros(0, np.uint64), np.unique(pairs[1:])))
    assert first["all"] == everything["all"]
    assert first["novel"]["all"]["loss"] not in (None, first["all"]["all"]["loss"])


def some(make_episode: Callable[..., Episode]) -> Transitions:
    episodes = [make_episode(seed, frames=12, guid=str(seed)) for seed in range(2)]
    return lay_out(episodes, NoveltyIndex(np.zeros(0, np.uint64), np.zeros(0, np.uint64)))


def test_film_strip_is_of_one_game_and_red_only_where_it_is_wrong(
    make_episode: Callable[..., Episode], tmp_path: Path
) -> None:
    transitions = some(make_episode)
    calm = np.zeros((len(transitions), 64))
    right = film_strip(transitions, transitions.next_NHW, calm, "dots", frames=4)
    wrong = film_strip(transitions, 15 - transitions.next_NHW, calm, "dots", frames=4)
    assert right.shape == wrong.shape and right.shape[2] == 3
    red = (np.array([220, 30, 30]) == right).all(-1).sum()
    assert red == 0 < (np.array([220, 30, 30]) == wrong).all(-1).sum()
    assert save(right, tmp_path / "a" / "film.png").stat().st_size < 60_000


def test_play_strip_keeps_the_frames_before_level_ups(
    make_episode: Callable[..., Episode],
) -> None:
    long = play_strip(make_episode(0, frames=40), frames=12, columns=6)
    short = play_strip(make_episode(0, frames=2), frames=12, columns=6)
    assert long.shape[0] > short.shape[0] and long.shape[1] > short.shape[1]
