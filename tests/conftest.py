"""What every room's tests share: made episodes, and one thread a process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pytest

from arcworld.recordings.episode import Episode, Outcome

SHARED = Path(__file__).parents[1].parent / "shared"

type MakeEpisode = Callable[..., Episode]


def build_episode(
    seed: int = 0, frames: int = 6, game: str = "dots-0badcafe", guid: str = "g0", undo: bool = True
) -> Episode:
    """A dot that moves over a plain frame, with random actions, a level won and a game over."""
    rng = np.random.default_rng(seed)
    pictures = np.full((frames, 64, 64), 5, dtype=np.uint8)
    for t, (y, x) in enumerate(rng.integers(0, 56, (frames, 2))):
        pictures[t, y : y + 4, x : x + 4] = rng.integers(0, 16)
    kinds = rng.integers(0, 8 if undo else 7, frames - 1)
    places = rng.integers(0, 64, (frames - 1, 2))
    places[kinds != 6] = -1
    outcomes = rng.choice([Outcome.NOTHING, Outcome.LEVEL_WON, Outcome.GAME_OVER], frames - 1)
    return Episode(
        game_id=game,
        guid=guid,
        frames_THW=pictures,
        actions_A3=np.column_stack([kinds, places]).astype(np.int16).reshape(-1, 3),
        outcomes_A=outcomes.astype(np.uint8),
        grids_T=np.ones(frames, dtype=np.uint16),
        levels_T=np.append(0, (outcomes == Outcome.LEVEL_WON).cumsum()).astype(np.uint8),
        available_T=np.full(frames, 0b11111110, dtype=np.uint8),
        win_levels=7,
    )


@pytest.fixture
def make_episode() -> MakeEpisode:
    """`build_episode`, for tests of any room."""
    return build_episode


@pytest.fixture
def demos() -> Path:
    """The shared demos, or a skip that says they are absent."""
    path = SHARED / "demos"
    if not path.is_dir():
        pytest.skip(f"needs the demos in {path.parent.name}/demos beside the checkout")
    return path
