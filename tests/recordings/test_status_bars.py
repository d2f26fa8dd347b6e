"""Status bars are masked; avatars, their trails and displays are not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from arcworld.recordings.episode import Action
from arcworld.recordings.status_bars import StatusBarMask

Frame = NDArray[np.uint8]
Played = Iterator[tuple[Frame, Action, Frame]]
MOVES = {1: (-1, 0), 2: (1, 0), 3: (0, -1), 4: (0, 1)}


class Walker:
    """An avatar of `size` x `size` pixels that random actions move over an empty floor."""

    def __init__(self, size: int = 4, trail: bool = False, seed: int = 0) -> None:
        self.size, self.trail = size, trail
        self.rng = np.random.default_rng(seed)
        self.frame = np.full((64, 64), 2, np.uint8)
        self.y = self.x = 0

    def draw(self, colour: int) -> None:
        y, x = self.y * self.size, self.x * self.size
        self.frame[y : y + self.size, x : x + self.size] = colour

    def play(self, actions: int) -> Played:
        self.draw(9)
        for _ in range(actions):
            before = self.frame.copy()
            action = int(self.rng.integers(1, 5))
            self.draw(5 if self.trail else 2)
            last = 64 // self.size - 1
            self.y = min(max(self.y + MOVES[action][0], 0), last)
            self.x = min(max(self.x + MOVES[action][1], 0), last)
            self.draw(9)
            yield before, Action(action), self.frame.copy()


def taught(played: Played) -> StatusBarMask:
    status = StatusBarMask()
    for before, action, after in played:
        status.observe(before, action, after)
    return status


@pytest.mark.parametrize("size", [1, 2, 4, 8])
@pytest.mark.parametrize("trail", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_player_is_no_clock(size: int, trail: bool, seed: int) -> None:
    """The avatar starts in a corner, so that it walks along the edges."""
    assert not taught(Walker(size, trail, seed).play(400)).mask_HW.any()


def with_bar(played: Played, thick: int = 2, every: int = 1, step: int = 1) -> Played:
    """Add a bar in the lowest rows: green turns red from the left; at its end it is refilled."""
    bar, ticks = np.full((thick, 60), 3, np.uint8), 0
    for number, (before, action, after) in enumerate(played):
        before[64 - thick :, 2:62] = bar
        if number % every == 0:
            ticks = (ticks + 1) % (60 // step)
            bar[:, : ticks * step], bar[:, ticks * step :] = 8, 3
        after[64 - thick :, 2:62] = bar
        yield before, action, after


@pytest.mark.parametrize(("thick", "every", "step"), [(1, 1, 1), (2, 1, 1), (3, 2, 1), (2, 1, 4)])
def test_a_bar_is_masked_whole_and_nothing_else(thick: int, every: int, step: int) -> None:
    walker = Walker()
    status = taught(with_bar(walker.play(300), thick, every, step))
    expected = np.zeros((64, 64), np.bool_)
    expected[64 - thick :, 2:62] = True
    assert np.array_equal(status.mask_HW, expected)


def test_a_bar_is_found_within_a_few_actions() -> None:
    status = taught(with_bar(Walker().play(12)))
    assert status.mask_HW[63, 2:62].all()


def test_a_bar_that_only_one_action_moves_is_progress_not_time() -> None:
    def progress() -> Played:
        for before, _, after in with_bar(Walker().play(300)):
            pushed = Action(5)
            after[:62] = before[:62]
            yield before, pushed, after

    assert not taught(progress()).mask_HW.any()


def test_a_bar_advances_while_a_switch_comes_back() -> None:
    """The same click again and again: the tile returns to its earlier state, the bar does not."""

    def switched() -> Played:
        frame = np.zeros((64, 64), np.uint8)
        frame[63] = 12
        for tick in range(12):
            before = frame.copy()
            frame[30:36, 30:36] ^= 7
            frame[63, 62 - 2 * tick : 64 - 2 * tick] = 11
            yield before, Action(6, 33, 33), frame.copy()

    mask_HW = taught(switched()).mask_HW
    assert mask_HW[63].all() and not mask_HW[:63].any()


def test_what_only_ticks_near_an_edge_may_tell_the_time() -> None:
    """With one and the same click, the bar may still be moved by this click alone."""
    status, frames = StatusBarMask(), np.full((4, 64, 64), 2, np.uint8)
    for at in range(1, 4):
        frames[at:, 0, at] = 7
    click = Action(6, 40, 40)
    found: list[bool] = []
    for before, after in pairwise(frames):
        status.observe(before, click, after)
        found.append(status.may_be_counter(before, after))
    assert found == [False, True, True] and not status.mask_HW.any()
    more = frames[3].copy()
    more[30, 30] = 7
    assert not status.may_be_counter(frames[2], more), "something else has changed, too"
    assert not status.may_be_counter(more, more)


def test_tiles_that_one_clicks_are_no_clock() -> None:
    """Clicks from left to right along the edge, each of which paints the tile it hits."""

    def painted() -> Played:
        frame = np.zeros((64, 64), np.uint8)
        for x in range(0, 64, 4):
            before = frame.copy()
            frame[0:4, x : x + 4] = 7
            yield before, Action(6, x + 2, 2), frame.copy()

    assert not taught(painted()).mask_HW.any()


def test_a_display_that_turns_back_and_forth_is_no_clock() -> None:
    def turned() -> Played:
        rng = np.random.default_rng(0)
        frame = np.zeros((64, 64), np.uint8)
        for _ in range(200):
            before = frame.copy()
            place = int(rng.integers(0, 3)) * 3
            frame[57:60, place : place + 3] ^= 4
            yield before, Action(int(rng.integers(1, 5))), frame.copy()

    assert not taught(turned()).mask_HW.any()


def test_a_new_mask_is_a_new_array() -> None:
    """A caller that keeps the old mask sees no change in it."""
    status = StatusBarMask()
    empty = status.mask_HW
    for before, action, after in with_bar(Walker().play(50)):
        changed = status.observe(before, action, after)
        assert changed == (status.mask_HW is not empty) or not changed
    assert not empty.any() and status.mask_HW.any()
