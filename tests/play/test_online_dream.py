"""Dreams in a model that learns from the true game."""

from __future__ import annotations

import numpy as np
import pytest

from arcworld.online.model import OnlineWorldModel
from arcworld.play.observation import IllegalActionError
from arcworld.play.online_dream import OnlineDream
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET, Action

WALK = (4, 2, 3, 1)


def test_it_learns_from_the_true_game_only() -> None:
    with Toolkit() as toolkit:
        session = toolkit.open("relay")
        dream = OnlineDream(OnlineWorldModel(), session.observation)
        right: list[bool | None] = []
        for number in range(30):
            action = Action(WALK[number % 4])
            imagined = dream.fork()
            imagined.step(action)
            assert dream.depth == 0 and dream.confidence is None  # forks keep their own state
            assert imagined.depth == 1 and imagined.confidence is not None
            dream.follow(action, session.step(action))
            right.append(dream.right)
    assert sum(map(bool, right[:4])) <= 1
    assert sum(map(bool, right[-8:])) >= 6
    before = dream.model.explain(dream.state, Action(4))
    deep = dream.fork()
    for kind in (4, 2, 3):
        deep.step(Action(kind))
    assert deep.depth == 3 and deep.outcomes_O is not None
    assert list(map(str, dream.model.explain(dream.state, Action(4)))) == list(map(str, before))


def test_a_reset_returns_to_the_start_of_the_level() -> None:
    with Toolkit() as toolkit:
        session = toolkit.open("relay")
        opening_HW = session.observation.frame_HW
        dream = OnlineDream(OnlineWorldModel(), session.observation)
        for kind in (4, 2):
            dream.follow(Action(kind), session.step(Action(kind)))
        imagined = dream.fork()
        assert (imagined.step(Action(RESET)).frame_HW == opening_HW).all()
        assert imagined.confidence is None and imagined.claims == ()
        dream.follow(Action(RESET), session.step(Action(RESET)))
        assert dream.right is None
        assert np.array_equal(dream.observation.frame_HW, session.observation.frame_HW)


def test_an_illegal_action_is_one_line() -> None:
    with Toolkit() as toolkit:
        dream = OnlineDream(OnlineWorldModel(), toolkit.open("keys").observation)
        with pytest.raises(
            IllegalActionError, match=r"found ACTION6.*expected action 0, 1.*resync"
        ):
            dream.step(Action(6, 3, 3))
        assert dream.depth == 0
