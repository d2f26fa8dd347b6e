"""The network trained during play: it separates similar objects, and a search uses it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from arcworld.planning.action_index import action_index
from arcworld.planning.change_predictor import ChangePredictor, ChangePredictorConfig
from arcworld.planning.memory.node import Node
from arcworld.planning.memory.search import PREDICTED, likeliest
from arcworld.recordings.episode import Action

QUICK = ChangePredictorConfig(width=8, batch_size=16, train_every=1, learning_rate=3e-3)
LEFT, RIGHT = Action(6, 10, 30), Action(6, 50, 30)


def frame(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Two equal buttons, and dots elsewhere that differ between frames."""
    frame_HW = np.zeros((64, 64), np.uint8)
    frame_HW[28:33, 8:13] = frame_HW[28:33, 48:53] = 5
    frame_HW[rng.integers(0, 20, 12), rng.integers(0, 64, 12)] = 3
    return frame_HW


def test_it_separates_equal_objects_at_different_positions() -> None:
    rng, effects = np.random.default_rng(0), ChangePredictor(QUICK)
    frame_HW = frame(rng)
    for _ in range(150):
        frame_HW = frame(rng)
        frame_HW[:, 30:34] = 7  # so that left and right differ nearby
        frame_HW[:, :30] = np.where(frame_HW[:, :30] == 0, 9, frame_HW[:, :30])
        effects.observe(frame_HW, LEFT, found=True)
        effects.observe(frame_HW, RIGHT, found=False)
        effects.learn()
    logits = effects.logits(frame_HW)
    assert logits[action_index(LEFT)] > 1 and logits[action_index(RIGHT)] < -1


def test_it_predicts_nothing_untrained_and_is_reproducible() -> None:
    first, second = ChangePredictor(QUICK, seed=3), ChangePredictor(QUICK, seed=3)
    assert not first.is_trained
    for one in (first, second):
        rng = np.random.default_rng(1)
        for step in range(20):
            one.observe(frame(rng), LEFT if step % 2 else RIGHT, found=bool(step % 2))
            one.learn()
    assert first.is_trained
    shown = frame(np.random.default_rng(2))
    assert np.array_equal(first.logits(shown), second.logits(shown))


def test_an_action_without_an_index_is_no_example() -> None:
    effects = ChangePredictor(QUICK)
    for _ in range(40):
        effects.observe(frame(np.random.default_rng(0)), Action(7), found=True)
    assert not effects.is_trained


def test_network_and_counts_have_equal_weight() -> None:
    rows = [(6, 10, 30), (6, 50, 30)]
    node = Node(0, b"", {0: list(rows)})
    assert likeliest(node, rows, 0.45) == (rows[0], 0.45)
    node.odds = {rows[0]: -2.0, rows[1]: 2.0}
    row, novelty = likeliest(node, rows, PREDICTED / 2)
    assert row == rows[1] and novelty == pytest.approx(PREDICTED / (1 + np.exp(-1.0)))
    assert likeliest(node, rows, 1.0) == (rows[0], 1.0)
