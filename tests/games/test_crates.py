from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from arcworld.games.catalogue import game_source
from arcworld.games.players.crates import LONGEST, solver
from arcworld.play.observation import GAME_OVER
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET, Action

RULES = game_source("crates")
LEVELS = range(len(RULES.LEVELS))
UP, DOWN, LEFT, RIGHT = 1, 2, 3, 4


def play(row: str, actions: list[int]) -> tuple[Any, list[str]]:
    """Plays in a corridor between walls."""
    wall = "#" * (len(row) + 2)
    level = RULES.Plan(f"{wall}|#{row}#|{wall}")
    state, events = level.start, []
    for action in actions:
        state, event = RULES.move(level, state, action)
        events.append(event)
    return state, events


@pytest.mark.parametrize(
    ("row", "walker", "crates", "event"),
    [
        ("@o..x", 2, {3}, "push"),
        ("@oo.x", 1, {2, 3}, ""),
        ("x.@o", 3, {4}, ""),
        ("@ox", 2, {3}, "solved"),
        ("@o==.x", 2, {5}, "push"),
        ("@o==#x", 2, {4}, "push"),
        ("@o==ox", 2, {4, 5}, "push"),
        ("@o=x.", 2, {4}, "solved"),
        ("@o~.x", 2, set(), "splash"),
        ("@o=~.x", 2, set(), "splash"),
        ("@~o.x", 2, {3}, "drowned"),
    ],
)
def test_one_step_to_the_right(row: str, walker: int, crates: set[int], event: str) -> None:
    state, events = play(row, [RIGHT])
    assert events == [event]
    assert state.cell == (1, walker) and {col for _, col in state.crates} == crates


def test_a_crate_in_water_is_a_bridge_for_walker_and_crates() -> None:
    state, events = play("@o~.x", [RIGHT, RIGHT, RIGHT])
    assert events == ["splash", "", ""] and state.cell == (1, 4)
    walker, crates = (1, 1), frozenset({(1, 2)})
    level = RULES.Plan("######|#@.~x#|######")
    bridged = RULES.State(walker, crates, frozenset({(1, 3)}))
    state, event = RULES.move(level, bridged, RIGHT)
    assert event == "push" and state.crates == {(1, 3)}


@pytest.mark.parametrize("level", LEVELS)
def test_levels_can_be_won_and_can_be_spoilt(level: int) -> None:
    one = solver(level)
    fewest = one.distance(one.start)
    assert fewest is not None and 8 <= fewest <= LONGEST / 2
    assert len(one._distances) < len(one._edges), "a crate can be pushed where it is lost"


def test_later_levels_need_bridges() -> None:
    for level in (3, 5):
        text = RULES.LEVELS[level]
        assert "~" in text and text.count("o") > text.count("x")


@pytest.mark.parametrize("level", LEVELS)
def test_a_picture_shows_the_whole_state(level: int) -> None:
    plan = RULES.Plan(RULES.LEVELS[level])
    ground = RULES.ground(plan)
    states = list(solver(level)._edges)
    chosen = np.random.default_rng(level).permutation(len(states))[:300]
    drawn = {RULES.draw(plan, ground, states[at], RULES.WALKER[1]).tobytes() for at in chosen}
    assert len(drawn) == len(chosen)


def test_a_crate_that_slides_is_seen_on_every_cell() -> None:
    game = RULES.Crates()
    game.set_level(4)
    answers = [act(game, action) for action in (UP, RIGHT)]
    assert [len(answer.frame) for answer in answers] == [1, 3]
    places = [np.argwhere(frame == 12)[:, 1].min() for frame in answers[1].frame]
    assert places == [22, 29, 36]


def test_a_lamp_is_lit_for_each_mark_covered() -> None:
    with Toolkit() as toolkit:
        session = toolkit.open("crates")
        actions = [Action(action) for action in solver(0).walk(np.random.default_rng(0), 99)]
        won = [session.step(action) for action in actions][-1]
    assert lit(won.grids[0]) == 1 and lit(won.grids[-1]) == 0


def lit(frame: Any) -> int:
    """Lamps that are lit: nine yellow pixels each."""
    return int(np.count_nonzero(frame[57:] == 11)) // 9


def act(game: Any, action_id: int) -> Any:
    from arcengine import ActionInput
    from arcengine import GameAction as OfficialAction

    return game.perform_action(ActionInput(id=OfficialAction.from_id(action_id)), raw=True)


def test_walking_into_water_is_game_over_and_a_reset_mends_it() -> None:
    with Toolkit() as toolkit:
        session = toolkit.open("crates")
        for level in range(3):
            for action in solver(level).walk(np.random.default_rng(0), LONGEST):
                session.step(Action(action))
        first = session.observation
        for action in (RIGHT, RIGHT):
            seen = session.step(Action(action))
        assert seen.state == GAME_OVER and session.observation.legal_actions == (RESET,)
        again = session.step(Action(RESET))
    assert again.levels_completed == 3
    np.testing.assert_array_equal(again.frame_HW, first.frame_HW)
