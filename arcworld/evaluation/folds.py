"""Folds of a data set by level: which levels each withholds from training.

Knows data sets and the folders of runs; knows no model.
"""

from __future__ import annotations

from pathlib import Path

from arcworld.errors import ArcworldError
from arcworld.recordings.dataset import Dataset

FOLDS = 3


def levels_of_fold(dataset: Dataset, fold: int) -> dict[str, range]:
    """By game id, the levels (0-based) that a fold withholds; every level is withheld once.

    Of seven levels the first two, the next two, the last three. Games with fewer levels than folds
    are left whole.
    """
    levels = {entry.game_id: entry.win_levels for entry in dataset.entries}
    return {
        game: range(fold * count // FOLDS, (fold + 1) * count // FOLDS)
        for game, count in levels.items()
        if count >= FOLDS
    }


def fold_folder(run: Path, fold: int) -> Path:
    """Where `arcworld crossval` keeps a fold's own run, inside that of the run itself."""
    return run / "crossval" / f"fold-{fold + 1}"


def fold_folders(run: Path) -> list[Path]:
    """The runs of a run's folds.

    Raises:
        ArcworldError: they were not trained.
    """
    folders = [fold_folder(run, fold) for fold in range(FOLDS)]
    for folder in folders:
        if not (folder / "policy").is_dir():
            raise ArcworldError(
                f"{folder}: found no trained run; expected one of {FOLDS} folds; train them with"
                f" `arcworld crossval {run} --data RECORDINGS`"
            )
    return folders


def fold_data(dataset: Dataset, fold: int) -> Dataset:
    """The data set that a fold trains on: episodes cut so that its levels are not in them.

    Raises:
        ArcworldError: no game has levels enough.
    """
    levels = levels_of_fold(dataset, fold)
    if not levels:
        raise ArcworldError(
            f"{dataset.path}: found no game of {FOLDS} levels or more; expected one, to withhold"
            " levels from training; use other recordings"
        )
    return dataset.without_levels(levels)
