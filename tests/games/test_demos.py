from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.games.catalogue import entries, game_split
from arcworld.games.demo_player import DemoConfig
from arcworld.games.demos import make_demos
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET, Episode, Outcome, game_name
from arcworld.recordings.reader import iter_grids, read_recording

NAMES = sorted(entries())
DEMOS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demos")
    make_demos(out, demos_per_game=DEMOS)
    return out


def recordings(folder: Path, name: str) -> list[Path]:
    paths = sorted(folder.glob(f"{name}-*/*.recording.jsonl.gz"))
    assert len(paths) == DEMOS
    return paths


def only_episode(path: Path) -> Episode:
    recording = read_recording(path)
    assert not recording.problems and len(recording.episodes) == 1
    return recording.episodes[0]


@pytest.mark.parametrize("name", NAMES)
def test_replay_gives_the_same_grids_one_for_one(folder: Path, name: str) -> None:
    for path in recordings(folder, name):
        episode = only_episode(path)
        with Toolkit() as toolkit:
            session = toolkit.open(name)
            answers = [session.observation]
            answers += [session.step(episode.action(t)) for t in range(len(episode))]
        for t, (answer, grids) in enumerate(zip(answers, iter_grids(path), strict=True)):
            np.testing.assert_array_equal(np.stack(answer.grids), grids, err_msg=f"row {t + 1}")
            assert answer.levels_completed == episode.levels_T[t]
            assert len(grids) == episode.grids_T[t]
            np.testing.assert_array_equal(answer.frame_HW, episode.frames_THW[t])


@pytest.mark.parametrize("name", NAMES)
def test_a_third_stops_early_and_the_others_win(folder: Path, name: str) -> None:
    episodes = [only_episode(path) for path in recordings(folder, name)]
    finished = [int(one.levels_T[-1]) == one.win_levels for one in episodes]
    assert finished.count(False) == 1
    for episode in episodes:
        assert np.count_nonzero(episode.outcomes_A == Outcome.LEVEL_WON) == episode.levels_T[-1]


@pytest.mark.parametrize("name", NAMES)
def test_levels_are_explored_then_reset_and_never_twice(folder: Path, name: str) -> None:
    for path in recordings(folder, name):
        episode = only_episode(path)
        resets = np.flatnonzero(episode.actions_A3[:, 0] == RESET)
        assert len(resets) >= episode.levels_T[-1] - 1 and np.all(np.diff(resets) > 1)
        won = np.flatnonzero(episode.outcomes_A == Outcome.LEVEL_WON)
        assert not set(won + 1) & set(resets), "a RESET right after a level was won"
        assert not np.any(np.diff(episode.levels_T.astype(int)) < 0)


def test_after_game_over_only_reset_follows(tmp_path: Path) -> None:
    config = DemoConfig(reckless=1.0)
    paths = make_demos(tmp_path, ["keys"], demos_per_game=1, config=config)
    episode = only_episode(paths[0])
    over = np.flatnonzero(episode.outcomes_A == Outcome.GAME_OVER)
    assert len(over) >= 3
    assert np.all(episode.actions_A3[over[over < len(episode) - 1] + 1, 0] == RESET)
    assert episode.levels_T[-1] == episode.win_levels


def test_split_names_every_demo_once(folder: Path) -> None:
    parts = json.loads((folder / "split.json").read_text())
    named = [name for part in parts.values() for name in part]
    found = [path.relative_to(folder).as_posix() for path in folder.glob("*/*.gz")]
    assert sorted(named) == sorted(found)
    games = {part: {game_name(name) for name in names} for part, names in parts.items()}
    assert games["train"] == games["validation"] == set(game_split().train)
    assert games["unseen"] == set(game_split().unseen)


def test_held_out_games_alone_are_for_validation(tmp_path: Path) -> None:
    make_demos(tmp_path, ["crates"], demos_per_game=1)
    parts = json.loads((tmp_path / "split.json").read_text())
    assert parts["train"] == [] and len(parts["validation"]) == 1


def test_a_seed_fixes_the_play(folder: Path, tmp_path: Path) -> None:
    twice = [*make_demos(tmp_path, ["keys"], 1), *make_demos(tmp_path, ["keys"], 1)]
    assert twice[0] == twice[1] and len(list(tmp_path.rglob("*.gz"))) == 1
    again = only_episode(twice[0])
    same = only_episode(folder / twice[0].relative_to(tmp_path))
    np.testing.assert_array_equal(again.actions_A3, same.actions_A3)
    np.testing.assert_array_equal(again.frames_THW, same.frames_THW)
    other = only_episode(make_demos(tmp_path, ["keys"], 1, seed=1)[0])
    assert not np.array_equal(other.actions_A3, again.actions_A3)
    assert other.guid != again.guid


def test_progress_hears_each_demo(tmp_path: Path) -> None:
    heard: list[tuple[int, int, Path]] = []
    paths = make_demos(tmp_path, ["keys"], 2, progress=lambda *reported: heard.append(reported))
    assert heard == [(1, 2, paths[0]), (2, 2, paths[1])]


def test_bad_requests_write_nothing(tmp_path: Path) -> None:
    with pytest.raises(ArcworldError, match="did you mean 'keys'"):
        make_demos(tmp_path / "a", ["keis"])
    with pytest.raises(ArcworldError, match="expected 1 or more"):
        make_demos(tmp_path / "a", ["keys"], 0)
    assert not (tmp_path / "a").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(ArcworldError, match="no folder can be made here"):
        make_demos(tmp_path / "file" / "b", ["keys"])


def test_a_broken_demo_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("arcworld.games.demo_player.Demo._play_level", stop)
    with pytest.raises(KeyboardInterrupt):
        make_demos(tmp_path, ["keys"], 1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
