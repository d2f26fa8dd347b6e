"""The Gymnasium environment: Gymnasium's checker, rewards, ends of episodes, faults."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from arcworld.errors import ArcworldError
from arcworld.play.environment import ENV_ID, ArcEnv, register
from arcworld.play.toolkit import Toolkit


def act(env: ArcEnv, action_id: int, x: int = 0, y: int = 0) -> Any:
    return env.step(np.array([action_id, x, y]))


@pytest.fixture
def env(toolkit: Toolkit) -> ArcEnv:
    made = ArcEnv("tiny", toolkit=toolkit, max_actions=6, render_mode="rgb_array")
    made.reset(seed=7)
    return made


def test_it_passes_the_checker(write_game: Any) -> None:
    source = Path(write_game() / "tiny" / "0001" / "tiny.py").read_text()
    games = write_game("tiny-0002", source.replace("[1, 2, 3, 4, 5, 6, 7]", "[1, 2, 3, 6]"))
    register()
    register()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = gymnasium.make(ENV_ID, game="tiny-0002", games=games, max_actions=50)
        check_env(made.unwrapped)
        made.close()


def test_rewards_are_levels_gained_and_a_win_terminates(env: ArcEnv) -> None:
    outcomes = [act(env, action_id)[1:4] for action_id in (1, 2, 2, 1, 2)]
    assert [reward for reward, _, _ in outcomes] == [0, 1, 1, 0, 1]
    assert [terminated for _, terminated, _ in outcomes] == [False] * 4 + [True]
    assert not any(truncated for _, _, truncated in outcomes)
    assert env.scorecard().levels_completed == 3


def test_max_actions_truncates_and_a_win_on_the_last_does_not(env: ArcEnv) -> None:
    assert [act(env, 1)[3] for _ in range(6)] == [False] * 5 + [True]
    env.reset()
    for action_id in (1, 1, 1, 2, 2):
        act(env, action_id)
    assert act(env, 2)[2:4] == (True, False)


def test_game_over_leaves_reset_alone(env: ArcEnv) -> None:
    act(env, 2)
    act(env, 1)
    frame, reward, terminated, truncated, info = act(env, 3)
    assert (info["state"], reward, terminated, truncated) == ("GAME_OVER", 0, False, False)
    assert info["action_mask"][0].tolist() == [1] + [0] * 7
    assert env.action_masks()[:8].tolist() == [True] + [False] * 7
    assert env.action_space.sample(mask=info["action_mask"])[0] == 0
    same, _, _, _, info = act(env, 1)
    assert info["illegal"] and np.array_equal(frame, same)
    _, reward, _, _, info = act(env, 0)
    assert (info["state"], info["levels_completed"], reward) == ("NOT_FINISHED", 1, 0)
    assert env.scorecard().actions == env.session.actions == 4


def test_a_reset_of_the_whole_game_is_not_sent(env: ArcEnv) -> None:
    act(env, 2)
    info = act(env, 0)[4]
    assert info["illegal"] and info["levels_completed"] == 1
    assert env.session.actions == 1


def test_a_game_that_only_a_full_reset_continues_truncates(env: ArcEnv) -> None:
    assert act(env, 7)[1:4] == (1, False, True)


def test_faults_truncate_with_their_reason(env: ArcEnv) -> None:
    *_, truncated, info = act(env, 5)
    assert truncated and "RuntimeError: broken on purpose" in info["fault"]
    assert info["state"] == "NOT_FINISHED" and env.session.actions == 0


def test_seeds_and_runs(env: ArcEnv) -> None:
    first = env.session.observation
    kept, _ = env.reset()
    other, _ = env.reset(seed=8)
    assert np.array_equal(first.frame_HW, kept) and not np.array_equal(kept, other)
    assert len(env.scorecard().games[0].runs) == 3


def test_what_it_shows(env: ArcEnv) -> None:
    frame, info = env.reset()
    assert len(info["grids"]) == 1 and info["available_actions"] == (1, 2, 3, 4, 5, 6, 7)
    after, _, _, _, info = act(env, 2)
    assert len(info["grids"]) == 4 and np.array_equal(info["grids"][-1], after)
    picture = env.render()
    assert picture is not None and picture.shape == (256, 256, 3) and picture.dtype == np.uint8
    frame[:] = 0
    assert env.session.observation.frame_HW.any()


def test_its_own_toolkit_is_closed_and_a_given_one_is_not(
    write_game: Any, toolkit: Toolkit, tmp_path: Path
) -> None:
    own = ArcEnv("tiny", games=tmp_path / "games")
    with pytest.raises(ArcworldError, match="call reset"):
        own.step(np.array([1, 0, 0]))
    own.reset()
    own.close()
    own.close()
    with pytest.raises(ArcworldError, match="closed"):
        own.reset()
    ArcEnv("tiny", toolkit=toolkit).close()
    assert toolkit.open("tiny").actions == 0
