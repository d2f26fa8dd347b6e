"""Confidence of frames, and recall of what was seen."""

from __future__ import annotations

import numpy as np

from arcworld.online.confidence import FrameConfidence, shipped_weights
from arcworld.online.model import OnlineWorldModel
from arcworld.recordings.episode import Action
from tests.online.scenes import AVATAR, Frame, predicted, room, teach, tile, walk


def evidence(rates: FrameConfidence, agreeing: int = 4) -> float:
    return rates.confidence(rates.evidence(4, None, [], agreeing, 0.5, 1.0))


def test_confidence_follows_what_was_right_so_far() -> None:
    rates = FrameConfidence()
    known = rates.evidence(4, None, [], 4, 0.5, 1.0)
    start = rates.confidence(known)
    for _ in range(20):
        rates.learn(known, right=True, claims_held=True)
    surer = evidence(rates)
    assert start < surer
    assert evidence(rates, agreeing=1) < surer
    for _ in range(20):
        rates.learn(known, right=False, claims_held=True)
    assert evidence(rates) < start


def test_every_shipped_weight_is_of_a_feature() -> None:
    features = FrameConfidence().evidence(6, 3, [], 1, 0.5, 1.0).features
    assert shipped_weights().keys() == {"bias", *features}


def flicker(frame: Frame, action: Action) -> Frame:
    """A reaction that no other expert could know: the frame is its own negative."""
    return np.uint8(15) - frame


def test_recall_repeats_what_was_seen_and_nothing_else() -> None:
    frame = tile(room(), 24, 24, AVATAR)
    frame[::2, ::3] = 7
    others = ["objects", "templates", "tiles", "tints"]
    without = OnlineWorldModel(without=["recall", *others])
    model = OnlineWorldModel(without=others)
    for one in (model, without):
        state = teach(one, frame, [Action(1)] * 2, flicker)
        assert (state.frame_HW == frame).all()
    state = model.reset(frame)
    assert (predicted(model, state, Action(1)) == flicker(frame, Action(1))).all()
    assert not (predicted(without, without.reset(frame), Action(1)) == 15 - frame).all()
    assert not any(claim.expert == "recall" for claim in model.explain(state, Action(2)))


def test_recall_is_dropped_where_it_fails() -> None:
    count = 0

    def counting(frame: Frame, action: Action) -> Frame:
        nonlocal count
        count += 1
        return tile(frame, 24, 24, count % 15)

    model = OnlineWorldModel()
    for _ in range(20):
        teach(model, room(), [Action(1)], counting)
    assert not any(c.expert == "recall" for c in model.explain(model.reset(room()), Action(1)))


def test_walking_is_sure_after_some_steps() -> None:
    model = OnlineWorldModel()
    state = teach(model, tile(room(), 24, 24, AVATAR), [Action(k) for k in (4, 4, 3, 3) * 6], walk)
    assert model.predict(state, [Action(4)]).confidence_N[0] >= 0.9
