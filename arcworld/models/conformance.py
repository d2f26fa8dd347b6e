"""Tests whether a class keeps the `WorldModel` interface, on any transitions.

    from arcworld.models.conformance import check_world_model
    check_world_model(MyModel)

Nothing is said about how good the predictions are; see `arcworld evaluate --online`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from arcworld.models.interface import (
    Prediction,
    WorldModel,
    WorldModelFactory,
    WorldModelState,
    faults_of,
)
from arcworld.recordings.episode import CLICK, COLOURS, RESET, SIDE, Action, Outcome, Step

ASKED = (Action(1), Action(2), Action(3), Action(4), Action(5), Action(CLICK, 20, 12), Action(7))
"""Every kind of action is asked for in every state."""


def check_world_model[State: WorldModelState](
    factory: WorldModelFactory[State], steps: Sequence[Step] | None = None, seed: int = 0
) -> str:
    """Play transitions through two instances; return a digest of all predictions.

    It checks that

    - every prediction has the right form;
    - `predict` changes neither the model nor the state;
    - a state keeps its meaning while other states are made from it;
    - a batch of actions gets the same answers as each action alone;
    - two instances agree;
    - RESET, level changes and a game over raise no error;
    - `predict` accepts imagined states.

    The digest must also be the same in another process: compare it across two runs of Python with
    different `PYTHONHASHSEED`.

    Args:
        factory: the class, or a function that makes a model.
        steps: transitions of one play, in order; None takes made-up ones.
        seed: given to the factory.

    Raises:
        AssertionError: the first violation, with the step.
    """
    steps = list(made_up_steps()) if steps is None else steps
    one, other = factory(seed=seed), factory(seed=seed)
    assert one.name, "the model has no name"
    digest = blake2b(digest_size=16)
    state, state_of_other = _opened(one, steps[0]), _opened(other, steps[0])
    for number, step in enumerate(steps):
        where = f"step {number} ({step.action.name})"
        if not np.array_equal(state.frame_HW, step.frame_HW):
            state, state_of_other = _opened(one, step), _opened(other, step)
        asked = (step.action, *ASKED)
        prediction = _check_predict(one, state, asked, where)
        _same(prediction, other.predict(state_of_other, asked), f"{where}: two instances differ")
        digest.update(_bytes_of(prediction))
        _check_imagined(one, prediction, where)
        state, state_of_other = one.observe(state, step), other.observe(state_of_other, step)
        arrived = np.array_equal(state.frame_HW, step.next_frame_HW)
        assert arrived, f"{where}: observe() returned a state with another frame than the next one"
    return digest.hexdigest()


def _opened[State: WorldModelState](model: WorldModel[State], step: Step) -> State:
    state = model.reset(step.frame_HW, (1, 2, 3, 4, 5, 6, 7))
    same = np.array_equal(state.frame_HW, step.frame_HW)
    assert same, "reset() returned a state with another frame than it was given"
    return state


def _check_predict[State: WorldModelState](
    model: WorldModel[State],
    state: State,
    actions: Sequence[Action],
    where: str,
) -> Prediction[State]:
    """Predict, twice and one by one; the state must stay as it was."""
    frame_HW = state.frame_HW.copy()
    first = model.predict(state, actions)
    faults = faults_of(first, len(actions))
    assert not faults, f"{where}: {'; '.join(faults)}"
    kept = copy.deepcopy((first.frames_NHW, first.confidence_N, first.outcomes_NO))
    _same(first, model.predict(state, actions), f"{where}: the same question got two answers")
    for number, action in enumerate(actions):
        alone = model.predict(state, [action])
        same = np.array_equal(alone.frames_NHW[0], first.frames_NHW[number])
        assert same, f"{where}: {action} alone and among others gets two answers"
        imagined = first.states[number].frame_HW
        same = np.array_equal(imagined, first.frames_NHW[number])
        assert same, f"{where}: a predicted frame differs from the frame of its imagined state"
    unchanged = all(
        np.array_equal(a, b)
        for a, b in zip(
            kept, (first.frames_NHW, first.confidence_N, first.outcomes_NO), strict=True
        )
    )
    assert unchanged, f"{where}: a prediction changed after it was returned"
    assert np.array_equal(state.frame_HW, frame_HW), f"{where}: predict() changed its state"
    return first


def _check_imagined[State: WorldModelState](
    model: WorldModel[State], prediction: Prediction[State], where: str
) -> None:
    """Predict from imagined states, then from the first again: nothing may have moved it."""
    before = [model.predict(state, ASKED[:2]) for state in prediction.states[:3]]
    for state, first in zip(prediction.states, before, strict=False):
        faults = faults_of(first, 2)
        assert not faults, f"{where}, from an imagined state: {'; '.join(faults)}"
        again = model.predict(state, ASKED[:2])
        _same(first, again, f"{where}: an imagined state does not keep its meaning")


def _same[State: WorldModelState](
    one: Prediction[State], other: Prediction[State], message: str
) -> None:
    assert _bytes_of(one) == _bytes_of(other), message


def _bytes_of[State: WorldModelState](prediction: Prediction[State]) -> bytes:
    arrays = (prediction.frames_NHW, prediction.confidence_N, prediction.outcomes_NO)
    pixels = prediction.pixel_confidence_NHW
    return b"".join(array.tobytes() for array in (*arrays, *([] if pixels is None else [pixels])))


def made_up_steps(count: int = 60, seed: int = 0) -> Iterator[Step]:
    """Yield a made-up play: a square walks, clicks recolour a tile, a bar fills; scenes change.

    After a third of the steps comes a RESET, after a half a level is won, after two thirds the game
    is over and RESET follows. Later the frame changes without a transition, as after a full reset.
    """
    rng = np.random.default_rng(seed)
    frame_HW = _scene(rng)
    for number in range(count):
        action, outcome = _chosen(rng), Outcome.NOTHING
        if number in (count // 3, 2 * count // 3 + 1):
            action, next_HW = Action(RESET), _scene(rng)
        elif number == count // 2:
            outcome, next_HW = Outcome.LEVEL_WON, _scene(rng)
        elif number == 2 * count // 3:
            outcome, next_HW = Outcome.GAME_OVER, np.full((SIDE, SIDE), 2, np.uint8)
        else:
            next_HW = _moved(frame_HW, action, number)
        yield Step(frame_HW, action, outcome, next_HW)
        frame_HW = _scene(rng) if number == 5 * count // 6 else next_HW


def _chosen(rng: np.random.Generator) -> Action:
    kind = int(rng.integers(1, 8))
    x, y = (int(value) for value in rng.integers(0, SIDE, 2))
    return Action(kind, x, y) if kind == CLICK else Action(kind)


def _scene(rng: np.random.Generator) -> NDArray[np.uint8]:
    frame_HW = np.full((SIDE, SIDE), 5, np.uint8)
    frame_HW[8:56, 8:56] = 0
    for _ in range(6):
        y, x = rng.integers(2, 14, 2) * 4
        frame_HW[y : y + 4, x : x + 4] = rng.integers(6, COLOURS)
    frame_HW[32:36, 32:36] = 9
    return frame_HW


def _moved(frame_HW: NDArray[np.uint8], action: Action, number: int) -> NDArray[np.uint8]:
    """The square of colour 9 walks 4 pixels, a click sets a 4x4 tile to colour 3, a bar ticks."""
    next_HW = frame_HW.copy()
    next_HW[63, : number % SIDE] = 4
    if action.id == CLICK:
        assert action.x is not None and action.y is not None
        y, x = action.y // 4 * 4, action.x // 4 * 4
        next_HW[y : y + 4, x : x + 4] = 3
        return next_HW
    steps = {1: (-4, 0), 2: (4, 0), 3: (0, -4), 4: (0, 4)}
    places = np.argwhere(frame_HW == 9)
    if action.id in steps and len(places):
        moved = places + steps[action.id]
        if (moved >= 8).all() and (moved < 56).all():
            next_HW[tuple(places.T)] = 0
            next_HW[tuple(moved.T)] = 9
    return next_HW
