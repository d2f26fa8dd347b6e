from __future__ import annotations

import numpy as np

from arcworld.recordings.episode import Episode, Outcome
from arcworld.training.skill import skilful


def wins(*lengths: int) -> Episode:
    """An episode whose levels were won after so many actions each."""
    count = sum(lengths)
    outcomes = np.zeros(count, np.uint8)
    outcomes[np.cumsum(lengths) - 1] = Outcome.LEVEL_WON
    return Episode(
        game_id="tiny-0001",
        guid="guid",
        frames_THW=np.zeros((count + 1, 64, 64), np.uint8),
        actions_A3=np.array([(1, -1, -1)] * count, np.int16),
        outcomes_A=outcomes,
        grids_T=np.ones(count + 1, np.uint16),
        levels_T=np.cumsum([0, *(outcomes == Outcome.LEVEL_WON)]).astype(np.uint8),
        available_T=np.full(count + 1, 0b11110, np.uint8),
        win_levels=3,
    )


def test_ways_that_took_far_too_long_teach_nothing() -> None:
    found = skilful([wins(3), wins(6), wins(7, 2)])
    assert [int(skill.sum()) for skill in found] == [3, 6, 2]
    assert not found[2][:7].any() and found[2][7:].all()
    assert skilful([wins(7, 2)])[0].all()
