"""A world model as an environment: Gymnasium's checker, wrappers, rewards, and ends of episodes."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.evaluation.online.baselines import FrameState, LastEffectModel
from arcworld.models.interface import Prediction, make_prediction
from arcworld.play.environment import ArcEnv
from arcworld.play.imagined_environment import WorldModelEnv
from arcworld.recordings.episode import Action, Outcome

START = np.full((64, 64), 5, np.uint8)
WIN_BY, DIE_BY = 2, 3


class Counter(LastEffectModel):
    """Colours one more pixel per action; action 2 wins a level, action 3 ends the game."""

    name = "counter"

    def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
        outcomes_NO = np.zeros((len(actions), 3), np.float32)
        states: list[FrameState] = []
        for number, action in enumerate(actions):
            chances = {WIN_BY: Outcome.LEVEL_WON, DIE_BY: Outcome.GAME_OVER}
            outcomes_NO[number, chances.get(action.id, Outcome.NOTHING)] = 1
            frame_HW = state.frame_HW.copy()
            frame_HW.flat[int((frame_HW == 1).sum())] = 1
            states.append(FrameState(frame_HW))
        return make_prediction(states, 0.75, outcomes_NO)


@pytest.fixture
def env() -> WorldModelEnv:
    made = WorldModelEnv(
        Counter(), {"frames": START, "win_levels": 2}, max_actions=6, render_mode="rgb_array"
    )
    made.reset(seed=1)
    return made


def act(env: Any, action_id: int) -> Any:
    return env.step(np.array([action_id, 0, 0]))


def pixels(frame_HW: NDArray[np.uint8]) -> int:
    return int((frame_HW == 1).sum())


def test_it_passes_the_checker(env: WorldModelEnv) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)


def test_spaces_and_info_are_those_of_the_game(env: WorldModelEnv) -> None:
    game = ArcEnv("keys")
    _, real = game.reset(seed=0)
    _, info = env.reset()
    assert env.observation_space == game.observation_space
    assert env.action_space == game.action_space
    assert info.keys() - real.keys() == {"confidence", "outcomes"} and not real.keys() - info.keys()
    for name in real:
        assert type(info[name]) is type(real[name]), name
    game.close()


def test_each_step_continues_from_the_imagined_state(env: WorldModelEnv) -> None:
    assert [pixels(act(env, 1)[0]) for _ in range(3)] == [1, 2, 3]
    *_, info = act(env, 1)
    assert info["confidence"] == 0.75 and info["outcomes"] == (1.0, 0.0, 0.0)
    picture = env.render()
    assert picture is not None and picture.shape == (256, 256, 3)


def test_levels_are_rewarded_and_the_last_terminates(env: WorldModelEnv) -> None:
    found = [act(env, action_id)[1:4] for action_id in (1, WIN_BY, WIN_BY)]
    assert found == [(0.0, False, False), (1.0, False, False), (1.0, True, False)]
    assert env.observation.state == "WIN" and env.observation.legal_actions == ()


def test_game_over_leaves_reset_alone_which_returns_to_the_level(env: WorldModelEnv) -> None:
    act(env, WIN_BY)
    *_, info = act(env, DIE_BY)
    assert info["state"] == "GAME_OVER" and info["legal_actions"] == (0,)
    frame_HW, _, _, _, info = act(env, 1)
    assert info["illegal"] and pixels(frame_HW) == 2
    frame_HW, reward, _, _, info = act(env, 0)
    assert pixels(frame_HW) == 1 and reward == 0
    assert info["levels_completed"] == 1 and info["state"] == "NOT_FINISHED"


def test_forks_do_not_see_each_other(env: WorldModelEnv) -> None:
    act(env, 1)
    other = env.fork()
    act(other, WIN_BY)
    act(other, 1)
    assert (pixels(env.observation.frame_HW), env.observation.levels_completed) == (1, 0)
    assert (pixels(other.observation.frame_HW), other.observation.levels_completed) == (3, 1)
    assert [act(env, 1)[3] for _ in range(5)] == [False] * 4 + [True]
    assert not act(other, 1)[3]
    copied = copy.deepcopy(env)
    assert copied.model is not env.model and other.model is env.model


def test_frames_before_the_start_are_observed() -> None:
    """The model observes that action 1 sets a pixel, and predicts the same from another frame."""
    after = START.copy()
    after[10, 10] = 7
    env = WorldModelEnv(LastEffectModel())
    frames = np.stack([START, after])
    env.reset(options={"frames": frames, "actions": [[1, 0, 0]]})
    assert np.array_equal(env.observation.frame_HW, after)
    env.reset(options={"frames": np.full((64, 64), 2, np.uint8)})
    frame_HW = act(env, 1)[0]
    assert frame_HW[10, 10] == 7 and int((frame_HW != 2).sum()) == 1


def test_a_state_of_the_model_is_a_start(env: WorldModelEnv) -> None:
    act(env, 1)
    state = env.state
    act(env, 1)
    env.reset(options={"state": state, "available_actions": (1, 6), "levels_completed": 1})
    assert pixels(act(env, 1)[0]) == 2
    assert env.observation.available_actions == (1, 6)
    assert act(env, 4)[4]["illegal"]


def test_another_start_is_also_the_start_of_the_level(env: WorldModelEnv) -> None:
    first = env.state
    act(env, 1)
    second = env.state
    imagined = WorldModelEnv(env.model, options={"state": first, "level_start": first})
    imagined.reset()
    imagined.reset(options={"state": second})
    act(imagined, 1)
    frame_HW = act(imagined, 0)[0]
    assert np.array_equal(frame_HW, second.frame_HW)


def test_wrappers_and_vectors() -> None:
    def make() -> Any:
        inner = WorldModelEnv(Counter(), {"frames": START})
        return RecordEpisodeStatistics(TimeLimit(inner, 3))

    env = make()
    env.reset(seed=0)
    infos = [act(env, action_id) for action_id in (1, 4, 4)]
    assert infos[-1][3] and infos[-1][4]["episode"]["l"] == 3
    vector = SyncVectorEnv([make, make])
    frames, _ = vector.reset(seed=0)
    assert frames.shape == (2, 64, 64)
    frames, rewards, *_ = vector.step(np.array([[1, 0, 0], [WIN_BY, 0, 0]]))
    assert rewards.tolist() == [0.0, 1.0]
    vector.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "found no start"),
        ({"frame": START}, "did you mean 'frames'"),
        ({"frames": START[:32]}, r"found frames of uint8 \[32, 64\]"),
        ({"frames": START + np.uint8(20)}, "expected whole colours 0-15"),
        ({"frames": np.stack([START, START])}, r"expected \[1, 3\]"),
    ],
)
def test_a_start_that_cannot_be_used_is_an_error_of_one_line(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArcworldError, match=message):
        WorldModelEnv(Counter()).reset(options=options)


def test_before_reset() -> None:
    with pytest.raises(ArcworldError, match=r"call reset\(\) first"):
        act(WorldModelEnv(Counter()), 1)
