"""Search toward a goal: around walls, up to the contact, and only over steps of high confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from arcworld.goals import START, GoalTracker, Hypothesis, Progress
from arcworld.models.interface import Prediction, make_prediction
from arcworld.planning.goal_search import GoalSearch, GoalSearchConfig, Plan, after_reset
from arcworld.planning.imagined_steps import ImaginedStep, ImaginedSteps
from arcworld.recordings.episode import RESET, Action, Outcome, Step

CELL = 4
STEPS = {1: (-1, 0), 2: (1, 0), 3: (0, -1), 4: (0, 1)}
FLOOR, WALL, AVATAR, GOAL = 0, 5, 9, 11


@dataclass(frozen=True, eq=False)
class Board:
    """A state of the made-up game: a frame, and the avatar's cell."""

    frame_HW: NDArray[np.uint8]
    at: tuple[int, int]


def draw(walls: set[tuple[int, int]], goal: tuple[int, int], at: tuple[int, int]) -> Board:
    frame = np.full((64, 64), FLOOR, np.uint8)
    for colour, cells in ((WALL, walls), (GOAL, {goal}), (AVATAR, {at})):
        for y, x in cells:
            frame[y * CELL : (y + 1) * CELL, x * CELL : (x + 1) * CELL] = colour
    return Board(frame, at)


class Walker:
    """Knows the rules of the made-up game, but not what happens on the goal."""

    name = "walker"

    def __init__(self, confidence: float = 1.0) -> None:
        self.goal = (8, 12)
        self.walls = {(y, 9) for y in range(3, 14)}
        self.confidence = confidence

    def reset(self, frame_HW: NDArray[np.uint8], available_actions: Sequence[int] = ()) -> Board:
        return draw(self.walls, self.goal, (8, 4))

    def observe(self, state: Board, step: Step) -> Board:
        return self.predict(state, [step.action]).states[0]

    def predict(self, state: Board, actions: Sequence[Action]) -> Prediction[Board]:
        states: list[Board] = []
        confidence: list[float] = []
        for action in actions:
            dy, dx = STEPS[action.id]
            to = (state.at[0] + dy, state.at[1] + dx)
            free = to not in self.walls and 0 < to[0] < 15 and 0 < to[1] < 15
            onto = to == self.goal
            states.append(draw(self.walls, self.goal, to if free and not onto else state.at))
            confidence.append(0.2 if onto else self.confidence)
        return make_prediction(states, confidence)


class Foggy(Walker):
    """Is sure of nothing in the column of the goal and beyond, or beside it; guesses right."""

    def predict(self, state: Board, actions: Sequence[Action]) -> Prediction[Board]:
        prediction = super().predict(state, actions)
        away = abs(state.at[0] - self.goal[0]) + abs(state.at[1] - self.goal[1])
        return make_prediction(prediction.states, [0.3 if away == 1 else 1.0 for _ in actions])


def plan_of(model: Walker, config: GoalSearchConfig | None = None) -> Plan | None:
    config = config or GoalSearchConfig(steps=None, seconds=60)
    start = model.reset(np.zeros((64, 64), np.uint8))
    goals = GoalTracker()
    goals.begin(start.frame_HW, (1, 2, 3, 4))
    state = start
    for number in (1, 2, 3, 4):  # what moves is known once it has moved
        after = model.predict(state, [Action(number)]).states[0]
        goals.observe(Step(state.frame_HW, Action(number), Outcome.NOTHING, after.frame_HW))
        state = after
    reach = [b.hypothesis for b in goals.order() if is_reach(b.hypothesis)]
    search = GoalSearch(model, goals.scene, state, config)
    return search.plan(reach[0], START)


def is_reach(hypothesis: Hypothesis) -> bool:
    colours = [key.colour for key in hypothesis.classes]
    return hypothesis.form == "reach" and colours == [AVATAR, GOAL]


def test_it_goes_around_the_wall_and_ends_with_the_contact() -> None:
    model = Walker()
    plan = plan_of(model)
    assert plan is not None and plan.last
    state = model.reset(np.zeros((64, 64), np.uint8))
    for action in plan.actions:
        before, state = state, model.predict(state, [action]).states[0]
        assert before.at != state.at
    assert plan.distances[-1] <= 1.5 and len(plan.distances) == len(plan.actions)
    dy, dx = STEPS[plan.last[0].id]
    assert (state.at[0] + dy, state.at[1] + dx) == model.goal
    assert len(plan.actions) <= 24


def test_a_plan_after_a_reset_expects_nothing_of_the_reset() -> None:
    plan = plan_of(Walker())
    assert plan is not None
    later = after_reset(plan)
    assert later.actions == (Action(RESET), *plan.actions)
    assert later.distances == (math.inf, *plan.distances) and later.last == plan.last


def test_a_goal_that_is_true_already_gets_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "arcworld.planning.goal_search.progress"
    monkeypatch.setattr(name, lambda *_: Progress(0.0, START))
    assert plan_of(Walker()) is None


def test_steps_bound_a_search() -> None:
    assert plan_of(Walker(), GoalSearchConfig(steps=8)) is None


def test_an_unsure_model_gives_no_plan() -> None:
    assert plan_of(Walker(confidence=0.5)) is None


def test_what_is_guessed_to_reach_the_goal_is_tried_first() -> None:
    """Beside the goal the model knows nothing; its guesses are right."""
    model = Foggy()
    plan = plan_of(model)
    assert plan is not None and len(plan.last) == 4 and plan.remaining <= 1.5
    state = model.reset(np.zeros((64, 64), np.uint8))
    for action in plan.actions:
        state = model.predict(state, [action]).states[0]
    dy, dx = STEPS[plan.last[0].id]
    assert (state.at[0] + dy, state.at[1] + dx) == model.goal


def test_steps_that_were_sure_are_imagined_once_until_a_surprise() -> None:
    steps = ImaginedSteps[Board]()
    board = draw(set(), (8, 12), (8, 4))
    for action, sure in ((1, True), (2, False)):
        steps.by_place[b"here", Action(action)] = ImaginedStep(Action(action), None, board, sure)
    steps.renew(surprised=False)
    assert list(steps.by_place) == [(b"here", Action(1))]
    steps.renew(surprised=True)
    assert not steps.by_place


def test_a_second_search_imagines_nothing_that_the_first_was_sure_of() -> None:
    model, goals = Walker(), GoalTracker()
    start = model.reset(np.zeros((64, 64), np.uint8))
    goals.begin(start.frame_HW, (1, 2, 3, 4))
    steps, imagined = ImaginedSteps[Board](), list[int]()
    hypothesis = next(b.hypothesis for b in goals.order() if is_reach(b.hypothesis))
    for _ in range(2):
        few = GoalSearchConfig(steps=None, nodes=30)
        search = GoalSearch(model, goals.scene, start, few, steps=steps)
        search.plan(hypothesis, START)
        imagined.append(search.imagined)
        steps.renew(surprised=False)
    assert imagined[0] > 20 and imagined[1] <= 4, "unsure steps alone"


def test_what_was_observed_is_not_imagined_and_comes_first() -> None:
    model, steps = Walker(), ImaginedSteps[Board]()
    here, there = model.reset(np.zeros((64, 64), np.uint8)), draw(set(), (2, 2), (5, 5))
    visible_HW = np.ones((64, 64), np.bool_)
    actions = [Action(1), Action(2), Action(3)]
    steps.note(here.frame_HW, actions[0], there, visible_HW, continues=True)
    steps.note(here.frame_HW, actions[1], here, visible_HW, continues=True)
    steps.note(here.frame_HW, actions[2], there, visible_HW, continues=False)
    found = steps.after(model, here, actions, visible_HW, GoalSearchConfig())
    assert [step.state for step in found] == [there, None, None], "moved, stayed, level over"
    assert all(step.sure for step in found) and steps.imagined == 0
    steps.renew(surprised=True)
    assert steps.after(model, here, actions, visible_HW, GoalSearchConfig()) == found


def test_a_step_is_known_again_when_the_rim_alone_differs() -> None:
    model, steps = Walker(), ImaginedSteps[Board]()
    here = model.reset(np.zeros((64, 64), np.uint8))
    visible_HW = np.ones((64, 64), np.bool_)
    visible_HW[0] = False
    steps.note(here.frame_HW, Action(1), here, visible_HW, continues=True)
    later_HW = here.frame_HW.copy()
    later_HW[0, :5] = 7
    later = Board(later_HW, here.at)
    (step,) = steps.after(model, later, [Action(1)], visible_HW, GoalSearchConfig())
    assert step.state is None and steps.imagined == 0


def test_no_plan_is_longer_than_allowed() -> None:
    assert plan_of(Walker(), GoalSearchConfig(steps=None, seconds=60, longest=5)) is None
