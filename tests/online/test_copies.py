"""Clicks that turn a block of cells, keys that shift a row: cells copy other cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.online.model import OnlineWorldModel
from arcworld.recordings.episode import Action
from tests.online.scenes import Frame, predicted, teach

SHIFT = Action(4)


def board(cells: NDArray[np.int64]) -> Frame:
    """8 x 8 cells of 8 pixels."""
    return np.repeat(np.repeat(cells, 8, 0), 8, 1).astype(np.uint8)


def mixed(seed: int) -> Frame:
    return board(np.random.default_rng(seed).integers(0, 6, (8, 8)))


def turn(frame: Frame, action: Action) -> Frame:
    """A click turns the block of 2 x 2 cells that begins there; action 4 shifts the third row."""
    cells = frame[4::8, 4::8].astype(np.int64)
    if action == SHIFT:
        cells[2] = np.roll(cells[2], 1)
    else:
        y, x = (action.y or 0) // 8, (action.x or 0) // 8
        cells[y : y + 2, x : x + 2] = np.rot90(cells[y : y + 2, x : x + 2])
    return board(cells)


def clicks(seed: int, count: int) -> list[Action]:
    at = np.random.default_rng(seed).integers(0, 7, (count, 2)) * 8 + 4
    return [Action(6, int(x), int(y)) for y, x in at]


def test_a_turn_is_right_wherever_it_is_clicked() -> None:
    model = OnlineWorldModel()
    teach(model, mixed(0), clicks(1, 24), turn)
    state = model.reset(mixed(2))
    assert all((predicted(model, state, a) == turn(mixed(2), a)).all() for a in clicks(3, 12))


def test_a_key_that_shifts_a_row_is_known_on_another_board() -> None:
    model = OnlineWorldModel()
    for seed in range(6):
        teach(model, mixed(seed), [SHIFT, *clicks(seed, 3), SHIFT, SHIFT], turn)
    state = model.reset(mixed(9))
    assert (predicted(model, state, SHIFT) == turn(mixed(9), SHIFT)).all()


def test_an_expert_left_out_does_not_know_it() -> None:
    model = OnlineWorldModel(without=("copies",))
    teach(model, mixed(0), clicks(1, 24), turn)
    state = model.reset(mixed(2))
    assert not all((predicted(model, state, a) == turn(mixed(2), a)).all() for a in clicks(3, 12))
