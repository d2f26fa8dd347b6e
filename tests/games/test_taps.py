from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from arcengine import ActionInput, GameState
from arcengine import GameAction as EngineAction
from hypothesis import given
from hypothesis import strategies as st

from arcworld.games.catalogue import entry, game_source
from arcworld.games.players.taps import explore, solver

game = game_source("taps")


def click(playing: Any, x: int, y: int) -> Any:
    data = {"x": x, "y": y}
    return playing.perform_action(ActionInput(id=EngineAction.ACTION6, data=data), raw=True)


def test_controls_are_read_as_written() -> None:
    assert game.control("0>1") == game.Control(0, 1, False, "")
    assert game.control("2>>1m") == game.Control(2, 1, True, "m")
    assert game.control("+2") == game.Control(None, 2, False, "")
    assert game.control("--0p") == game.Control(0, None, True, "p")


def test_the_classic_of_two_jugs() -> None:
    jugs = game.plan("jugs", "5:0>4 3:0", "++0 0>>1 --1", 9)
    levels = (0, 0)
    for button, after in zip(
        (0, 1, 2, 1, 0, 1), ((5, 0), (2, 3), (2, 0), (0, 2), (5, 2), (4, 3)), strict=True
    ):
        assert not game.solved(jugs, levels)
        levels = game.press(jugs, levels, button)
        assert levels == after
    assert game.solved(jugs, levels)


def test_a_gang_acts_as_one() -> None:
    both = game.plan("both", "4:1>2 4:1>2", "+0m +1m -1", 9)
    assert game.press(both, (1, 1), 0) == game.press(both, (1, 1), 1) == (2, 2)
    assert game.press(both, (1, 1), 2) == (1, 0)


@given(st.integers(0, len(game.PLANS) - 1), st.lists(st.integers(0, 20), max_size=40))
def test_water_stays_in_the_tanks_and_pipes_lose_none(level: int, buttons: list[int]) -> None:
    plan = game.PLANS[level]
    levels = tuple(tank.level for tank in plan.tanks)
    for choice in buttons:
        one = plan.controls[choice % len(plan.controls)]
        after = game.fire(plan, levels, one)
        if one.source is not None and one.target is not None:
            assert sum(after) == sum(levels)
        levels = after
        assert all(0 <= n <= tank.capacity for n, tank in zip(levels, plan.tanks, strict=True))


@pytest.mark.parametrize("level", range(len(game.PLANS)))
def test_levels_are_neither_trivial_nor_tight(level: int) -> None:
    plan, shortest = game.PLANS[level], solver(level).distance(solver(level).start)
    assert shortest is not None and shortest >= 3
    assert 2 * shortest <= plan.clicks <= game.BAR_W, "every click must show in the bar"
    assert shortest < entry("taps").baseline_actions[level] <= plan.clicks


@pytest.mark.parametrize("level", range(len(game.PLANS)))
def test_buttons_lie_apart_and_clear_of_the_glass(level: int) -> None:
    plan, cover = game.PLANS[level], np.zeros((64, 64), dtype=int)
    for button in range(len(plan.controls)):
        x, y = game.button_corner(plan, button)
        assert 0 <= x <= 64 - game.BUTTON and 0 <= y <= game.BAR_Y - game.BUTTON
        cover[y : y + game.BUTTON, x : x + game.BUTTON] += 1
        assert game.button_at(plan, x, y) == button
    for tank in range(len(plan.tanks)):
        x, top, width = game.tank_box(plan, tank)
        cover[top - 1 : game.BOTTOM + 1, x : x + width] += 1
    assert cover.max() == 1


def test_every_click_costs_and_an_empty_bar_ends_the_game() -> None:
    playing = game.Taps()
    playing.perform_action(ActionInput(id=EngineAction.RESET), raw=True)
    frames = [click(playing, 0, 0).frame[-1] for _ in range(game.PLANS[0].clicks - 1)]
    assert all(np.any(a != b) for a, b in itertools.pairwise(frames))
    assert click(playing, 0, 0).state == GameState.GAME_OVER
    again = playing.perform_action(ActionInput(id=EngineAction.RESET), raw=True)
    assert again.state == GameState.NOT_FINISHED and not again.full_reset


def test_all_that_flows_is_shown_unit_by_unit() -> None:
    playing = game.Taps()
    playing.set_level(4)
    x, y = game.button_corner(playing.plan, 0)
    grids = click(playing, x + 3, y + 3).frame
    water = [int(np.isin(grid[: game.BOTTOM], (game.BLUE, game.SKY)).sum()) for grid in grids[:-1]]
    assert len(grids) == 6 and water == sorted(set(water))


def test_exploring_prefers_buttons_to_background() -> None:
    playing, rng = game.Taps(), np.random.default_rng(0)
    frame = playing.perform_action(ActionInput(id=EngineAction.RESET), raw=True).frame[-1]
    tries = [explore(frame, (6,), rng) for _ in range(200)]
    hits = sum(game.button_at(playing.plan, t.x, t.y) is not None for t in tries)
    area = len(playing.plan.controls) * game.BUTTON**2 / 64**2
    assert hits / 200 > 5 * area
