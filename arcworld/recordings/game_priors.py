"""Game priors: facts about a game that recordings show and that help on its other levels.

They are saved with a run. `planning.prior_extraction` extracts them from recordings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.recordings.episode import COLOURS, SIDE
from arcworld.recordings.files import denied

FILE = "game_priors.json"

type PixelRun = tuple[int, int, int]
"""Consecutive pixels of one row: (row, first column, last column)."""


@dataclass(frozen=True, slots=True)
class GamePriors:
    """The priors of one game.

    Attributes:
        goal_colours: colours that the avatar touched when levels were won.
        wins: the number of wins that support `goal_colours`.
        counters: pixels of status bars: they count actions and show nothing else.
    """

    goal_colours: tuple[int, ...] = ()
    wins: int = 0
    counters: tuple[PixelRun, ...] = ()

    def __post_init__(self) -> None:
        if not all(0 <= colour < COLOURS for colour in self.goal_colours):
            raise ValueError(f"colours are 0 to {COLOURS - 1}")
        if not all(0 <= row < SIDE and 0 <= a <= b < SIDE for row, a, b in self.counters):
            raise ValueError(f"counters are (row, first, last) with values 0 to {SIDE - 1}")

    @property
    def counter_mask_HW(self) -> NDArray[np.bool_]:
        """The pixels of `counters` as a mask, bool [64, 64]."""
        mask_HW = np.zeros((SIDE, SIDE), dtype=np.bool_)
        for row, first, last in self.counters:
            mask_HW[row, first : last + 1] = True
        return mask_HW


def pixel_runs(mask_HW: NDArray[np.bool_]) -> tuple[PixelRun, ...]:
    """Return a mask as runs of pixels.

    >>> pixel_runs(np.array([[1, 1, 0, 1], [0, 0, 0, 0]], dtype=np.bool_))
    ((0, 0, 1), (0, 3, 3))
    """
    edges_HW = np.diff(np.pad(mask_HW.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    (rows, starts), (_, ends) = np.nonzero(edges_HW > 0), np.nonzero(edges_HW < 0)
    return tuple(zip(rows.tolist(), starts.tolist(), (ends - 1).tolist(), strict=True))


def save_game_priors(folder: Path, game_priors: Mapping[str, GamePriors]) -> None:
    """Write the priors, by game id, into the folder of a run."""
    found = {game: asdict(one) for game, one in game_priors.items()}
    (folder / FILE).write_text(json.dumps(found, indent=1) + "\n")


def load_game_priors(folder: Path) -> dict[str, GamePriors]:
    """Read what `save_game_priors` wrote; empty if the run has no such file.

    Raises:
        ArcworldError: the file is damaged or was changed.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        return {game: _read(found) for game, found in json.loads(path.read_text()).items()}
    except PermissionError:
        raise denied(path) from None
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArcworldError(
            f"{path}: found no game priors by game ({error}); expected the file that training"
            " wrote; restore it, or remove it to play without priors"
        ) from None


def _read(found: Mapping[str, Any]) -> GamePriors:
    counters = tuple((int(row), int(first), int(last)) for row, first, last in found["counters"])
    return GamePriors(
        tuple(int(colour) for colour in found["goal_colours"]), int(found["wins"]), counters
    )
