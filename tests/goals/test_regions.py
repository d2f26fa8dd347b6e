from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from arcworld.goals import (
    START,
    ClassKey,
    Evidence,
    Hypothesis,
    Scene,
    build_scene,
    generate,
    progress,
    proposals,
)
from arcworld.goals.forms.hints import hints_of
from arcworld.goals.region_pairs import pairs_of
from arcworld.goals.regions import PANEL, THUMBNAIL

CLICKS, MOVES = (6,), (1, 2, 3, 4)
type Frame = NDArray[np.uint8]


def panel(frame_HW: Frame, y: int, x: int, cells: Sequence[str], size: int, line: int = 0) -> None:
    """Draw a picture on a plate of colour 2; one digit a cell, "." for the plate."""
    step = size + line
    height, width = len(cells) * step - line, len(cells[0]) * step - line
    frame_HW[y - 2 : y + height + 2, x - 2 : x + width + 2] = 2
    for row, colours in enumerate(cells):
        for column, colour in enumerate(colours):
            if colour != ".":
                top, left = y + row * step, x + column * step
                frame_HW[top : top + size, left : left + size] = int(colour)


def picture(board: Sequence[str], reference: Sequence[str], line: int = 0) -> Frame:
    frame_HW = np.full((64, 64), 5, np.uint8)
    panel(frame_HW, 10, 22, board, 8, line)
    panel(frame_HW, 8, 4, reference, 3, line)
    return frame_HW


def distance(hypothesis: Hypothesis, scene: Scene, frame_HW: Frame) -> float:
    return progress(hypothesis, scene, frame_HW, START).distance


COPY = Hypothesis("match", (ClassKey(2), ClassKey(2)), "copy")


def test_copy_at_another_scale_with_lines() -> None:
    reference = ["494", "949", "494"]
    scene = build_scene(picture(["444", "949", "494"], reference, line=1), CLICKS)
    (pair,) = pairs_of(scene)
    assert (pair.rows, pair.columns, pair.first.kind) == (3, 3, PANEL)
    assert pair.first.area > pair.second.area
    assert COPY in generate(scene)
    assert distance(COPY, scene, scene.first_frame_HW) == 1
    assert distance(COPY, scene, picture(reference, reference, line=1)) == 0
    (click,) = proposals(COPY, scene, scene.first_frame_HW)
    assert (click.y, click.x) == (14, 35)


def test_equal_pictures_are_no_goal() -> None:
    reference = ["494", "949", "494"]
    assert COPY not in generate(build_scene(picture(reference, reference), CLICKS))


def test_mirror_and_colours() -> None:
    scene = build_scene(picture(["449", "499", "999"], ["833", "883", "888"]), CLICKS)
    colours = Hypothesis("match", COPY.classes, "colours")
    mirror = Hypothesis("match", COPY.classes, "mirror")
    assert {colours, mirror} <= set(generate(scene))
    end = picture(["944", "994", "999"], ["833", "883", "888"])
    assert distance(colours, scene, scene.first_frame_HW) > 0 == distance(colours, scene, end)
    mirrored = picture(["338", "388", "888"], ["833", "883", "888"])
    assert distance(mirror, scene, mirrored) == 0 < distance(COPY, scene, mirrored)


def test_a_key_must_match_its_lock_before_one_enters() -> None:
    frame_HW = np.full((64, 64), 5, np.uint8)
    panel(frame_HW, 54, 4, ["999", "9..", "9.9"], 2)
    panel(frame_HW, 20, 30, ["999", "..9", "9.9"], 1)
    frame_HW[40:44, 40:44] = 12
    avatar = Evidence(avatar=ClassKey(12), moved=frozenset({12}))
    scene = build_scene(frame_HW, MOVES, avatar)
    goal = Hypothesis("match", COPY.classes, "copy, then enter")
    assert goal in generate(scene)
    turned = frame_HW.copy()
    panel(turned, 54, 4, ["999", "..9", "9.9"], 2)
    inside = turned.copy()
    inside[40:44, 40:44] = 5
    inside[20:23, 30:33] = 12
    found = [distance(goal, scene, f) for f in (frame_HW, turned)]
    assert found[0] > found[1] > 0
    early = frame_HW.copy()
    early[40:44, 40:44] = 5
    early[18:25, 28:35] = 12
    assert distance(goal, scene, early) > 0, "the key is wrong still"
    before = progress(goal, scene, turned, START).memory
    assert progress(goal, scene, inside, before).distance == 0, "the avatar hides the lock"
    wrong = progress(goal, scene, frame_HW, START).memory
    assert progress(goal, scene, inside, wrong).distance > 0


def test_thumbnail_of_the_board() -> None:
    colours = np.array([[2, 6, 9, 11], [6, 9, 11, 2], [9, 11, 2, 6], [11, 2, 6, 9]], np.uint8)
    board = np.tile(colours, (2, 2))
    frame_HW = np.repeat(np.repeat(board, 8, 0), 8, 1)
    other = board.copy()
    other[0, :2] = [6, 2]
    frame_HW[1:9, 54:62] = other
    scene = build_scene(frame_HW, CLICKS)
    assert [pair.second.kind for pair in pairs_of(scene)] == [THUMBNAIL]
    goal = next(h for h in generate(scene) if h.form == "match" and h.variant == "copy")
    right_HW = np.repeat(np.repeat(other, 8, 0), 8, 1)
    right_HW[1:9, 54:62] = other
    assert distance(goal, scene, right_HW) == 0 < distance(goal, scene, frame_HW)


def hinted(around: Sequence[int]) -> Frame:
    """A hint of marks 0 (same) and 2 (not) round colour 8, among eight tiles."""
    frame_HW = np.full((64, 64), 5, np.uint8)
    marks = [[0, 2, 0], [2, 8, 2], [2, 2, 0]]
    frame_HW[28:34, 28:34] = np.repeat(np.repeat(marks, 2, 0), 2, 1)
    places = [(y, x) for y in (20, 28, 36) for x in (20, 28, 36) if (y, x) != (28, 28)]
    for (y, x), colour in zip(places, around, strict=True):
        frame_HW[y : y + 6, x : x + 6] = colour
    return frame_HW


def test_hints() -> None:
    scene = build_scene(hinted([9] * 8), CLICKS)
    assert [hint.centre for hint in hints_of(scene, 0)] == [8]
    same = Hypothesis("hints", (ClassKey(0),))
    assert same in generate(scene)
    assert distance(same, scene, hinted([8, 9, 8, 9, 9, 9, 9, 8])) == 0
    assert distance(same, scene, hinted([8, 9, 8, 8, 9, 9, 9, 8])) == 1
    clicks = proposals(same, scene, scene.first_frame_HW)
    assert [(c.y, c.x) for c in clicks] == [(23, 23), (23, 39), (39, 39)]


def test_tiles_with_a_pattern_are_no_hints_and_hints_at_the_edge_have_few_tiles() -> None:
    frame_HW = hinted([9] * 8)
    pattern = np.repeat(np.repeat([[9, 6, 9], [6, 9, 6], [9, 6, 9]], 2, 0), 2, 1)
    edge = np.repeat(np.repeat([[2, 0, 2], [2, 8, 2], [2, 2, 2]], 2, 0), 2, 1)
    frame_HW[20:26, 28:34] = pattern
    frame_HW[44:50, 28:34] = edge
    scene = build_scene(frame_HW, CLICKS)
    hints = hints_of(scene, 0)
    assert [hint.place for hint in hints] == [(31, 31), (47, 31)]
    assert (23, 31, 2) in hints[0].neighbours  # the hint speaks of the tile with the pattern
    assert [n[:2] for n in hints[1].neighbours] == [(39, 23), (39, 31), (39, 39)]
    same = Hypothesis("hints", (ClassKey(0),))
    wrong = {(23, 23), (23, 39), (39, 39), (39, 31)}
    assert {(c.y, c.x) for c in proposals(same, scene, frame_HW)} == wrong
    assert distance(same, scene, frame_HW) == len(wrong)
