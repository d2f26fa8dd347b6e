"""Wrappers for reinforcement learning libraries: spaces, masks, and the actions they send."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import warnings
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics, RecordVideo, TimeLimit

from arcworld.errors import ArcworldError
from arcworld.play.environment import ENV_ID, ArcEnv, register
from arcworld.play.toolkit import OWN_GAMES, Toolkit
from arcworld.play.wrappers import SIMPLE, DiscreteActions, OneHotFrames, RgbFrames, click_points


def make(game: str = "taps", **settings: Any) -> Any:
    register()
    return gymnasium.make(ENV_ID, game=game, **settings)


@pytest.mark.parametrize("first", ["arcworld", "gymnasium"])
def test_make_needs_no_call_whichever_is_imported_first(first: str) -> None:
    code = (
        f"import {first}, gymnasium, arcworld\n"
        "env = gymnasium.make('arcworld:arcworld/Game-v0')\n"
        "print(env.reset(seed=0)[0].shape)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "(64, 64)"


def test_importing_arcworld_does_not_import_gymnasium() -> None:
    code = "import arcworld, sys; print('gymnasium' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize("wrap", [DiscreteActions, OneHotFrames, RgbFrames])
def test_the_checker_accepts_each_wrapper(wrap: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version")
        env = wrap(ArcEnv("taps"))
        check_env(env, skip_render_check=True)
        env.close()


def test_discrete_actions_by_mask_are_legal_and_click_objects() -> None:
    env = DiscreteActions(make("taps"))
    _, info = env.reset(seed=0)
    env.action_space.seed(0)
    clicked: set[int] = set()
    for _ in range(200):
        mask = info["action_mask"]
        assert np.array_equal(env.action_masks(), mask.astype(bool))
        action = env.action_space.sample(mask=mask)
        _, x, y = env.to_row(action).tolist()
        frame = env.unwrapped.observation.frame_HW  # type: ignore[attr-defined]
        if action >= len(SIMPLE):
            clicked.add(int(frame[y, x]))
        *_, over, truncated, info = env.step(action)
        assert not info["illegal"]
        if over or truncated:
            _, info = env.reset()
    assert len(clicked) > 1
    env.close()


def test_numbers_beyond_the_objects_click_them_again() -> None:
    env = DiscreteActions(make("taps"), max_objects=200)
    env.reset(seed=0)
    count = int(env.action_masks()[len(SIMPLE) :].sum())
    assert 0 < count < 200
    first, again = len(SIMPLE), len(SIMPLE) + count
    assert env.to_row(first).tolist() == env.to_row(again).tolist()
    assert env.action_masks()[again:].sum() == 0
    with pytest.raises(ArcworldError, match="from 0 to 206"):
        env.step(207)
    env.close()


def test_small_objects_are_kept_first() -> None:
    frame = np.zeros((64, 64), np.uint8)
    frame[2, 2] = 1
    frame[10:20, 10:12] = 2
    assert click_points(frame, 1) == [(10, 14)]
    assert click_points(frame, 2) == [(2, 2), (10, 14)]


def test_frames_as_images() -> None:
    one_hot, rgb = OneHotFrames(make()), RgbFrames(make(), zoom=2)
    image, _ = one_hot.reset(seed=0)
    assert one_hot.observation_space.contains(image)
    assert (image.sum(axis=0) == 255).all()
    frame = one_hot.unwrapped.observation.frame_HW  # type: ignore[attr-defined]
    assert np.array_equal(image.argmax(axis=0), frame)
    picture, _ = rgb.reset(seed=0)
    assert rgb.observation_space.contains(picture) and picture.shape == (128, 128, 3)
    with pytest.raises(ArcworldError, match="only one of"):
        OneHotFrames(rgb)
    with pytest.raises(ArcworldError, match="CartPoleEnv"):
        DiscreteActions(gymnasium.make("CartPole-v1"))


def test_a_spec_goes_through_json_and_pickle(write_game: Any) -> None:
    games: Path = write_game()
    env = OneHotFrames(DiscreteActions(make("tiny", games=games, max_episode_steps=9), 5))
    assert env.spec is not None
    assert json.loads(env.spec.to_json())["kwargs"] == {"game": "tiny", "games": str(games)}
    specs = [
        EnvSpec.from_json(env.spec.to_json()),
        ForkingPickler.loads(ForkingPickler.dumps(env.spec)),  # type: ignore[attr-defined]
        copy.deepcopy(env.spec),
    ]
    for spec in specs:
        again = gymnasium.make(spec)
        assert again.action_space == env.action_space
        assert np.array_equal(again.reset(seed=3)[0], env.reset(seed=3)[0])
        again.close()
    env.close()


def test_the_spec_of_a_given_toolkit_names_its_folder(toolkit: Toolkit) -> None:
    env = make("tiny", toolkit=toolkit)
    assert env.spec.kwargs == {"game": "tiny", "games": str(toolkit.folder)}
    env.spec.to_json()


def test_a_copy_is_in_the_same_state_and_independent() -> None:
    env = make("mosaic", max_episode_steps=100)
    _, info = env.reset(seed=4)
    env.action_space.seed(4)
    for _ in range(30):
        *_, info = env.step(env.action_space.sample(mask=info["action_mask"]))
    twin = copy.deepcopy(env)
    actions = [env.action_space.sample(mask=info["action_mask"]) for _ in range(10)]
    before = twin.unwrapped.observation
    first = [env.step(action)[0] for action in actions]
    assert (
        twin.unwrapped.observation is before and twin.unwrapped.session is not env.unwrapped.session
    )
    second = [twin.step(action)[0] for action in actions]
    assert np.array_equal(first, second)
    env.close()
    twin.close()


def test_a_copy_of_a_game_with_chance_is_refused(write_game: Any) -> None:
    source = Path(write_game() / "tiny" / "0001" / "tiny.py").read_text()
    chance = source.replace(
        "self.dot().move(1, 0)", "self.dot().move(int(np.random.rand() * 40), 0)"
    )
    env = make("tiny-0002", games=write_game("tiny-0002", chance))
    env.reset(seed=0)
    for _ in range(3):
        env.step(np.array([1, 0, 0]))
    with pytest.raises(ArcworldError, match="deterministic"):
        copy.deepcopy(env)
    env.close()


@pytest.mark.parametrize("action", [5, [1, 2], [1.0, 2.0, 3.0], [9, 0, 0], [6, 64, 0], "up", None])
def test_an_action_of_another_form_is_refused_in_one_line(action: Any) -> None:
    env = ArcEnv("keys")
    env.reset(seed=0)
    with pytest.raises(ArcworldError, match="action") as caught:
        env.step(action)
    assert "\n" not in str(caught.value)
    env.close()


def test_time_limit_and_statistics() -> None:
    env = RecordEpisodeStatistics(TimeLimit(ArcEnv("keys", games=str(OWN_GAMES)), 3))
    env.reset(seed=0)
    steps = [env.step(np.array([1, 0, 0])) for _ in range(3)]
    assert [truncated for _, _, _, truncated, _ in steps] == [False, False, True]
    assert steps[-1][4]["episode"]["l"] == 3
    env.close()


def test_record_video(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With moviepy's clip replaced: it needs ffmpeg, and an older pillow than the project's."""
    clips: list[list[Any]] = []

    class Clip:
        def __init__(self, frames: list[Any], fps: float) -> None:
            assert fps == 5
            clips.append(frames)

        def write_videofile(self, path: str, **_: Any) -> None:
            Path(path).touch()

    for name in ("moviepy", "moviepy.video", "moviepy.video.io"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    module = ModuleType("moviepy.video.io.ImageSequenceClip")
    module.ImageSequenceClip = Clip  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "moviepy.video.io.ImageSequenceClip", module)
    env = RecordVideo(
        make("keys", render_mode="rgb_array"), str(tmp_path / "videos"), lambda _: True
    )
    env.reset(seed=0)
    for _ in range(4):
        env.step(np.array([1, 0, 0]))
    env.close()
    assert [len(frames) for frames in clips] == [5] and clips[0][0].shape == (256, 256, 3)
