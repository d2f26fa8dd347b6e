"""Clicks with known effects: predicted where they apply, removed when they were wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.click_model import ClickModel
from arcworld.planning.memory.memory import Memory
from arcworld.recordings.episode import Action
from tests.planning.test_memory import View

Frame = NDArray[np.uint8]
TILES = [(4 + 10 * n, 8) for n in range(6)]


def board(turned: set[int]) -> Frame:
    """Six tiles of 6x6 pixels in a row, each of one of two colours."""
    frame = np.full((64, 64), 1, np.uint8)
    for number, (x, y) in enumerate(TILES):
        frame[y : y + 6, x : x + 6] = 9 if number in turned else 12
    return frame


def click(number: int) -> tuple[int, int, int]:
    return 6, TILES[number][0] + 2, TILES[number][1] + 2


def taught() -> ClickModel:
    """A model that has seen two tiles switched on and off several times."""
    model, turned = ClickModel(), set[int]()
    for number in (0, 1) * 8:
        after = turned ^ {number}
        model.observe(click(number), board(turned), board(after))
        turned = after
    return model


def test_a_change_is_predicted_wherever_its_pixels_look_as_they_did() -> None:
    model = taught()
    predicted = model.predict(click(0), board({4, 5}))
    assert predicted is not None and np.array_equal(predicted, board({0, 4, 5}))
    assert model.predict(click(2), board(set())) is None, "of that tile nothing is known"
    elsewhere = board(set())
    elsewhere[8:14, 4:10] = 7
    assert model.predict(click(0), elsewhere) is None, "it never looked so"


def test_nothing_is_predicted_before_enough_came_true() -> None:
    model = ClickModel()
    model.observe(click(0), board(set()), board({0}))
    assert not model.is_trusted and model.predict(click(0), board({4})) is None
    assert taught().is_trusted


def test_a_wrong_prediction_removes_the_change_and_lowers_trust() -> None:
    model = taught()
    model.observe(click(0), board({3}), board({3, 4}))
    predicted = model.predict(click(0), board(set()))
    assert predicted is not None and np.array_equal(predicted, board({4})), (
        "it turns another tile now"
    )
    for number in range(8):
        model.observe(click(0), board({number % 6}), board({number % 6, (number + 1) % 6}))
    assert not model.is_trusted


def test_clicks_that_changed_something_are_listed_until_it_is_undone() -> None:
    model = ClickModel()
    model.observe(click(2), board(set()), board({2}))
    model.observe(click(4), board({2}), board({2, 3, 4}))
    model.observe(click(5), board({2, 3, 4}), board({2, 3, 4}))
    assert model.displaced(board({2, 3, 4}), board(set())) == [click(4), click(2)]
    assert model.displaced(board({2}), board(set())) == [click(2)]
    assert model.displaced(board(set()), board(set())) == []


def test_what_is_kept_is_bounded() -> None:
    """A game in which every click has another effect each time."""
    model, rng = ClickModel(), np.random.default_rng(0)
    for x in range(64):
        for y in range(0, 64, 4):
            before, after = rng.integers(0, 16, (2, 64, 64), dtype=np.uint8)
            before[16:] = after[16:]
            model.observe((6, x, y), before, after)
            model.observe((6, 0, 0), before, after)
    kept = sum(len(one.places) for changes in model._changes.values() for one in changes)
    assert len(model._changes) <= 256 and kept <= 264 * 1024


def test_no_click_is_spent_on_states_that_others_led_to() -> None:
    """Of 64 states of six switches, hardly one is visited twice before all are seen."""
    memory, turned = Memory(), set[int]()
    offered = View(board(turned), available_actions=(6,), legal_actions=(0, 6))
    memory.begin(offered)
    spent = 0
    while len(memory.graph) < 64 and spent < 200:
        while (route := memory.route()) is not None and memory.imagine(route):
            pass
        assert route is not None
        for row in [*route.rows, route.last]:
            action = Action.from_row(row)
            hit = [
                n for n, (x, y) in enumerate(TILES) if x <= row[1] < x + 6 and y <= row[2] < y + 6
            ]
            turned = set() if action.id == 0 else turned ^ set(hit)
            memory.observe(action, replace(offered, frame_HW=board(turned)))
            spent += 1
    assert len(memory.graph) == 64 and spent < 110
