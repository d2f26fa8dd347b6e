"""Faults of the first attempt, to train with on purpose: so that what each costs can be measured.

Knows recipes, data sets and coded episodes. The faults that a scheme brings (clicks without a
place, actions in view of the policy, one head for both) are `--scheme v1`; a frame score without
its baseline is nothing to train.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import RESET
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.sequence import CodedEpisode
from arcworld.training.recipes import Recipe

FAULTS = {
    "alignment": "each frame is paired with the action that led to it, not the one taken in it",
    "split": "validation recordings are trained on, too, as if windows had been split at random",
    "negatives": "nothing teaches that a level was not won",
}


def with_faults(recipe: Recipe, names: Collection[str]) -> Recipe:
    """The recipe with some faults put in.

    Raises:
        ArcworldError: there is no such fault.
    """
    for name in names:
        if name not in FAULTS:
            raise ArcworldError(f"no fault {name!r}; {did_you_mean(name, FAULTS)}")
    found = replace(recipe, faults=tuple(sorted(set(names))))
    if "negatives" not in names:
        return found
    weights, windows = (
        replace(recipe.weights, no_level=0.0),
        replace(recipe.windows, counterfactual_negatives=0.0),
    )
    return replace(found, weights=weights, windows=windows)


def training_part(recipe: Recipe, dataset: Dataset) -> Dataset:
    """What is trained on: the train part, or all of it where the split is leaked."""
    return dataset.part("all" if "split" in recipe.faults else "train")


def aligned(recipe: Recipe, episode: CodedEpisode) -> CodedEpisode:
    """The episode as it is, or with every action one step late."""
    if "alignment" not in recipe.faults:
        return episode
    offsets = episode.offsets_A
    return replace(
        episode,
        types_A=_late(episode.types_A, RESET),
        cells_A=_late(episode.cells_A, NO_CELL),
        offsets_A=None if offsets is None else _late(offsets, 0),
    )


def _late(values_A: NDArray[np.int16], first: int) -> NDArray[np.int16]:
    return np.concatenate([[first], values_A[:-1]]).astype(np.int16)
