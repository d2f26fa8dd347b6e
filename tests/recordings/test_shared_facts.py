"""The shared recordings beside this checkout have the numbers that their README gives."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from arcworld.recordings.check import check_paths
from arcworld.recordings.dataset import Dataset, open_dataset
from arcworld.recordings.episode import Outcome, game_name
from arcworld.recordings.novelty import NoveltyIndex
from arcworld.recordings.reader import read_recording


@pytest.fixture(scope="module")
def demos(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(shared / "demos", cache=tmp_path_factory.mktemp("cache"))


def test_check_reads_32_files_and_refuses_the_one_without_actions(shared: Path) -> None:
    reports = check_paths([shared / "dialects", shared / "demos", shared / "dialects/legacy"])
    assert len(reports) == 32
    for report in reports:
        folder = Path(report.path).relative_to(shared).parts
        assert report.dialect == (folder[1] if folder[0] == "dialects" else "human")
        assert report.usable == ("noactions" not in report.path)
    (unusable,) = (report for report in reports if not report.usable)
    (problem,) = unusable.problems
    assert "the actions cannot be known" in problem.message and problem.line == 2
    (toolkit,) = (report for report in reports if report.dialect == "toolkit")
    assert (toolkit.rows, toolkit.steps) == (12, 10)
    assert [problem.line for problem in toolkit.problems] == [10]
    assert toolkit.as_dict()["problems"][0]["fatal"] is False


def test_agents_and_legacy_are_the_first_rows_of_a_demo(shared: Path) -> None:
    guid = "348a570f-5915-4527-af80-b60f021286d2"
    demo = read_recording(shared / f"demos/ft09-0d8bbf25/{guid}.recording.jsonl.gz").episodes[0]
    for name in (f"agents/ft09-0d8bbf25.random.80.{guid}", f"legacy/{guid}"):
        part = read_recording(shared / f"dialects/{name}.recording.jsonl").episodes[0]
        assert len(part) == 11 and part.guid == demo.guid and part.win_levels == demo.win_levels
        assert np.array_equal(part.frames_THW, demo.frames_THW[:12])
        assert np.array_equal(part.actions_A3, demo.actions_A3[:11])
        assert np.array_equal(part.grids_T, demo.grids_T[:12])


def test_counts_are_those_of_the_readme(shared: Path, demos: Dataset) -> None:
    readme = (shared / "demos/README.md").read_text()
    table = re.findall(r"\| `(\S+)` \| (\d+) \| ([\d,]+) \| ([\d, ]+)[^|]*\| (\d) \|", readme)
    assert len(table) == 3
    for game, recordings, actions, available, levels in table:
        part = demos.of_game(game)
        assert len(part.guids) == int(recordings)
        assert part.transitions == int(actions.replace(",", ""))
        episode = part.episodes[0]
        assert ", ".join(map(str, episode.available_actions(0))) == available.strip()
        assert episode.win_levels == int(levels)
    distinct = {game_name(game): len(demos.of_game(game).distinct_ids()) for game in demos.games}
    assert distinct == {"ls20": 1303, "vc33": 787, "ft09": 345}
    assert len(demos.part("train").guids) == 22 and len(demos.part("validation").guids) == 6
    assert max(int(episode.grids_T.max()) for episode in demos.episodes) == 62


def cells(frames_THW: np.ndarray) -> np.ndarray:
    return frames_THW.reshape(-1, 8, 8, 8, 8).swapaxes(2, 3).reshape(-1, 64, 64)


def copied(dataset: Dataset) -> float:
    same = [(cells(e.frames_THW[:-1]) == cells(e.frames_THW[1:])).all(-1) for e in dataset.episodes]
    return 100 * float(np.concatenate(same).mean())


def test_copying_the_last_frame_scores_what_the_design_says(demos: Dataset) -> None:
    baselines = {game_name(game): round(copied(demos.of_game(game)), 1) for game in demos.games}
    assert baselines == {"ls20": 88.5, "vc33": 90.7, "ft09": 91.9}
    assert round(copied(demos), 1) == 89.7
    assert round(copied(demos.part("validation")), 1) == 90.0


def test_no_level_up_in_validation_is_novel(demos: Dataset) -> None:
    seen = NoveltyIndex.from_dataset(demos.part("train"))
    won = novel = 0
    for episode in demos.part("validation").episodes:
        level_up = episode.outcomes_A == Outcome.LEVEL_WON
        pairs = seen.novel_pairs(episode.frames_THW[:-1], episode.actions_A3)
        won, novel = won + level_up.sum(), novel + (pairs & level_up).sum()
    assert (won, novel) == (35, 0)
