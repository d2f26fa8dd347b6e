"""Vector environments: `info` stacks for every game, in every mode of stepping and resetting."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import DictInfoToList

from arcworld.play.environment import ENV_ID
from arcworld.play.registration import register
from arcworld.play.toolkit import OWN_GAMES
from arcworld.play.wrappers import DiscreteActions

GAMES = sorted(path.name for path in OWN_GAMES.iterdir())
STEPS = 500
OTHER_GAMES = os.environ.get("ARCWORLD_GAMES_FOLDER")
"""A folder of further games to try, for a run by hand."""


def make(mode: str, copies: int, autoreset: AutoresetMode, **settings: Any) -> Any:
    register()
    multiprocessing.set_forkserver_preload(["arcworld.play.environment", "arc_agi"])
    vector: dict[str, Any] = {"autoreset_mode": autoreset}
    if mode == "async":
        vector["context"] = "forkserver"
    return gymnasium.make_vec(
        ENV_ID, num_envs=copies, vectorization_mode=mode, vector_kwargs=vector, **settings
    )


def play(envs: Any, steps: int, seed: int = 0) -> list[dict[str, Any]]:
    """Play random legal actions; return the info of each step."""
    _, infos = envs.reset(seed=seed)
    envs.single_action_space.seed(seed)
    kept, masks, over = [infos], list(infos["action_mask"]), np.zeros(envs.num_envs, bool)
    by_hand = envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED
    for _ in range(steps):
        if by_hand and over.any():
            _, infos = envs.reset(options={"reset_mask": over})
            over = np.zeros(envs.num_envs, bool)
        else:
            actions = [envs.single_action_space.sample(mask=mask) for mask in masks]
            _, _, terminated, truncated, infos = envs.step(np.array(actions))
            over = terminated | truncated
            kept.append(infos)
        for i in np.flatnonzero(infos["_action_mask"]):
            masks[i] = infos["action_mask"][i]
    return kept


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_every_game_for_500_steps(game: str, mode: str) -> None:
    envs = make(mode, 2, AutoresetMode.NEXT_STEP, game=game, max_actions=60)
    infos = play(envs, STEPS)
    envs.close()
    assert len(infos) == STEPS + 1
    assert all(len(each["grids"]) == 2 for each in infos)
    assert all(grids[-1].shape == (64, 64) for each in infos for grids in each["grids"])


@pytest.mark.parametrize("autoreset", list(AutoresetMode))
@pytest.mark.parametrize("copies", [1, 3, 8])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_every_way_to_reset(autoreset: AutoresetMode, copies: int, mode: str) -> None:
    envs = make(mode, copies, autoreset, game="mosaic", max_actions=9)
    infos = play(envs, 60)
    envs.close()
    animated = {len(grids) for each in infos for grids in each["grids"]}
    assert animated > {1}, "no animation was seen: the test would pass without stacking"
    if autoreset is AutoresetMode.SAME_STEP:
        final = [each["final_info"]["grids"] for each in infos if "final_info" in each]
        assert final and all(len(grids) == copies for grids in final)


def test_sync_and_async_agree() -> None:
    modes = [make(mode, 2, AutoresetMode.NEXT_STEP, game="crates") for mode in ("sync", "async")]
    sync, other = (play(envs, 40, seed=5) for envs in modes)
    for one, two in zip(sync, other, strict=True):
        assert one["levels_completed"].tolist() == two["levels_completed"].tolist()
        for first, second in zip(one["grids"], two["grids"], strict=True):
            assert np.array_equal(first, second)
    for envs in modes:
        envs.close()


def test_infos_can_be_taken_apart() -> None:
    envs = DictInfoToList(make("sync", 2, AutoresetMode.NEXT_STEP, game="taps"))
    _, infos = envs.reset(seed=0)
    assert [info["state"] for info in infos] == ["NOT_FINISHED"] * 2  # type: ignore[index]
    envs.close()


def test_masks_of_discrete_actions_stack_to_one_array() -> None:
    envs = make("sync", 3, AutoresetMode.NEXT_STEP, game="taps", wrappers=[DiscreteActions])
    _, infos = envs.reset(seed=0)
    assert infos["action_mask"].shape == (3, 71) and infos["action_mask"].dtype == np.int8
    for _ in range(30):
        actions = envs.action_space.sample(mask=tuple(infos["action_mask"]))
        infos = envs.step(actions)[4]
        assert not infos["illegal"].any()
    envs.close()


@pytest.mark.skipif(OTHER_GAMES is None, reason="ARCWORLD_GAMES_FOLDER names no folder of games")
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_other_games(mode: str) -> None:
    assert OTHER_GAMES is not None
    for name in sorted(path.name for path in Path(OTHER_GAMES).iterdir() if path.is_dir()):
        for autoreset in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
            envs = make(mode, 2, autoreset, game=name, games=OTHER_GAMES, max_actions=80)
            assert len(play(envs, STEPS)) == STEPS + 1
            envs.close()
