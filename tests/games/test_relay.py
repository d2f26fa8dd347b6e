from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arcengine import ActionInput, GameState
from arcengine import GameAction as EngineAction
from hypothesis import given
from hypothesis import strategies as st

from arcworld.games.catalogue import entry, game_source
from arcworld.games.players.relay import clear_ways, facing, head, solver

game = game_source("relay")
LEVELS = range(len(game.PLANS))
UP, DOWN, LEFT, RIGHT = 1, 2, 3, 4


def plan(*rows: str) -> Any:
    return game.Plan("test", 99, rows)


def moves(one: Any, state: Any, *actions: int) -> Any:
    for action in actions:
        state = game.move(one, state, action)
    return state


def test_a_click_turns_all_gates_of_a_colour() -> None:
    one = plan("#######", "#S.AaB#", "#######")
    state = game.start(one)
    assert [game.is_open(one, state, (x, 1)) for x in (3, 4, 5)] == [False, True, False]
    state = game.click(one, state, (4, 1))
    assert [game.is_open(one, state, (x, 1)) for x in (3, 4, 5)] == [True, False, False]


def test_a_gate_never_shuts_on_a_runner() -> None:
    one = plan("#####", "#Sa.#", "##A##", "#####")
    inside = moves(one, game.start(one), RIGHT)
    assert inside.runners == ((2, 1),)
    assert game.click(one, inside, (2, 2)) == inside
    assert game.click(one, inside, (2, 1)) == inside


def test_a_bridge_carries_what_stands_on_its_arm() -> None:
    one = plan("#######", "##~~~##", "#S~H~.#", "##~~~##", "#######")
    arm = moves(one, game.start(one), RIGHT)
    carried = [arm]
    for _ in range(4):
        carried.append(game.click(one, carried[-1], (3, 2)))
    places = [state.runners[0] for state in carried]
    assert places == [(2, 2), (3, 1), (4, 2), (3, 3), (2, 2)]
    assert carried[-1] == arm
    assert moves(one, carried[1], LEFT, UP, RIGHT) == carried[1], "water and walls stop it"


def test_a_plate_opens_bars_only_to_another_runner() -> None:
    one = plan("######", "#.SpP#", "#..T##", "######")
    state = game.start(one)
    alone = moves(one, state, RIGHT, RIGHT)
    assert alone.runners[0] == (3, 1), "its own weight does not count for it"
    swapped = game.click(one, moves(one, state, LEFT), (3, 2))
    on_plate = moves(one, swapped, UP)
    assert on_plate.active == 1 and on_plate.runners == ((1, 1), (3, 1))
    assert game.is_held(one, on_plate.runners, (4, 1))


def test_runners_do_not_walk_through_each_other() -> None:
    one = plan("#####", "#ST.#", "#####")
    state = game.start(one)
    assert moves(one, state, RIGHT) == state


@given(st.sampled_from(LEVELS), st.lists(st.integers(0, 4 + 12 * 11), max_size=60))
def test_runners_always_stand_on_something(level: int, actions: list[int]) -> None:
    one = game.PLANS[level]
    state = game.start(one)
    for action in actions:
        place = divmod(max(action - 5, 0), 11)
        state = moves(one, state, action) if 1 <= action <= 4 else game.click(one, state, place)
        assert len(set(state.runners)) == len(state.runners)
        covered = {c for p in game.cells(one, "HV") for c in (p, *game.arms(one, p, state))}
        for runner in state.runners:
            mark = game.letter(one, runner)
            assert mark != "#" and (mark != "~" or runner in covered)
            assert mark not in "ABab" or game.is_open(one, state, runner)


@pytest.mark.parametrize("level", LEVELS)
def test_maps_are_closed_and_bridges_have_room_to_turn(level: int) -> None:
    one = game.PLANS[level]
    assert [len(row) for row in one.rows] == [12] * 11
    edge = one.rows[0] + one.rows[-1] + "".join(row[0] + row[-1] for row in one.rows)
    assert set(edge) == {"#"}
    assert len(game.cells(one, "G")) == len(game.start(one).runners)
    for x, y in game.cells(one, "HV"):
        around = [(x + dx, y + dy) for dx, dy in game.MOVES.values()]
        assert all(game.letter(one, cell) == "~" for cell in around)


@pytest.mark.parametrize("level", LEVELS)
def test_levels_are_neither_trivial_nor_tight(level: int) -> None:
    one, shortest = game.PLANS[level], solver(level).distance(solver(level).start)
    assert shortest is not None and shortest >= 10
    assert 2 * shortest <= one.steps
    assert shortest < entry("relay").baseline_actions[level] <= one.steps


def test_every_step_costs_and_an_empty_bar_ends_the_game() -> None:
    playing = game.Relay()
    up = ActionInput(id=EngineAction.ACTION1)
    states = [playing.perform_action(up, raw=True).state for _ in range(playing.plan.steps)]
    assert states[-1] == GameState.GAME_OVER
    assert set(states[:-1]) == {GameState.NOT_FINISHED}


def test_a_turn_is_seen_half_way() -> None:
    playing = game.Relay()
    playing.set_level(2)
    (x, y), side = game.cells(playing.plan, "V")[0], game.CELL
    data = {"x": game.LEFT + side * x + 2, "y": game.TOP + side * y + 2}
    grids = playing.perform_action(ActionInput(id=EngineAction.ACTION6, data=data), raw=True).frame

    def is_plank(grid: Any, cell: tuple[int, int]) -> bool:
        return bool(game.box(grid, cell)[1, 1] == game.ORANGE)

    assert len(grids) == 2
    assert [is_plank(grids[0], c) for c in ((x + 1, y - 1), (x - 1, y + 1))] == [True, True]
    assert [is_plank(grids[1], c) for c in ((x + 1, y), (x - 1, y), (x, y - 1))] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("action", [UP, DOWN, LEFT, RIGHT])
def test_the_player_sees_where_the_runner_looks(action: int) -> None:
    playing = game.Relay()
    move = ActionInput(id=EngineAction.from_id(action))
    frame = [playing.perform_action(move, raw=True).frame[-1] for _ in range(3)][-1]
    assert facing(frame) == action
    assert head(frame) == tuple(
        corner + game.CELL * at + 2
        for corner, at in zip((game.LEFT, game.TOP), playing.scene.state.runners[0], strict=True)
    )
    assert action not in clear_ways(frame) or action == RIGHT


def test_a_runner_at_rest_is_woken_by_a_click() -> None:
    playing = game.Relay()
    playing.set_level(4)
    x, y = playing.scene.state.runners[1]
    data = {"x": game.LEFT + game.CELL * x, "y": game.TOP + game.CELL * y}
    frame = playing.perform_action(ActionInput(id=EngineAction.ACTION6, data=data), raw=True).frame[
        -1
    ]
    assert np.count_nonzero(game.box(frame, (x, y)) == game.RED) > 10
