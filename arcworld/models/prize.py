"""What training showed to be worth touching, by game; kept with a run.

Knows a file; knows nothing of how prizes are found (`planning.prizes`) or used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from arcworld.errors import ArcworldError
from arcworld.models.checkpoint import load_object, save_json

FILE = "prizes.json"


@dataclass(frozen=True, slots=True)
class Prize:
    """Colours that an avatar touched as levels of a game were won, and in how many wins."""

    colours: tuple[int, ...]
    wins: int


def save_prizes(folder: Path, prizes: Mapping[str, Prize]) -> None:
    """Write them into a run's folder."""
    save_json(folder / FILE, {game: asdict(prize) for game, prize in prizes.items()})


def load_prizes(folder: Path) -> dict[str, Prize]:
    """The inverse of `save_prizes`; none where the run has no such file.

    Raises:
        ArcworldError: the file is not what was written.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        return {
            game: Prize(tuple(int(colour) for colour in told["colours"]), int(told["wins"]))
            for game, told in load_object(path).items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ArcworldError(
            f"{path}: found no colours and wins by game ({error}); restore it, or remove it: then"
            " nothing is known to be worth touching"
        ) from None
