"""Cross-validation folds by level: which levels each fold holds out of training."""

from __future__ import annotations

from pathlib import Path

from arcworld.errors import ArcworldError
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import RESET

FOLDS = 3


def levels_of_fold(dataset: Dataset, fold: int) -> dict[str, range]:
    """Game id -> the levels (0-based) that a fold holds out; each level is held out by one fold.

    Seven levels are split into the first two, the next two and the last three. Games with fewer
    levels than folds hold out nothing.
    """
    levels = {entry.game_id: entry.win_levels for entry in dataset.entries}
    return {
        game: range(fold * count // FOLDS, (fold + 1) * count // FOLDS)
        for game, count in levels.items()
        if count >= FOLDS
    }


def folds_reached(dataset: Dataset) -> list[int]:
    """Return the folds, from 0, with a held-out level that some recording of the split shows.

    A level counts if an action other than RESET was taken in it.
    """
    named = dataset.split.train | dataset.split.validation
    found: set[int] = set()
    for index, entry in enumerate(dataset.entries):
        if entry.guid not in named:
            continue
        acted = dataset.actions(index)[:, 0] != RESET
        shown = set(dataset.levels_shown(index)[:-1][acted].tolist())
        for fold in range(FOLDS):
            if shown & set(levels_of_fold(dataset, fold).get(entry.game_id, ())):
                found.add(fold)
    return sorted(found)


def fold_folder(run: Path, fold: int) -> Path:
    """Folder of a fold's run, inside the folder of the run; `arcworld crossval` writes it."""
    return run / "crossval" / f"fold-{fold + 1}"


def fold_folders(run: Path) -> list[Path]:
    """Folders of the trained runs of all folds of a run.

    Raises:
        ArcworldError: a fold was not trained.
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
    """The data set that a fold trains on: episodes without the frames of its held-out levels.

    Raises:
        ArcworldError: no game has enough levels.
    """
    levels = levels_of_fold(dataset, fold)
    if not levels:
        raise ArcworldError(
            f"{dataset.path}: found no game of {FOLDS} levels or more; expected one, to hold out"
            " levels of; use other recordings"
        )
    return dataset.without_levels(levels)
