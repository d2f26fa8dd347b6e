from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from arcworld.goals.evidence import SceneBuilder
from arcworld.goals.forms.base import small_classes
from arcworld.goals.hypothesis import ClassKey
from arcworld.goals.lattice import Lattice
from arcworld.goals.scene import build_scene
from arcworld.online.view import Action, Outcome, Step
from tests.goals.scenes import drawn

MOVES = (1, 2, 3, 4)
AVATAR, GOAL = ClassKey(9), ClassKey(14)


def step(before: np.ndarray, action: int, after: np.ndarray) -> Step:
    return Step(before, Action(action), Outcome.NOTHING, after)


def test_lattice_and_units_of_cells() -> None:
    walls = {(5, column): 3 for column in range(3, 9)}
    scene = build_scene(drawn({(2, 2): 9, (8, 8): 14, **walls}), MOVES)
    assert scene.lattice == Lattice(4, 0, 0)
    assert scene.count(ClassKey(3)) == 6
    assert scene.units[GOAL].tolist() == [[34, 34]] or scene.units[GOAL].tolist() == [[33, 33]]
    assert scene.background == 0 and scene.grounds == {0}


def test_without_a_lattice_distances_are_in_steps_of_the_avatar() -> None:
    frames: list[np.ndarray] = []
    for column in (9, 14, 19):
        frame_HW = np.zeros((64, 64), np.uint8)
        frame_HW[41:46, column : column + 5] = 9
        frame_HW[20:27, 33:40] = 14
        frame_HW[5, 7:10] = 3
        frames.append(frame_HW)
    builder = SceneBuilder()
    assert builder.begin(frames[0], MOVES).stride == 1
    for before, after in pairwise(frames):
        builder.observe(step(before, 4, after))
    scene = builder.scene
    assert (scene.cell, scene.stride, scene.avatar) == (1, 5, AVATAR)


def test_a_thing_of_two_colours_is_one_goal() -> None:
    """A cross with a core, and a goal elsewhere; the cells of a lattice keep things apart."""
    frame_HW = drawn({(2, 2): 9, (8, 8): 14, (10, 3): 3, (12, 12): 7, (12, 13): 6})
    frame_HW[41:43, 13:15] = 12
    scene = build_scene(frame_HW, MOVES)
    colours = {key.colour for key in small_classes(scene)}
    assert {3, 14, 7, 6} <= colours and 12 not in colours


def test_a_thing_with_a_core_lies_at_its_middle() -> None:
    frame_HW = drawn({(2, 2): 9, (10, 3): 3})
    frame_HW[28:34, 40:46] = 14
    frame_HW[29:33, 41:45] = 11
    scene = build_scene(frame_HW, MOVES)
    assert scene.units[GOAL].tolist() == [[31, 43]]


def test_a_hook_lies_on_one_of_its_own_pixels() -> None:
    frame_HW = drawn({(2, 2): 9, (10, 3): 3})
    frame_HW[28:34, 40] = frame_HW[28, 40:46] = 14
    [[y, x]] = build_scene(frame_HW, MOVES).units[GOAL].tolist()
    assert frame_HW[y, x] == 14


def test_the_avatar_s_core_is_no_goal() -> None:
    """It moves along; a thing that starts beside the avatar and stays is one."""
    frames: list[np.ndarray] = []
    for column in (8, 12, 16):
        frame_HW = drawn({(12, 12): 14, (10, 3): 3})
        frame_HW[20:24, column : column + 4] = 9
        frame_HW[21:23, column + 1 : column + 3] = 11
        frames.append(frame_HW)
    builder = SceneBuilder()
    builder.begin(frames[0], MOVES)
    for before, after in pairwise(frames):
        builder.observe(step(before, 4, after))
    assert builder.scene.avatar is not None
    colours = {key.colour for key in small_classes(builder.scene)}
    assert len({9, 11} & colours) == 1 and 14 in colours


def test_rim_is_left_out() -> None:
    frame_HW = drawn({(4, 4): 9, (8, 8): 14})
    frame_HW[63, 10:40] = 8
    scene = build_scene(frame_HW, MOVES)
    assert scene.rim_HW[63, 10:40].all() and scene.rim_HW.sum() == 30
    assert ClassKey(8) not in scene.units


def sprites(goal: tuple[int, int], column: int) -> np.ndarray:
    """Things of 4 pixels on cells of 6, without a lattice that could be seen, and a dot."""
    frame_HW = np.zeros((64, 64), np.uint8)
    frame_HW[31:35, column : column + 4] = 9
    frame_HW[goal[0] : goal[0] + 4, goal[1] : goal[1] + 4] = 14
    frame_HW[62, 2] = frame_HW[0, 10:40] = 3
    return frame_HW


def test_things_as_thick_as_the_avatar_are_no_rim() -> None:
    goal = 59, 37
    builder = SceneBuilder()
    assert GOAL not in builder.begin(sprites(goal, 7), MOVES).units
    builder.observe(step(sprites(goal, 7), 4, sprites(goal, 13)))
    assert (builder.scene.avatar, builder.scene.evidence.thickness) == (AVATAR, 4)
    assert GOAL in builder.scene.units and ClassKey(3) not in builder.scene.units


def test_an_avatar_of_two_colours_is_as_thick_as_both() -> None:
    lives = 61, 40
    frames = [sprites(lives, column) for column in (7, 13)]
    for frame_HW in frames:
        frame_HW[31:33][frame_HW[31:33] == 9] = 11
        frame_HW[63] = frame_HW[:, 42:44] = 0  # two thin things at the edge
    builder = SceneBuilder()
    builder.begin(frames[0], MOVES)
    builder.observe(step(frames[0], 4, frames[1]))
    assert builder.scene.avatar is not None and builder.scene.evidence.thickness == 4
    assert GOAL not in builder.scene.units


def halves(column: int) -> np.ndarray:
    """Things of 6 pixels in two colours each, one beside the lower edge."""
    frame_HW = np.zeros((64, 64), np.uint8)
    frame_HW[:, :2] = frame_HW[:, 62:] = 5
    things = {(24, column): (9, 11), (54, 38): (14, 10), (12, 14): (3, 7), (30, 44): (3, 7)}
    for (y, x), (left, right) in things.items():
        frame_HW[y : y + 6, x : x + 3] = left
        frame_HW[y : y + 6, x + 3 : x + 6] = right
    return frame_HW


def test_cells_are_as_wide_as_steps_where_things_have_several_colours() -> None:
    builder = SceneBuilder()
    assert builder.begin(halves(8), MOVES).cell == 3
    for column in (8, 14):
        builder.observe(step(halves(column), 4, halves(column + 6)))
    assert builder.scene.lattice == Lattice(6, 0, 2)
    assert builder.scene.count(AVATAR) == 1
    assert not builder.scene.rim_HW.any()


def test_colours_with_two_shapes_are_split() -> None:
    frame_HW = drawn({(4, 4): 14, (8, 8): 14, (10, 3): 9})
    frame_HW[32, 32] = 0
    scene = build_scene(frame_HW, MOVES)
    fine = [key for key in scene.units if key.colour == 14 and key != GOAL]
    assert len(fine) == 2 and all(scene.count(key) == 1 for key in fine)
    assert not [key for key in scene.units if key.colour == 9 and key != AVATAR]


def test_avatar_goes_different_ways() -> None:
    """A spark moves as often, but one way."""
    builder = SceneBuilder()
    at = {(4, 4): 9, (8, 8): 14, (12, 1): 6}
    first_HW = drawn(at)
    builder.begin(first_HW, MOVES)
    right_HW = drawn({(4, 5): 9, (8, 8): 14, (12, 2): 6})
    assert builder.observe(step(first_HW, 4, right_HW))
    down_HW = drawn({(5, 5): 9, (8, 8): 14, (12, 3): 6})
    builder.observe(step(right_HW, 2, down_HW))
    assert builder.scene.avatar == AVATAR
    assert builder.scene.evidence.moved == {9, 6}
    assert builder.scene.evidence.changed == frozenset()


def test_changes_below_a_mover_are_no_changes() -> None:
    """What the avatar steps on has not changed; what a click turns has."""
    builder = SceneBuilder()
    first_HW = drawn({(4, 4): 9, (4, 5): 14, (8, 8): 6})
    builder.begin(first_HW, MOVES)
    on_HW = drawn({(4, 5): 9, (8, 8): 6})
    builder.observe(step(first_HW, 4, on_HW))
    assert builder.scene.evidence.changed == frozenset()
    builder.observe(step(on_HW, 3, drawn({(4, 5): 9, (8, 8): 7})))
    assert builder.scene.evidence.changed == {6, 7}


def test_scene_needs_a_level() -> None:
    with pytest.raises(RuntimeError, match="found no level"):
        _ = SceneBuilder().scene
