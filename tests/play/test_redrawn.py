"""Games drawn otherwise: things get a second colour or shrink, everything else stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from arcworld.play.agent import Decision
from arcworld.play.agents.redrawn import (
    CORES,
    FLOOR,
    HALVES,
    SHAPES,
    SMALL,
    STYLES,
    Redrawing,
    RedrawnAgent,
)
from arcworld.play.observation import NOT_FINISHED, Observation
from arcworld.recordings.episode import Action

GROUND, WALL, THING = 0, 5, 9
OTHERS = 2, 3, 40, 46
"""A thing two pixels wide: too thin to be redrawn."""


def scene(column: int = 20) -> NDArray[np.uint8]:
    frame_HW = np.full((64, 64), GROUND, np.uint8)
    frame_HW[:, :4] = WALL
    frame_HW[10:16, column : column + 6] = THING
    frame_HW[OTHERS[0] : OTHERS[1] + 1, OTHERS[2] : OTHERS[3]] = 3
    return frame_HW


def observed(*grids: NDArray[np.uint8], levels: int = 0) -> Observation:
    return Observation(grids[-1], grids, NOT_FINISHED, levels, 5, (1, 6), "game-1", "guid", False)


@pytest.mark.parametrize("style", [style for style in STYLES if style != FLOOR])
def test_only_things_are_redrawn(style: str) -> None:
    frame_HW = scene()
    before_HW = frame_HW.copy()
    drawn_HW = Redrawing(style)(frame_HW, GROUND)
    assert (frame_HW == before_HW).all(), "the game's own frame stays"
    differs = drawn_HW != frame_HW
    assert differs.any() and (frame_HW[differs] == THING).all()


def test_cores_halves_and_small_things() -> None:
    cores, halves, small = (Redrawing(s)(scene(), GROUND) for s in (CORES, HALVES, SMALL))
    second = cores[12, 22]
    assert second not in scene()
    assert (cores[11:15, 21:25] == second).all() and (cores[10:16, 20] == THING).all()
    assert (halves[10:16, 20:23] == THING).all() and (halves[10:16, 23:26] == second).all()
    assert (small[11:15, 21:25] == THING).all() and (small == THING).sum() == 16


def test_shapes_differ_by_colour_and_long_things_have_none() -> None:
    frame_HW = scene()
    frame_HW[30:36, 20:26] = THING + 1
    frame_HW[30:34, 40:49] = THING + 1
    drawn_HW = Redrawing(SHAPES)(frame_HW, GROUND)
    first, second = (drawn_HW[y : y + 6, 20:26] != GROUND for y in (10, 30))
    assert 12 <= first.sum() < 36 and 12 <= second.sum() < 36 and (first != second).any()
    assert (drawn_HW[30:34, 40:49] == THING + 1).all()


def test_the_floor_gets_dots_that_things_hide() -> None:
    drawn_HW = Redrawing(FLOOR)(scene(), GROUND)
    differs = drawn_HW != scene()
    assert (scene()[differs] == GROUND).all() and differs[1::4, 1::4].sum() == differs.sum() > 200
    assert len(np.unique(drawn_HW[differs])) == 1 and drawn_HW[1, 5] not in scene()


def test_a_thing_keeps_its_second_colour_when_others_come() -> None:
    redrawing = Redrawing(CORES)
    first_HW = redrawing(scene(), GROUND)
    later_HW = scene(30)
    later_HW[40:46, 40:46] = first_HW[12, 22]
    assert redrawing(later_HW, GROUND)[12, 32] == first_HW[12, 22]


def test_without_a_free_colour_things_stay_as_they_are() -> None:
    frame_HW = scene()
    frame_HW[63, :16] = np.arange(16)
    assert (Redrawing(CORES)(frame_HW, GROUND)[:20] == frame_HW[:20]).all()


class Watching:
    """Notes the frames that it is shown."""

    name = "watching"

    def __init__(self) -> None:
        self.seen: list[NDArray[np.uint8]] = []

    def begin(self, observation: Observation) -> None:
        self.seen.append(observation.frame_HW)

    def choose_action(self, observation: Observation) -> Decision:
        self.seen.append(observation.frame_HW)
        return Decision(Action(6, 22, 12))

    def observe(self, decision: Decision, observation: Observation) -> None:
        self.seen += observation.grids


def test_an_agent_sees_redrawn_frames_and_its_clicks_stay() -> None:
    watching = Watching()
    agent = RedrawnAgent(watching, SMALL)
    first, after = observed(scene()), observed(scene(26), scene(32))
    agent.begin(first)
    assert agent.choose_action(first).action == Action(6, 22, 12)
    agent.observe(Decision(Action(6, 22, 12)), after)
    expected = [Redrawing(SMALL)(scene(column), GROUND) for column in (20, 20, 26, 32)]
    assert len(watching.seen) == 4
    assert all((a == b).all() for a, b in zip(watching.seen, expected, strict=True))
    assert agent.name == "watching" and agent.plans == {}


def test_the_ground_is_that_of_the_level() -> None:
    watching = Watching()
    agent = RedrawnAgent(watching, SMALL)
    agent.begin(observed(scene()))
    other_HW = np.where(scene() == GROUND, 7, scene()).astype(np.uint8)
    agent.observe(Decision(Action(1)), observed(other_HW, levels=1))
    assert watching.seen[-1][10, 20] == 7
