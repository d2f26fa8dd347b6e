"""The online model holds up: same answers in every process, flat memory, odd play."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from arcworld.online.model import OnlineWorldModel
from arcworld.recordings.episode import CLICK, RESET, Action, Outcome, Step
from tests.online.scenes import (
    AVATAR,
    BOX,
    GEM,
    LAMP_OFF,
    Frame,
    room,
    switch,
    tile,
    walk,
    with_bar,
)

SLOW = pytest.mark.skipif(not os.environ.get("ARCWORLD_SLOW"), reason="set ARCWORLD_SLOW=1")
DIGEST = "from tests.online.test_robust import digest; print(digest())"


def scene(rng: np.random.Generator) -> Frame:
    """A room with an avatar, boxes, gems and lamps at random places."""
    frame = room()
    for colour in (*rng.choice([BOX, GEM, LAMP_OFF], 6), AVATAR):
        y, x = rng.integers(3, 13, 2) * 4
        frame = tile(frame, int(y), int(x), int(colour))
    frame[61:63, 4:60] = 12
    return frame


def any_action(rng: np.random.Generator) -> Action:
    """A click or another action."""
    number = int(rng.integers(1, 10))
    if number >= CLICK:
        return Action(CLICK, int(rng.integers(64)), int(rng.integers(64)))
    return Action(number)


def play(frame: Frame, action: Action) -> Frame:
    """The rules of the made-up games, one after the other."""
    return with_bar(switch if action.id == CLICK else walk)(frame, action)


def digest() -> str:
    """Hash of all predictions and confidences of one play."""
    rng, model = np.random.default_rng(3), OnlineWorldModel()
    state, found = model.reset(scene(rng)), hashlib.sha256()
    for _ in range(60):
        action = any_action(rng)
        answer = model.predict(state, [action])
        found.update(answer.frames_NHW.tobytes() + answer.confidence_N.tobytes())
        found.update(answer.outcomes_NO.tobytes())
        after = play(state.frame_HW, action)
        state = model.observe(state, Step(state.frame_HW, action, Outcome.NOTHING, after))
    return found.hexdigest()


def test_two_processes_give_the_same_predictions() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1 and len(found.pop().strip()) == 64


def mutated(frame: Frame, rng: np.random.Generator) -> Frame:
    """A frame that no rule explains: noise, one colour, moved, turned, other colours, boxes."""
    kind = int(rng.integers(7))
    if kind == 0:
        return rng.integers(0, 16, (64, 64)).astype(np.uint8)
    if kind == 1:
        return np.full((64, 64), rng.integers(16), np.uint8)
    if kind == 2:
        return np.roll(frame, rng.integers(-20, 20, 2).tolist(), (0, 1))
    if kind == 3:
        return np.ascontiguousarray(np.rot90(frame))
    if kind == 4:
        return rng.permutation(16).astype(np.uint8)[frame]
    if kind == 5:
        return np.where(rng.random((64, 64)) < 0.3, 7, frame).astype(np.uint8)
    y, x, height, width = rng.integers(0, 64, 4).tolist()
    after = frame.copy()
    after[y : y + height, x : x + width] = rng.integers(16)
    return after


def odd_play(seed: int, actions: int = 24) -> None:
    """Play with mutations, jumps, resets, deaths and wins; every answer must be sound."""
    rng, model = np.random.default_rng(seed), OnlineWorldModel(seed=seed)
    state, tidy = model.reset(scene(rng), (1, 2, 3, 4, 6)), True
    for _ in range(actions):
        action = any_action(rng)
        answer = model.predict(state, [action, Action(1)])
        assert answer.frames_NHW.shape == (2, 64, 64) and answer.frames_NHW.max() < 16
        assert ((answer.confidence_N >= 0) & (answer.confidence_N <= 1)).all()
        assert np.allclose(answer.outcomes_NO.sum(1), 1, atol=1e-5)
        model.predict(answer.states[0], [any_action(rng)])
        after = play(state.frame_HW, action) if tidy else state.frame_HW
        if rng.random() < 0.3:
            after, tidy = mutated(after, rng), False
        outcome = Outcome(int(rng.choice([0, 0, 0, 0, 0, 0, 1, 2])))
        action = Action(RESET) if rng.random() < 0.05 else action
        if rng.random() < 0.1:
            after, tidy = scene(rng), True
            state = model.reset(after)
        state = model.observe(state, Step(state.frame_HW, action, outcome, after))
        assert (state.frame_HW == after).all()


def test_odd_plays_raise_nothing() -> None:
    for seed in range(8):
        odd_play(seed)


@SLOW
@pytest.mark.timeout(7200)
def test_two_thousand_odd_plays_raise_nothing() -> None:
    for seed in range(100, 2100):
        odd_play(seed)


def grown(actions: int) -> list[float]:
    """Memory in MiB, taken ten times over a long play that is seldom interrupted."""
    rng, model = np.random.default_rng(5), OnlineWorldModel()
    state, sizes = model.reset(scene(rng)), []
    tracemalloc.start()
    for number in range(actions):
        if number % 100 == 0:
            state = model.reset(scene(rng))
        if number % (actions // 10) == actions // 10 - 1:
            sizes.append(tracemalloc.get_traced_memory()[0] / 2**20)
        action = any_action(rng)
        after = play(state.frame_HW, action)
        state = model.observe(state, Step(state.frame_HW, action, Outcome.NOTHING, after))
    tracemalloc.stop()
    return sizes


@SLOW
@pytest.mark.timeout(7200)
def test_memory_is_flat_over_twenty_thousand_actions() -> None:
    sizes = grown(20_000)
    print([round(size, 1) for size in sizes])
    assert sizes[-1] < 1.25 * sizes[4]
