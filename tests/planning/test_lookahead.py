"""Look-ahead with a made-up world model: one tile, three colours."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from arcworld.planning import lookahead
from arcworld.planning.lookahead import LookAheadConfig, look_ahead
from arcworld.recordings.episode import Action
from arcworld.tokens.cells import cell_of
from arcworld.tokens.sequence import CodedEpisode

CONFIG = LookAheadConfig(width=8, depth=3, gain=0.02)
HOME = np.zeros((64, 64), np.uint8)
TILE, OTHER = Action(6, 12, 12), Action(6, 40, 40)


class Cells:
    """A tokenizer whose code is the one colour of a cell."""

    def decode_frames(self, indices_TC: Any) -> Any:
        grid = np.asarray(indices_TC, np.uint8).reshape(-1, 8, 8)
        return grid.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A world in which a click turns its cell to the next of three colours."""

    def predicted(_: object, histories: Sequence[CodedEpisode]) -> Any:
        frames = np.stack([history.indices_TC[-1] for history in histories])
        for frame, history in zip(frames, histories, strict=True):
            cell = int(history.cells_A[-1])
            frame[cell] = (frame[cell] + 1) % 3
        return SimpleNamespace(indices_BC=frames)

    monkeypatch.setattr(lookahead, "predict_next", predicted)
    vocabulary = SimpleNamespace(actions=8)
    return SimpleNamespace(tokenizer=Cells(), world_model=SimpleNamespace(vocabulary=vocabulary))


def history(**cells: int) -> CodedEpisode:
    frame = np.zeros((1, 64), np.int32)
    for name, colour in cells.items():
        frame[0, int(name[1:])] = colour
    none = np.zeros(0, np.int16)
    return CodedEpisode(frame, none, none, none.astype(np.uint8), none.astype(np.bool_))


def same(frame_HW: Any) -> Any:
    return frame_HW


def test_an_action_is_repeated_until_it_comes_nearer(run: Any) -> None:
    at = cell_of(12, 12)
    once = look_ahead(run, history(**{f"c{at}": 2}), [OTHER, TILE], HOME, same, CONFIG)
    twice = look_ahead(run, history(**{f"c{at}": 1}), [OTHER, TILE], HOME, same, CONFIG)
    assert once is not None and (once.action, once.times, once.distance) == (TILE, 1, 0)
    assert twice is not None and (twice.action, twice.times, twice.distance) == (TILE, 2, 0)


def test_no_action_if_none_comes_nearer_or_none_is_given(run: Any) -> None:
    at = cell_of(12, 12)
    assert look_ahead(run, history(**{f"c{at}": 1}), [OTHER], HOME, same, CONFIG) is None
    assert look_ahead(run, history(**{f"c{at}": 1}), [], HOME, same, CONFIG) is None
