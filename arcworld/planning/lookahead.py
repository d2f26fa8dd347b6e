"""Look ahead in the world model: which action brings the frame nearer to a wanted frame.

Each candidate is predicted on its own, once and several times in a row: a tile that cycles through
three colours returns after the third click.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.models.decoding.decode import predict_next
from arcworld.models.run import Run
from arcworld.recordings.episode import Action
from arcworld.tokens.history import History

type FrameView = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""Removes from a frame what is not compared: clocks and status bars."""


@dataclass(frozen=True)
class LookAheadConfig:
    """Depth and width of the search.

    Attributes:
        width: number of candidates.
        depth: maximum number of times that each is taken in a row.
        gain: minimum share of the distance that an action must remove.
    """

    width: int = 32
    depth: int = 3
    gain: float = 0.02


@dataclass(frozen=True, slots=True)
class Nearer:
    """An action that, taken `times` in a row, reduces the distance to `distance` pixels."""

    action: Action
    times: int
    distance: int


def distance(frame_HW: NDArray[np.uint8], wanted_HW: NDArray[np.uint8], shown: FrameView) -> int:
    """Number of pixels in which two frames differ."""
    return int((shown(frame_HW) != shown(wanted_HW)).sum())


def look_ahead(
    run: Run,
    history: History,
    actions: Sequence[Action],
    wanted_HW: NDArray[np.uint8],
    shown: FrameView,
    config: LookAheadConfig,
) -> Nearer | None:
    """Return the action predicted to come nearest to a wanted frame; None if none comes nearer.

    Among equally near results, the one with fewer repetitions wins.

    Args:
        run: with the models.
        history: ends in the frame in which an action is to be chosen.
        actions: candidates, the most probable first; those beyond `config.width` are ignored.
        wanted_HW: the wanted frame, [64, 64].
        shown: removes what is not compared.
        config: depth and width.
    """
    actions = actions[: config.width]
    if not actions:
        return None
    here_HW = run.tokenizer.decode_frames(history.codes[-1][None])[0]
    least = distance(here_HW, wanted_HW, shown) * (1 - config.gain)
    found: Nearer | None = None
    dreams = [history] * len(actions)
    for times in range(1, config.depth + 1):
        dreams = _dream(run, dreams, actions)
        frames = run.tokenizer.decode_frames(np.stack([dream.codes[-1] for dream in dreams]))
        far = [distance(frame_HW, wanted_HW, shown) for frame_HW in frames]
        best = int(np.argmin(far))
        if far[best] < (least if found is None else found.distance):
            found = Nearer(actions[best], times, far[best])
    return found


def _dream(run: Run, histories: Sequence[History], actions: Sequence[Action]) -> list[History]:
    """Extend each history by one action and the frame predicted after it."""
    pairs = list(zip(histories, actions, strict=True))
    predicted = predict_next(run.world_model, [one.with_action(action) for one, action in pairs])
    codes = zip(pairs, predicted.indices_BC, strict=True)
    return [one.then(action, codes_C) for (one, action), codes_C in codes]
