"""Effects that hold wherever they apply, and the labels that they give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import Episode, Outcome
from arcworld.training.local_effects import (
    MaskedState,
    Transition,
    digest_of,
    implied_transitions,
    local_effects,
)
from arcworld.training.shortest_path_labels import shortest_path_labels

CLICKS = [(6, 8 * i + 4, 30) for i in range(5)]
"""Click i turns tile i of a row to the next of its colours."""


def frame(*tiles: int) -> NDArray[np.uint8]:
    """A row of tiles with the given colours."""
    found = np.zeros((64, 64), np.uint8)
    for i, colour in enumerate(tiles):
        found[28:34, 8 * i + 1 : 8 * i + 7] = colour
    return found


def graph(
    *steps: tuple[NDArray[np.uint8], int, NDArray[np.uint8]],
) -> tuple[list[Transition], dict[MaskedState, NDArray[np.uint8]]]:
    flat = [one.ravel() for before, _, after in steps for one in (before, after)]
    frames: dict[MaskedState, NDArray[np.uint8]] = {(0, digest_of(one)): one for one in flat}
    taken = [((0, digest_of(b)), CLICKS[click], (0, digest_of(a))) for b, click, a in steps]
    return taken, frames


def test_an_effect_leads_from_a_state_where_it_was_never_seen_to_one_that_was() -> None:
    taken, frames = graph((frame(1, 1), 0, frame(2, 1)), (frame(1, 1), 1, frame(1, 2)),
                          (frame(1, 2), 1, frame(1, 3)), (frame(2, 2), 1, frame(2, 3)))  # fmt: skip
    effects = local_effects(taken, frames)
    start = 0, digest_of(frame(1, 2))
    assert set(implied_transitions([start], effects, frames)) == {
        (start, CLICKS[1], (0, digest_of(frame(1, 3)))),
        (start, CLICKS[0], (0, digest_of(frame(2, 2)))),
    }


def test_an_effect_that_is_contradicted_implies_nothing() -> None:
    """The same click on the same tile once did nothing."""
    taken, frames = graph((frame(1, 1), 0, frame(2, 1)), (frame(1, 2), 0, frame(1, 2)),
                          (frame(1, 3), 1, frame(2, 3)))  # fmt: skip
    effects = local_effects(taken, frames)
    assert [effect.action for effect in effects[0]] == [CLICKS[1]]


def test_an_effect_on_most_of_the_screen_is_not_local() -> None:
    taken, frames = graph((frame(1), 0, 9 - frame(1)))
    assert local_effects(taken, frames) == {0: []}


def play(tiles: list[tuple[int, ...]], clicks: list[int], *, won: bool) -> Episode:
    count = len(clicks)
    frames = np.stack([frame(*row) for row in tiles])
    outcomes = np.zeros(count, np.uint8)
    outcomes[-1] = Outcome.LEVEL_WON if won else Outcome.NOTHING
    levels = np.zeros(count + 1, np.uint8)
    levels[-1] = won
    return Episode(
        game_id="tiles-0001",
        guid="guid",
        frames_THW=frames,
        actions_A3=np.array([CLICKS[click] for click in clicks], np.int16),
        outcomes_A=outcomes,
        grids_T=np.ones(count + 1, np.uint16),
        levels_T=levels,
        available_T=np.full(count + 1, 0b1000000, np.uint8),
        win_levels=2,
    )


def test_a_state_that_no_recording_returns_from_gets_the_way_back() -> None:
    """Tile 2 is turned wrongly after the first right click, and nobody turned it back there."""
    winner = play([(1, 1, 1), (2, 1, 1), (2, 2, 1), (3, 3, 3)], [0, 1, 2], won=True)
    back = play([(1, 1, 1), (1, 1, 2), (1, 1, 1)], [2, 2], won=False)
    astray = play([(2, 1, 1), (2, 1, 2), (2, 1, 2)], [2, 3], won=False)
    labels = shortest_path_labels([winner, back, astray])
    assert labels[2].known_A.all()
    assert labels[2].actions_A3.tolist() == [list(CLICKS[1]), list(CLICKS[2])]
    without = shortest_path_labels([winner, astray])
    assert without[1].known_A.tolist() == [True, False]
