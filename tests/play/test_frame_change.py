"""Agent frame-change: what it keeps, what it draws, and that it learns what changes the frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from arcworld.planning.action_index import PIXELS, SIMPLE, action_from_index, action_index
from arcworld.planning.change_predictor import ChangeModel, Pairs
from arcworld.play.agent import Decision
from arcworld.play.agents.frame_change import FrameChangeAgent, FrameChangeConfig
from arcworld.play.observation import Observation
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action

QUICK = FrameChangeConfig(width=8, batch_size=16, train_every=2)


def seen(
    frame_HW: NDArray[np.uint8], legal: Sequence[int] = (0, 1, 2, 6), **others: int
) -> Observation:
    return Observation(
        frame_HW, (frame_HW,), "NOT_FINISHED", others.get("levels", 0), 3, (1, 2, 6), "g-1", "guid",
        full_reset=False, legal_actions=tuple(legal),
    )  # fmt: skip


def frame(colour: int) -> NDArray[np.uint8]:
    return np.full((64, 64), colour, dtype=np.uint8)


@given(st.integers(0, 5 + PIXELS - 1))
def test_every_logit_is_one_action(place: int) -> None:
    assert action_index(action_from_index(place)) == place


@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_pairs_are_distinct_the_newest_and_bounded(
    capacity: int, shown: list[tuple[int, int]]
) -> None:
    pairs, model = Pairs(capacity), list[tuple[int, int]]()
    for colour, place in shown:
        known = (colour, place) in model
        assert pairs.add(frame(colour), place, changed=bool(place)) is not known
        model = model if known else [*model, (colour, place)][-capacity:]
    assert len(pairs) == len(model)
    frames, places, changed = pairs.sample(len(model), np.random.default_rng(0))
    kept = [(int(f[0, 0]), int(p)) for f, p in zip(frames, places, strict=True)]
    assert sorted(kept) == sorted(model)
    assert torch.equal(changed, places.bool().float())


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**16))
def test_one_logit_is_as_among_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = ChangeModel(8)
    frames = torch.from_numpy(rng.integers(0, 16, (6, 64, 64), dtype=np.uint8))
    places = torch.from_numpy(np.append(rng.integers(0, 5 + PIXELS, 4), [0, 5]))
    with torch.inference_mode():
        among = model(frames).gather(1, places[:, None])[:, 0]
        assert torch.allclose(model.logits_at(frames, places), among, atol=1e-6)


@pytest.mark.parametrize("legal", [(0, 1), (2, 6), (0, 6), (3, 5, 7)])
def test_only_legal_actions_are_drawn_and_reset_never(legal: tuple[int, ...]) -> None:
    agent = FrameChangeAgent(1, QUICK)
    now = seen(frame(3), legal)
    agent.begin(now)
    drawn = {agent.choose_action(now).action.id for _ in range(60)}
    assert drawn == set(legal) - {0, 7}
    assert agent.choose_action(seen(frame(3), (0,))).action == Action(0)
    assert agent.choose_action(seen(frame(3), (7,))).action == Action(7)


def test_clicks_weigh_together_as_one_action() -> None:
    agent = FrameChangeAgent(0, QUICK)
    now = seen(frame(3), (1, 2, 3, 4, 5, 6))
    agent.begin(now)
    weights = agent.weights(now)
    assert np.all(weights > 0) and weights[: len(SIMPLE)].max() < 1
    assert 0 < weights[len(SIMPLE) :].sum() < 1


def test_it_learns_where_a_click_changes_the_frame() -> None:
    """Of 4,096 pixels the 144 of a square change something; of two simple actions, the first."""
    picture = frame(5)
    picture[20:32, 40:52] = 8
    changed = picture.copy()
    changed[0, 0] = 1
    agent = FrameChangeAgent(0, replace(QUICK, train_every=3))
    agent.begin(seen(picture))
    rng = np.random.default_rng(0)
    for _ in range(150):
        x, y = rng.integers(0, 64, 2) if rng.random() < 0.6 else rng.integers((40, 20), (52, 32))
        click = Action(6, int(x), int(y))
        for action in (click, Action(1), Action(2)):
            does = action.id == 1 or (action.id == 6 and picture[action.as_row()[2], x] == 8)
            agent.observe(Decision(action), seen(changed if does else picture))
            agent._last = seen(picture)
    weights = agent.weights(seen(picture))
    clicks = weights[len(SIMPLE) :].reshape(64, 64)
    assert clicks[picture == 8].mean() > 4 * clicks[picture == 5].mean()
    assert weights[0] > 4 * weights[1]


def test_a_new_level_begins_anew() -> None:
    agent = FrameChangeAgent(0, QUICK)
    agent.begin(seen(frame(0)))
    agent.observe(Decision(Action(1)), seen(frame(1)))
    assert len(agent.pairs) == 1
    before = agent._model
    agent.observe(Decision(Action(1)), seen(frame(2), levels=1))
    assert len(agent.pairs) == 0 and agent._model is not before


def test_resets_and_game_over_teach_nothing() -> None:
    agent = FrameChangeAgent(0, QUICK)
    agent.begin(seen(frame(0)))
    agent.observe(Decision(Action(0)), seen(frame(1)))
    agent.observe(Decision(Action(1)), replace(seen(frame(2)), state="GAME_OVER"))
    agent.observe(Decision(Action(7)), seen(frame(3)))
    assert len(agent.pairs) == 0
    agent.observe(Decision(Action(1)), seen(frame(4)))
    assert len(agent.pairs) == 1


def test_it_plays_reproducibly_and_leaves_other_randomness_alone(toolkit: Toolkit) -> None:
    agent = FrameChangeAgent(7, QUICK)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first = play_game(agent, toolkit, "tiny", 60, seed=1)
    assert torch.equal(torch.rand(1), expected)
    again = play_game(FrameChangeAgent(7, QUICK), toolkit, "tiny", 60, seed=1)
    assert first.level_actions == again.level_actions and first.replaced == 0
