"""Effects of simple actions near the avatar, on drawn frames: what is worth trying."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import ANY, Avatar
from arcworld.planning.memory.avatar_dynamics import AvatarDynamics
from arcworld.planning.memory.game_over_causes import GameOverCauses
from arcworld.planning.memory.graph import LevelGraph
from arcworld.planning.memory.objects import find_objects

Frame = NDArray[np.uint8]
RIGHT, LEFT, DOWN = 4, 3, 2
STEPS = {RIGHT: (8, 0), LEFT: (-8, 0), DOWN: (0, 8)}
THING, FAR = 11, (56, 56)


def frame(x: int, y: int, *things: tuple[int, int, int], turned: int = 0) -> Frame:
    """An avatar of 8x8 pixels with one pixel that shows its direction; objects (x, y, colour)."""
    frame_HW = np.full((64, 64), 1, np.uint8)
    for left, top, colour in things:
        frame_HW[top : top + 8, left : left + 8] = colour
    frame_HW[y : y + 8, x : x + 8] = 9
    frame_HW[y + 4, x + turned] = 0 if turned else 9
    return frame_HW


def model() -> AvatarDynamics:
    """A model that knows its avatar."""
    dynamics = AvatarDynamics()
    dynamics.avatar.group, dynamics.avatar.steps, dynamics.avatar.box = (
        (9, ANY),
        dict(STEPS),
        (0, 0, 8, 8),
    )
    return dynamics


def novelty(
    dynamics: AvatarDynamics, frame_HW: Frame, place: tuple[int, int], action: int
) -> float:
    at = dynamics.local_context(frame_HW, dynamics.background(frame_HW, place), place, action)
    return dynamics.novelty(at, dynamics.effect(at), 0.8)


def walk(
    dynamics: AvatarDynamics, place: tuple[int, int], action: int, *things: tuple[int, int, int]
):
    """An action that moves the avatar over anything."""
    to = place[0] + STEPS[action][0], place[1] + STEPS[action][1]
    before, after = frame(*place, *things), frame(*to, *things)
    dynamics.see(before, place)
    at = dynamics.local_context(before, dynamics.background(before, place), place, action)
    dynamics.observe(at, before, after, place, to, discovery=False)
    dynamics.see(after, to)


def test_an_avatar_whose_drawing_changes_when_it_turns_is_still_the_avatar() -> None:
    avatar, x, y = Avatar(), 16, 16
    before = frame(x, y)
    for action, turned in ((RIGHT, 6), (DOWN, 3), (LEFT, 1), (RIGHT, 6), (DOWN, 3), (LEFT, 1)):
        x, y = x + STEPS[action][0], y + STEPS[action][1]
        after = frame(x, y, turned=turned)
        avatar.observe(find_objects(before), action, find_objects(after), before != after)
        before = after
    assert avatar.group == (9, ANY) and avatar.steps == STEPS
    assert avatar.place(find_objects(before)) == (x, y)


def test_what_won_a_level_is_the_first_target_but_not_forever() -> None:
    dynamics, thing, place = model(), (24, 16, THING), (16, 16)
    start = frame(*place, thing)
    before = novelty(dynamics, start, place, RIGHT)
    dynamics.won(dynamics.local_context(start, dynamics.background(start, place), place, RIGHT))
    assert novelty(dynamics, start, place, RIGHT) > 1 >= before
    assert novelty(dynamics, start, place, DOWN) <= 1, "nothing is touched there"
    for number in range(12):
        walk(dynamics, place, RIGHT, thing, (*FAR, number % 8))
    assert novelty(dynamics, start, place, RIGHT) < 1, "it was touched often and did not win"


def test_what_has_won_often_is_believed_in_longer_than_what_won_once() -> None:
    def left_after(misses: int, wins: int) -> float:
        dynamics, place = model(), (16, 16)
        dynamics.set_goal(1 << THING, wins=wins)
        for _ in range(misses):
            walk(dynamics, place, RIGHT, (24, 16, THING))
        return novelty(dynamics, frame(*place, (24, 16, THING), (*FAR, 3)), place, RIGHT)

    assert left_after(0, 1) == left_after(0, 8) > 1
    assert left_after(3, 8) > 2 > left_after(3, 1)


def test_floor_is_familiar_wherever_it_lies_and_a_thing_less_so() -> None:
    dynamics = model()
    for x in range(0, 40, 8):
        walk(dynamics, (x, 16), RIGHT, (0, 40, 5))
        walk(dynamics, (x, 32), RIGHT, (0, 40, 5))
    corner = frame(16, 48, (32, 48, 5))
    on_floor = novelty(dynamics, corner, (16, 48), RIGHT)
    thing = frame(16, 48, (24, 48, THING))
    assert on_floor < 0.3 < novelty(dynamics, thing, (16, 48), RIGHT)


def test_the_usual_effect_of_floor_is_predicted_past_what_was_tried() -> None:
    dynamics = model()
    for x in (0, 8, 16):
        walk(dynamics, (x, 16), RIGHT, (0, 40, 5))
    place = (16, 48)
    by_wall = frame(*place, (16, 40, 3), (16, 56, 3), (32, 48, 5))
    dynamics.see(by_wall, place)
    at = dynamics.local_context(by_wall, dynamics.background(by_wall, place), place, RIGHT)
    rule = dynamics.predicted(at)
    assert dynamics.effect(at) is None and rule is not None and rule.step == (8, 0)
    thing = frame(*place, (24, 48, THING))
    at = dynamics.local_context(thing, dynamics.background(thing, place), place, RIGHT)
    assert at.touched and dynamics.predicted(at) is None, "of a thing nothing is known"
    at = dynamics.local_context(by_wall, dynamics.background(by_wall, place), place, LEFT)
    assert dynamics.predicted(at) is None, "nor of another action"


def test_a_thing_is_worth_touching_again_where_something_else_has_changed() -> None:
    dynamics, thing, place = model(), (24, 16, THING), (16, 16)
    for _ in range(5):
        walk(dynamics, place, RIGHT, thing)
    same = novelty(dynamics, frame(*place, thing), place, RIGHT)
    other = novelty(dynamics, frame(*place, thing, (*FAR, 14)), place, RIGHT)
    assert same < 0.1 < other


def test_a_thing_touched_from_one_side_need_not_be_touched_from_the_other() -> None:
    dynamics, thing = model(), (24, 16, THING)
    walk(dynamics, (16, 16), RIGHT, thing)
    walk(dynamics, (32, 16), LEFT, thing, (*FAR, 14))
    from_the_left = frame(16, 16, thing, (*FAR, 14))
    assert novelty(dynamics, from_the_left, (16, 16), RIGHT) < 0.25, "so it was, in this scene"
    assert novelty(dynamics, frame(16, 16, thing, (*FAR, 13)), (16, 16), RIGHT) > 0.25
    other = frame(16, 16, (24, 16, 13))
    assert novelty(dynamics, other, (16, 16), RIGHT) >= 0.5, "of these colours none was"


def test_where_things_move_by_themselves_their_moves_are_no_effect() -> None:
    """A hazard moves past; the effect of the action stays the same."""
    dynamics, rng = model(), np.random.default_rng(0)
    place, to = (16, 32), (24, 32)
    at = dynamics.local_context(frame(*place), b"", place, RIGHT)
    for _ in range(60):
        y = 8 * int(rng.integers(0, 3))
        before, after = frame(*place, (0, y, 8)), frame(*to, (8, y, 8), (*FAR, int(y)))
        at = dynamics.local_context(before, dynamics.background(before, place), place, RIGHT)
        dynamics.observe(at, before, after, place, to, discovery=False)
    assert dynamics.trust > 0.8
    effect = dynamics.effect(at)
    assert effect is not None and effect.step == (8, 0) and len(effect.rows) == 64


def test_an_action_that_ends_two_lives_in_one_state_is_the_cause() -> None:
    graph, deaths = LevelGraph(np.zeros((64, 64), np.bool_)), GameOverCauses()
    node, other = graph.add(frame(0, 0), {}), graph.add(frame(8, 0), {})
    assert not deaths.by_clock(3, node, (RIGHT, -1, -1))
    assert deaths.by_clock(3, other, (LEFT, -1, -1)), "another action, as late: a clock"
    assert not deaths.by_clock(3, other, (LEFT, -1, -1)), "but not twice the same"
