from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arcengine import ActionInput, GameState
from arcengine import GameAction as EngineAction
from hypothesis import given
from hypothesis import strategies as st

from arcworld.games.catalogue import entry, game_source
from arcworld.games.players.mosaic import presses, reduce

game = game_source("mosaic")
LEVELS = range(len(game.PLANS))


def click(playing: Any, x: int, y: int) -> Any:
    data = {"x": x, "y": y}
    return playing.perform_action(ActionInput(id=EngineAction.ACTION6, data=data), raw=True)


def test_what_turns_with_a_tile() -> None:
    plan = game.Plan("kinds", (0, 1), "000 000 000", "+-| .x# ...", "000 000 000", 9)
    turned = [game.turned(plan, tile) for tile in range(6)]
    assert turned == [(0, 1, 3), (0, 1, 2), (2, 5, 8), (3,), (0, 2, 4, 6, 8), ()]


@given(st.sampled_from(LEVELS), st.lists(st.integers(0, 24), min_size=1, max_size=12), st.data())
def test_order_does_not_matter_and_colours_come_round(
    level: int, choices: list[int], data: st.DataObject
) -> None:
    plan = game.PLANS[level]
    start = game.tiles(plan.start)
    clicks = [choice % plan.side**2 for choice in choices]
    boards = [start, start]
    for one, other in zip(clicks, data.draw(st.permutations(clicks)), strict=True):
        boards = [game.click(plan, boards[0], one), game.click(plan, boards[1], other)]
    assert boards[0] == boards[1]
    for _ in range(len(plan.colours) - 1):
        for tile in clicks:
            boards[0] = game.click(plan, boards[0], tile)
    assert boards[0] == start


@given(st.sampled_from((2, 3, 5)), st.integers(1, 5), st.integers(1, 5), st.data())
def test_reduction_keeps_the_solutions(
    prime: int, height: int, width: int, data: st.DataObject
) -> None:
    digit = st.integers(0, prime - 1)
    matrix = np.array(
        data.draw(
            st.lists(
                st.lists(digit, min_size=width, max_size=width), min_size=height, max_size=height
            )
        )
    )
    answer = np.array(data.draw(st.lists(digit, min_size=width, max_size=width)))
    rows, pivots = reduce(np.column_stack([matrix, matrix @ answer]), prime)
    np.testing.assert_array_equal((rows[:, :-1] @ answer - rows[:, -1]) % prime, 0)
    np.testing.assert_array_equal(rows[: len(pivots), pivots], np.eye(len(pivots)))
    assert not rows[len(pivots) :].any()


@pytest.mark.parametrize("level", LEVELS)
def test_tables_are_whole_and_answers_right(level: int) -> None:
    plan = game.PLANS[level]
    tables = (plan.picture, plan.kinds, plan.start)
    assert all([len(row) for row in t.split()] == [plan.side] * plan.side for t in tables)
    for answer in presses(level):
        board = game.tiles(plan.start)
        for tile, count in enumerate(answer):
            for _ in range(count):
                board = game.click(plan, board, tile)
        assert board == game.tiles(plan.picture)
    fewest = sum(presses(level)[0])
    assert 3 <= fewest < entry("mosaic").baseline_actions[level] <= plan.clicks
    assert 2 * fewest <= plan.clicks and game.BAR_X + game.PIP * plan.clicks <= 64


@pytest.mark.parametrize("level", LEVELS)
def test_every_tile_is_found_where_it_is_drawn(level: int) -> None:
    playing = game.Mosaic()
    playing.set_level(level)
    plan = playing.plan
    frame = playing.camera.render([])
    for tile, colour in enumerate(game.tiles(plan.start)):
        x, y = game.tile_corner(plan, tile)
        last = game.TILE[plan.side] - 1
        assert frame[y, x] == frame[y + last, x + last] == plan.colours[colour]
        expected = tile if game.turned(plan, tile) else None
        assert game.tile_at(plan, x, y) == game.tile_at(plan, x + last, y + last) == expected
        assert game.tile_at(plan, x - 1, y - 1) is None


def test_tiles_turn_in_three_grids_and_cost_a_pip() -> None:
    playing = game.Mosaic()
    before = playing.camera.render([])
    x, y = game.tile_corner(playing.plan, 0)
    grids = click(playing, x + 4, y + 4).frame
    assert len(grids) == 3 and grids[-1][y, x] == game.YELLOW
    assert before[y, x] == game.BLUE and grids[0][y, x] == game.DARK
    assert playing.scene.left == playing.plan.clicks - 1


def test_other_clicks_are_free() -> None:
    playing = game.Mosaic()
    playing.set_level(4)
    before = playing.camera.render([])
    locked = playing.plan.kinds.replace(" ", "").index("#")
    x, y = game.tile_corner(playing.plan, locked)
    for place in ((0, 0), (game.PICTURE_X, game.PICTURE_Y), (x + 2, y + 2)):
        np.testing.assert_array_equal(click(playing, *place).frame, [before])


def test_no_pips_left_is_game_over() -> None:
    playing = game.Mosaic()
    x, y = game.tile_corner(playing.plan, 4)
    states = [click(playing, x, y).state for _ in range(playing.plan.clicks)]
    assert states[-1] == GameState.GAME_OVER
    assert set(states[:-1]) == {GameState.NOT_FINISHED}
