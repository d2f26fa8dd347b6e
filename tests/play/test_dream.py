"""A dream equals single predictions one after another, follows true play, and forks."""

from __future__ import annotations

import numpy as np
import pytest

from arcworld.models.decoding.decode import predict_next
from arcworld.models.run import Run, from_pretrained
from arcworld.play.dream import Dream
from arcworld.play.observation import IllegalActionError
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action


@pytest.fixture(scope="module")
def run() -> Run:
    return from_pretrained("small")


WALK = [Action(kind) for kind in (4, 2, 2, 3, 1, 4)]


def test_is_one_prediction_after_another(run: Run) -> None:
    with Toolkit() as toolkit:
        opening = toolkit.open("keys").observation
    dream = Dream(run, opening)
    for action in WALK:
        before = dream.now()
        reported = dream.step(action)
        pending = np.append(before.types_A, np.int16(action.id))
        cells = np.append(before.cells_A, np.int16(64))
        outcomes = np.append(before.outcomes_A, np.uint8(0))
        window = type(before)(
            before.indices_TC, pending, cells, outcomes, outcomes > 9, before.opens
        )
        plain = predict_next(run.world_model, [window])
        frame_HW = run.tokenizer.decode_frames(plain.indices_BC)[0]
        assert (reported.frame_HW == frame_HW).all()
    assert dream.depth == len(WALK)


def test_following_the_game_sets_the_depth_to_0(run: Run) -> None:
    with Toolkit() as toolkit:
        session = toolkit.open("keys")
        dream = Dream(run, session.observation)
        dream.step(WALK[0])
        for action in WALK:
            dream.follow(action, session.step(action))
        assert dream.depth == 0 and dream.outcomes_O is None
        assert (dream.observation.frame_HW == session.observation.frame_HW).all()


def test_forks_do_not_see_each_other(run: Run) -> None:
    with Toolkit() as toolkit:
        dream = Dream(run, toolkit.open("keys").observation)
    dream.step(WALK[0])
    other = dream.fork()
    there = other.step(WALK[1]).frame_HW
    assert dream.depth == 1 and other.depth == 2
    assert (dream.step(WALK[1]).frame_HW == there).all()


def test_refuses_what_is_not_offered(run: Run) -> None:
    with Toolkit() as toolkit:
        dream = Dream(run, toolkit.open("keys").observation)
    with pytest.raises(IllegalActionError, match="ACTION6 cannot be predicted"):
        dream.step(Action(6, 3, 3))
    assert dream.depth == 0
