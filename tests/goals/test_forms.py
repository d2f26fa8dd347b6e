from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from arcworld.goals import (
    FORMS,
    START,
    ClassKey,
    Evidence,
    GoalMemory,
    Hypothesis,
    Scene,
    build_scene,
    generate,
    progress,
    proposals,
    sentence,
)
from arcworld.goals.features import features_of
from tests.goals.scenes import drawn

MOVES, CLICKS = (1, 2, 3, 4), (6,)
A, B, C = ClassKey(9), ClassKey(14), ClassKey(11)
type Frame = NDArray[np.uint8]


def scene_of(frame_HW: Frame, available: Iterable[int] = MOVES, **seen: object) -> Scene:
    return build_scene(frame_HW, available, Evidence(**seen))  # type: ignore[arg-type]


def distances(hypothesis: Hypothesis, scene: Scene, *frames: Frame) -> list[float]:
    """Along some frames of play."""
    found, memory = [], START
    for frame_HW in (scene.first_frame_HW, *frames):
        now = progress(hypothesis, scene, frame_HW, memory)
        memory = now.memory
        found.append(now.distance)
    return found


def test_reach_descends_to_zero() -> None:
    scene = scene_of(drawn({(4, 4): 9, (4, 8): 14}), avatar=A)
    goal = Hypothesis("reach", (A, B))
    assert goal in generate(scene)
    near, on = drawn({(4, 7): 9, (4, 8): 14}), drawn({(4, 8): 9})
    found = distances(goal, scene, near, on)
    assert found[0] > found[1] > found[2] == 0


def test_reach_holds_where_the_goal_is_drawn_over_the_mover() -> None:
    scene = scene_of(drawn({(4, 4): 9, (4, 8): 14}), avatar=A)
    goal = Hypothesis("reach", (A, B))
    hidden = drawn({(4, 8): 14})
    assert distances(goal, scene, drawn({(4, 7): 9, (4, 8): 14}), hidden)[-1] == 0
    assert distances(goal, scene, hidden)[-1] > 0, "it vanished far away"


def test_reach_follows_a_goal_that_moves() -> None:
    scene = scene_of(drawn({(4, 4): 9, (4, 8): 14}), avatar=A, moved=frozenset({14}))
    goal = Hypothesis("reach", (A, B))
    assert distances(goal, scene, drawn({(4, 4): 9, (4, 6): 14}))[1] < distances(goal, scene)[0]


def test_none_counts_what_is_left() -> None:
    scene = scene_of(drawn({(2, 2): 9, (4, 8): 11, (9, 9): 11}), avatar=A)
    goal = Hypothesis("none", (C,))
    assert goal in generate(scene)
    one, zero = drawn({(4, 8): 9, (9, 9): 11}), drawn({(9, 9): 9})
    found = distances(goal, scene, one, zero)
    assert found[0] > found[1] >= 1 and found[2] == 0
    assert sentence(goal, scene) == "leave none of the 2 yellow things"


def test_none_proposes_the_things_that_are_left() -> None:
    scene = scene_of(drawn({(4, 8): 11, (9, 9): 11, (1, 1): 5}), CLICKS)
    clicks = proposals(Hypothesis("none", (C,)), scene, drawn({(9, 9): 11, (1, 1): 5}))
    first = clicks[0]
    assert first.x is not None and first.y is not None
    assert (first.y // 4, first.x // 4) == (9, 9)
    assert len(clicks) == 5, "the thing and the cells beside it"


def test_none_group_of_alike_things() -> None:
    scene = scene_of(drawn({(2, 2): 8, (4, 8): 11, (9, 9): 11}), CLICKS)
    group = Hypothesis("none", (ClassKey(8), C), "group")
    assert group in generate(scene)
    assert distances(group, scene, drawn({(2, 2): 8}), drawn({}))[1:] == [1, 0]


def test_cover_needs_all_places() -> None:
    scene = scene_of(drawn({(2, 2): 9, (4, 4): 15, (8, 8): 15, (4, 6): 11, (8, 9): 11}), avatar=A)
    goal = Hypothesis("cover", (ClassKey(15), C))
    assert goal in generate(scene)
    one = drawn({(2, 2): 9, (4, 6): 15, (8, 8): 15, (8, 9): 11})
    both = drawn({(2, 2): 9, (4, 6): 15, (8, 9): 15})
    found = distances(goal, scene, one, both)
    assert found[0] > found[1] > found[2] == 0
    assert sentence(goal, scene) == "bring the 2 purple things onto the 2 yellow things"


def test_a_frame_with_a_core_covers_what_lies_in_its_cell() -> None:
    def crate(column: int) -> np.ndarray:
        frame_HW = drawn({(2, 2): 9, (4, 6): 11, (4, column): 15})
        frame_HW[17:19, 4 * column + 1 : 4 * column + 3] = 12
        return frame_HW

    scene = scene_of(crate(4), avatar=A)
    goal = Hypothesis("cover", (ClassKey(15), C))
    found = distances(goal, scene, crate(5), crate(6))
    assert found[0] > found[1] > found[2] == 0


def test_cover_by_a_thing_that_is_hidden_below_its_place() -> None:
    things = {(2, 2): 9, (4, 4): 15, (4, 6): 11}
    hidden = drawn({(4, 5): 9, (4, 6): 11})
    goal = Hypothesis("cover", (ClassKey(15), C))
    pushed = scene_of(drawn(things), avatar=A, moved=frozenset({9, 15}))
    assert distances(goal, pushed, hidden)[-1] == 0
    collected = scene_of(drawn(things), avatar=A, moved=frozenset({9}))
    assert distances(goal, collected, hidden)[-1] > 0, "what never moved was collected"


def test_cover_leads_the_avatar_to_a_loose_thing() -> None:
    scene = scene_of(drawn({(2, 2): 9, (4, 5): 15, (8, 8): 15, (4, 6): 11, (8, 9): 11}), avatar=A)
    goal = Hypothesis("cover", (ClassKey(15), C))
    near = drawn({(8, 7): 9, (4, 5): 15, (8, 8): 15, (4, 6): 11, (8, 9): 11})
    assert distances(goal, scene, near)[1] < distances(goal, scene)[0]


def test_connect_costs_the_cells_to_lay() -> None:
    scene = scene_of(drawn({(4, 4): 10, (4, 8): 11}), CLICKS, changed=frozenset({7}))
    goal = Hypothesis("connect", (ClassKey(10), C))
    assert goal in generate(scene)
    laid = {(4, column): 7 for column in (5, 6, 7)}
    half = drawn({(4, 4): 10, (4, 8): 11, (4, 5): 7})
    whole = drawn({(4, 4): 10, (4, 8): 11, **laid})
    assert distances(goal, scene, half, whole) == [3, 2, 0]
    clicks = proposals(goal, scene, scene.first_frame_HW)
    assert [(c.y // 4, c.x // 4) for c in clicks if c.x is not None and c.y is not None] == list(
        laid
    )


def test_connected_for_the_eyes_is_kept() -> None:
    pipes = {(4, column): 7 for column in (5, 6, 7)}
    scene = scene_of(drawn({(4, 4): 10, (4, 8): 11, **pipes}), CLICKS, changed=frozenset({7}))
    kept = Hypothesis("connect", (ClassKey(10), C), "unseen")
    assert kept in generate(scene)
    assert distances(kept, scene) == [1]


def test_sequence_needs_its_first_half() -> None:
    scene = scene_of(drawn({(4, 4): 9, (4, 6): 12, (8, 8): 14}), avatar=A)
    goal = Hypothesis("sequence", (A, ClassKey(12), B), "visit")
    assert goal in generate(scene)
    early = drawn({(8, 8): 9, (4, 6): 12})
    visited = drawn({(4, 6): 9, (8, 8): 14})
    at_goal = drawn({(8, 8): 9, (4, 6): 12})
    assert distances(goal, scene, early)[-1] > 0
    found = distances(goal, scene, visited, at_goal)
    assert found[0] > found[1] > found[2] == 0
    assert progress(goal, scene, at_goal, GoalMemory(done=True)).distance == 0


def test_sequence_cover_then_reach() -> None:
    scene = scene_of(drawn({(4, 4): 9, (4, 5): 15, (4, 7): 11, (8, 8): 14}), avatar=A)
    goal = Hypothesis("sequence", (ClassKey(15), C, B), "cover")
    assert goal in generate(scene)
    covered = drawn({(4, 6): 9, (4, 7): 15, (8, 8): 14})
    end = drawn({(4, 7): 15, (8, 8): 9})
    found = distances(goal, scene, covered, end)
    assert found[0] > found[1] > found[2] == 0


def test_meet() -> None:
    scene = scene_of(drawn({(4, 4): 9, (4, 8): 9}), moved=frozenset({9}))
    goal = Hypothesis("meet", (A,))
    assert goal in generate(scene)
    found = distances(goal, scene, drawn({(4, 6): 9, (4, 8): 9}), drawn({(4, 7): 9, (4, 8): 9}))
    assert found[0] > found[1] > found[2] == 0


def floats(left: int, right: int, down: int = 20) -> Frame:
    """Two gauges' marks, and a float beside each; with a button of another colour."""
    frame_HW = np.full((64, 64), 5, np.uint8)
    for colour, x, at in ((9, 10, left), (14, 40, right)):
        frame_HW[down : down + 2, x : x + 2] = colour
        frame_HW[at : at + 2, x + 4 : x + 10] = colour
    frame_HW[58:62, 30:34] = 8
    return frame_HW


def test_align_is_about_all_colours_along_the_axis_that_actions_move() -> None:
    first_HW, goal = floats(30, 26), Hypothesis("align", ())
    scene = scene_of(first_HW, CLICKS, frames=(floats(28, 26),), buttons=frozenset({8}))
    assert goal in generate(scene)
    assert distances(goal, scene, floats(20, 26), floats(20, 20)) == [16, 6, 0]
    assert [(c.y, c.x) for c in proposals(goal, scene, first_HW)] == [(59, 31)]
    assert sentence(goal, scene) == "bring the two things of each colour into one row"
    turned = scene_of(first_HW.T.copy(), CLICKS, frames=(floats(28, 26).T.copy(),))
    assert sentence(goal, turned).endswith("column")


def test_generated_hypotheses_are_false_now_and_unique() -> None:
    frame_HW = drawn({(4, 4): 9, (4, 6): 12, (8, 8): 14, (10, 10): 15, (2, 9): 15})
    for available in (MOVES, CLICKS, (*MOVES, *CLICKS)):
        scene = scene_of(frame_HW, available)
        found = generate(scene)
        assert len(found) == len(set(found)) > 0
        assert all(progress(h, scene, frame_HW).distance > 0 for h in found)
        assert all(sentence(h, scene) and features_of(h, scene) for h in found)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_left_out_generates_nothing(form: str) -> None:
    frame_HW = drawn({(4, 4): 9, (4, 6): 12, (8, 8): 14, (10, 10): 15, (2, 9): 15})
    scene = scene_of(frame_HW, (*MOVES, *CLICKS))
    assert form not in {h.form for h in generate(scene, without=(form,))}


def test_the_same_frame_gives_the_same_hypotheses() -> None:
    frame_HW = drawn({(4, 4): 9, (4, 6): 12, (8, 8): 14, (10, 10): 15, (2, 9): 15})
    first, second = (generate(scene_of(frame_HW)) for _ in range(2))
    assert first == second
