"""Reinforcement learning libraries train on the environments; the example runs."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from arcworld.play.environment import ENV_ID, register
from arcworld.play.wrappers import DiscreteActions, OneHotFrames, RgbFrames

stable_baselines3 = pytest.importorskip("stable_baselines3", reason="needs the extra `rl`")
sb3_contrib = pytest.importorskip("sb3_contrib", reason="needs the extra `rl`")

EXAMPLE = Path(__file__).parents[2] / "examples" / "train_maskable_ppo.py"
STEPS = int(os.environ.get("ARCWORLD_RL_STEPS", "24"))
"""Training steps of each test; a run by hand takes 500."""
GAMES = os.environ.get("ARCWORLD_RL_GAMES", "taps").split(",")
BATCH = {"n_steps": 8, "batch_size": 8, "n_epochs": 1}


def make(game: str, *wrappers: Any) -> Any:
    register()
    env: Any = gymnasium.make(ENV_ID, game=game, max_actions=20)
    for wrap in wrappers:
        env = wrap(env)
    return env


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("images", [OneHotFrames, RgbFrames])
def test_ppo(game: str, images: Any) -> None:
    env = make(game, images)
    model = stable_baselines3.PPO("CnnPolicy", env, device="cpu", seed=0, **BATCH)
    assert model.learn(STEPS).num_timesteps >= STEPS
    env.close()


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("wrappers", [(OneHotFrames,), (DiscreteActions, OneHotFrames)])
def test_maskable_ppo(game: str, wrappers: Any) -> None:
    env = make(game, *wrappers)
    model = sb3_contrib.MaskablePPO("CnnPolicy", env, device="cpu", seed=0, **BATCH)
    assert model.learn(STEPS).num_timesteps >= STEPS
    env.close()


def test_maskable_ppo_sends_legal_actions_only() -> None:
    env = make("taps", DiscreteActions, OneHotFrames)
    illegal: list[bool] = []
    step = env.unwrapped.step

    def watched(action: Any) -> Any:
        answer = step(action)
        illegal.append(answer[4]["illegal"])
        return answer

    env.unwrapped.step = watched
    sb3_contrib.MaskablePPO("CnnPolicy", env, device="cpu", seed=0, **BATCH).learn(STEPS)
    assert len(illegal) >= STEPS and not any(illegal)
    env.close()


def test_dqn() -> None:
    env = make("crates", DiscreteActions, RgbFrames)
    model = stable_baselines3.DQN(
        "CnnPolicy", env, device="cpu", seed=0, buffer_size=100, learning_starts=8, batch_size=8
    )
    assert model.learn(STEPS).num_timesteps >= STEPS
    env.close()


def test_the_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--game", "keys", "--steps", "8", "--max-actions", "5"]
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *small])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert capsys.readouterr().out.startswith("8 training steps; then ")
