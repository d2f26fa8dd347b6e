from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from arcworld.games.catalogue import game_source
from arcworld.games.players.keys import solver
from arcworld.play.observation import GAME_OVER
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action

RULES = game_source("keys")
LEVELS = range(len(RULES.LEVELS))
UP, DOWN, LEFT, RIGHT = 1, 2, 3, 4


def plan(text: str) -> Any:
    return RULES.Plan(99, text)


def play(level: Any, actions: list[int]) -> tuple[Any, list[str]]:
    state, events = level.start, []
    for action in actions:
        state, event = RULES.move(level, state, action)
        events.append(event)
    return state, events


def test_a_key_opens_one_lock_of_its_colour_and_is_spent() -> None:
    level = plan("@rRR.E")
    state, events = play(level, [RIGHT, RIGHT, RIGHT])
    assert events == ["key", "lock", ""] and state.cell == (0, 2) and level.held(state) == []


def test_a_lock_of_another_colour_stays_shut() -> None:
    level = plan("@bR..E")
    state, events = play(level, [RIGHT, RIGHT])
    assert events == ["key", ""] and state.cell == (0, 1) and level.held(state) == ["b"]


def test_walls_and_edges_stop_the_walker() -> None:
    state, events = play(plan("@#E"), [RIGHT, UP, LEFT, DOWN])
    assert state.cell == (0, 0) and events == [""] * 4


def test_the_gate_ends_the_level() -> None:
    assert play(plan("@.E"), [RIGHT, RIGHT])[1] == ["", "exit"]


def test_a_patrol_goes_to_and_fro_between_what_stands_in_its_way() -> None:
    level = plan("@#.>.#E")
    cols = [cells[0][1] for cells in map(level.patrols, range(5))]
    assert cols == [3, 4, 3, 2, 3] and level.period == 4


@pytest.mark.parametrize(
    ("text", "actions"),
    [("@..>#E", [RIGHT, RIGHT]), ("@.>#E.", [RIGHT]), ("@#E|.>.", [DOWN, RIGHT])],
)
def test_meeting_a_patrol_or_changing_places_with_it_loses(text: str, actions: list[int]) -> None:
    assert play(plan(text), actions)[1][-1] == "caught"


@pytest.mark.parametrize("level", LEVELS)
def test_levels_take_ten_actions_at_least_and_leave_slack(level: int) -> None:
    budget, _ = RULES.LEVELS[level]
    fewest = solver(level).distance(solver(level).start)
    assert fewest is not None and 10 <= fewest <= budget / 2


def test_a_level_offers_a_wrong_door() -> None:
    states, solvable = solver(3)._edges, solver(3)._distances
    assert len(solvable) < len(states)


@pytest.mark.parametrize("level", LEVELS)
def test_a_picture_shows_the_whole_state(level: int) -> None:
    rules_plan = RULES.Plan(*RULES.LEVELS[level])
    ground = RULES.ground(rules_plan)
    states = list(solver(level)._edges)
    chosen = np.random.default_rng(level).permutation(len(states))[:300]
    pictures = {RULES.draw(rules_plan, ground, states[at], 0).tobytes() for at in chosen}
    assert len(pictures) == len(chosen)


def test_every_action_costs_a_tick_and_an_empty_bar_is_game_over() -> None:
    budget = RULES.LEVELS[0][0]
    with Toolkit() as toolkit:
        session = toolkit.open("keys")
        seen = [session.observation]
        seen += [session.step(Action(UP)) for _ in range(budget)]
    ticks = [np.count_nonzero(one.frame_HW[60:62] == 14) for one in seen]
    assert ticks == list(range(budget, -1, -1))
    assert seen[-1].state == GAME_OVER and seen[-1].levels_completed == 0
