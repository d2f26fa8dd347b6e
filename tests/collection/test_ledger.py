"""What counts as novel: not the status bar, not the pixel of a click within its cell."""

from __future__ import annotations

import numpy as np

from arcworld.collection.ledger import MASKED_BY, Ledger
from arcworld.recordings.episode import Episode


def play(actions: list[tuple[int, int, int]], *, bar: int = 0, guid: str = "g") -> Episode:
    """Simple actions move a dot; a bar in row 63 loses a pixel pair with each action from `bar`."""
    count, column = len(actions), 20
    frames = np.zeros((count + 1, 64, 64), np.uint8)
    frames[0, 30, column] = 5
    for t, (action_id, _, _) in enumerate(actions):
        column += {1: 1, 2: -1}.get(action_id, 0)
        frames[t + 1, 30, column] = 5
    for t in range(count + 1):
        frames[t, 63, : 2 * (t + bar) if bar else 0] = 3
    return Episode(
        game_id="dots-0001",
        guid=guid,
        frames_THW=frames,
        actions_A3=np.array(actions, np.int16),
        outcomes_A=np.zeros(count, np.uint8),
        grids_T=np.ones(count + 1, np.uint16),
        levels_T=np.zeros(count + 1, np.uint8),
        available_T=np.full(count + 1, 0b1000110, np.uint8),
        win_levels=3,
    )


RIGHT, LEFT = (1, -1, -1), (2, -1, -1)


def test_the_same_action_in_the_same_frame_is_novel_once() -> None:
    ledger = Ledger()
    assert ledger.count_novel([play([RIGHT, LEFT, RIGHT])]) == 2
    ledger.add([play([RIGHT, LEFT])])
    assert len(ledger) == 2 and ledger.count_novel([play([RIGHT, LEFT])]) == 0
    assert ledger.count_novel([play([RIGHT, RIGHT])]) == 1


def test_a_click_counts_by_its_cell() -> None:
    ledger = Ledger()
    ledger.add([play([(6, 8, 8)])])
    assert ledger.count_novel([play([(6, 15, 15)])]) == 0
    assert ledger.count_novel([play([(6, 16, 8)])]) == 1


def test_status_bars_do_not_count() -> None:
    there_and_back = [RIGHT, LEFT] * 6
    ledger = Ledger()
    assert ledger.count_novel([play(there_and_back, bar=1)]) == 2
    ledger.add([play(there_and_back, bar=1)])
    assert len(ledger) == 2
    assert ledger.count_novel([play(there_and_back, bar=9)]) == 0


def test_more_recordings_than_the_bars_are_found_in() -> None:
    ledger = Ledger()
    for number in range(MASKED_BY + 3):
        ledger.add([play([(6, 8 * (number % 8), 8 * (number // 8))])])
    assert len(ledger) == ledger.recordings == MASKED_BY + 3
