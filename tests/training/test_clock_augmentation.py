"""Frames get the status bars of another time and keep everything else."""

from __future__ import annotations

import numpy as np

from arcworld.training.clock_augmentation import augment_clocks
from tests.training.test_shortest_path_labels import LEFT, RIGHT, walk

PLAY = walk([5, 6, 7, 6, 7, 8, 9, 10], [RIGHT, RIGHT, LEFT, RIGHT, RIGHT, RIGHT, RIGHT], won=True)
FREE = np.zeros(len(PLAY), np.bool_)


def clock(frames_THW: np.ndarray) -> list[int]:
    return (frames_THW[:, 63] == 3).sum(1).tolist()


def test_clocks_are_of_another_time_and_the_rest_is_as_it_was() -> None:
    times = {tuple(clock(augment_clocks([PLAY], [FREE], seed)[0].frames_THW)) for seed in range(8)}
    own = clock(PLAY.frames_THW)
    assert len(times) > 2
    for found in times:
        by = found.index(0)
        assert list(found) == own[-by:] + own[:-by], "it continues as before, from another time"
    later = augment_clocks([PLAY], [FREE], 0)[0]
    assert np.array_equal(later.frames_THW[:, :60], PLAY.frames_THW[:, :60])
    assert later.actions_A3 is PLAY.actions_A3


def test_where_no_clock_is_seen_nothing_changes() -> None:
    still = walk([5, 6, 7], [RIGHT, RIGHT], won=True)
    still.frames_THW[:, 63] = 0
    assert np.array_equal(augment_clocks([still], [FREE[:2]], 0)[0].frames_THW, still.frames_THW)


def test_a_frame_where_the_clock_decides_keeps_its_own() -> None:
    timed = FREE.copy()
    timed[3] = True
    own = clock(PLAY.frames_THW)
    found = [clock(augment_clocks([PLAY], [timed], seed)[0].frames_THW) for seed in range(8)]
    assert all(one[3] == own[3] for one in found)
    assert any(one[4] != own[4] for one in found)
