"""Objects compared with a slow flood fill; groups of objects; clicks on objects."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from arcworld.planning.memory.action_kinds import actions_by_kind, on_object
from arcworld.planning.memory.objects import HIDDEN, MEDIUM, find_objects, size_of

Frame = NDArray[np.uint8]


def flooded(frame_HW: Frame) -> NDArray[np.int32]:
    """Areas numbered in reading order, found pixel by pixel."""
    labels = np.full((64, 64), -1, np.int32)
    count = 0
    for y, x in np.ndindex(64, 64):
        if labels[y, x] >= 0 or frame_HW[y, x] == HIDDEN:
            continue
        edge = [(y, x)]
        labels[y, x] = count
        while edge:
            a, b = edge.pop()
            for c, d in ((a + 1, b), (a - 1, b), (a, b + 1), (a, b - 1)):
                inside = 0 <= c < 64 and 0 <= d < 64
                if inside and labels[c, d] < 0 and frame_HW[c, d] == frame_HW[a, b]:
                    labels[c, d] = count
                    edge.append((c, d))
        count += 1
    return labels


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    tile = draw(st.sampled_from([1, 2, 4, 8]))
    colours = draw(st.sampled_from([1, 2, 3, HIDDEN + 1]))
    tiles = rng.integers(0, colours, (64 // tile, 64 // tile), dtype=np.uint8)
    return np.kron(tiles, np.ones((tile, tile), np.uint8))


@settings(max_examples=30, deadline=None)
@given(frames())
def test_objects_are_the_parts_that_a_flood_fill_finds(frame_HW: Frame) -> None:
    found = find_objects(frame_HW)
    expected = flooded(frame_HW)
    assert np.array_equal(found.labels_HW, expected)
    assert found.areas_N.tolist() == np.bincount(expected[expected >= 0]).tolist()
    for number in range(min(len(found), 50)):
        x, y = found.click_point(number)
        assert found.at(x, y) == number, "a click lands on its object"
        assert frame_HW[y, x] == found.colours_N[number]


def test_a_group_is_a_shape_and_a_colour_anywhere() -> None:
    frame = np.zeros((64, 64), np.uint8)
    corner = np.array([[5, 5, 5], [5, 0, 0]], np.uint8)
    frame[3:5, 3:6] = frame[30:32, 58:61] = corner
    frame[50:52, 10:13] = corner[:, ::-1]
    frame[40:42, 40:43] = np.where(corner == 5, 6, 0)
    found = find_objects(frame)
    same, also, other, mirrored = (found.group(found.at(x, y)) for x, y in
                                   ((3, 3), (58, 30), (40, 40), (12, 50)))  # fmt: skip
    assert same == also and len({same, other, mirrored}) == 3


def test_the_click_point_of_a_ring_lies_on_the_ring() -> None:
    frame = np.zeros((64, 64), np.uint8)
    frame[10:21, 10:21] = 4
    frame[11:20, 11:20] = 0
    found = find_objects(frame)
    ring = found.at(10, 10)
    x, y = found.click_point(ring)
    assert frame[y, x] == 4


def test_actions_have_every_object_once_and_points_inside_large_ones() -> None:
    frame = np.zeros((64, 64), np.uint8)
    frame[8:11, 8:11] = 5
    frame[32:64, 32:64] = 7
    objects = find_objects(frame)
    kinds = actions_by_kind(objects, [1, 7, 6], None)
    rows = [row for some in kinds.values() for row in some]
    assert len(rows) == len(set(rows)) and {(1, -1, -1), (7, -1, -1), (6, 9, 9)} <= set(rows)
    inside = [row for row in rows if row[0] == 6 and frame[row[2], row[1]] == 7]
    assert len(inside) >= 16
    assert list(actions_by_kind(objects, [1, 2], (1, -1, -1)).values()) == [
        [(1, -1, -1)],
        [(2, -1, -1)],
    ]


def test_clicks_on_one_small_object_are_one() -> None:
    frame = np.zeros((64, 64), np.uint8)
    frame[8:11, 8:11] = 5
    objects = find_objects(frame)
    assert {on_object(objects, (6, x, y)) for x in (8, 9, 10) for y in (8, 9, 10)} == {(6, 9, 9)}
    assert on_object(objects, (6, 40, 40)) == (6, 40, 40), "a large one has many places"


def test_masked_pixels_belong_to_no_object() -> None:
    frame = np.full((64, 64), 3, np.uint8)
    frame[0] = HIDDEN
    found = find_objects(frame)
    assert len(found) == 1 and found.at(5, 0) == -1 and size_of(int(found.areas_N[0])) > MEDIUM
