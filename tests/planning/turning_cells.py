"""A made-up world model in which a click turns its cell to the next of three colours."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from arcworld.planning import lookahead
from arcworld.planning.lookahead import LookAheadConfig
from arcworld.recordings.episode import Action
from arcworld.tokens.history import History
from arcworld.tokens.sequence import CodedEpisode

CONFIG = LookAheadConfig(width=8, depth=3, gain=0.02)
HOME = np.zeros((64, 64), np.uint8)
TILE, OTHER = Action(6, 12, 12), Action(6, 40, 40)


class Cells:
    """A tokenizer whose code is the one colour of a cell."""

    def decode_frames(self, indices_TC: Any) -> Any:
        grid = np.asarray(indices_TC, np.uint8).reshape(-1, 8, 8)
        return grid.repeat(8, axis=1).repeat(8, axis=2)


def make_run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run whose world model predicts so."""

    def predicted(_: object, histories: Sequence[CodedEpisode]) -> Any:
        frames = np.stack([history.indices_TC[-1] for history in histories])
        for frame, history in zip(frames, histories, strict=True):
            cell = int(history.cells_A[-1])
            frame[cell] = (frame[cell] + 1) % 3
        return SimpleNamespace(indices_BC=frames)

    monkeypatch.setattr(lookahead, "predict_next", predicted)
    vocabulary = SimpleNamespace(has_action=lambda _: True)
    return SimpleNamespace(tokenizer=Cells(), world_model=SimpleNamespace(vocabulary=vocabulary))


def history(**cells: int) -> History:
    frame = np.zeros(64, np.int32)
    for name, colour in cells.items():
        frame[int(name[1:])] = colour
    return History((frame,))


def same(frame_HW: Any) -> Any:
    return frame_HW
