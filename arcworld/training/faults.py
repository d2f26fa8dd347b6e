"""Train with known faults of an early version of this project, to measure what each one costs.

Three further faults come with `--scheme v1`: clicks have no place, the policy sees past actions,
and it shares its head with the world model. The last of the seven, a frame score without a
baseline, is a fault of evaluation and not of training.
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
    "split": "validation recordings are trained on too, as if windows had been split at random",
    "negatives": "the model is never trained on the outcome that a level was not won",
}


def with_faults(recipe: Recipe, names: Collection[str]) -> Recipe:
    """Return the recipe with some faults.

    Raises:
        ArcworldError: a name is not a fault.
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
    """Return the training data: the train part, or all of it with the fault `split`."""
    return dataset.part("all" if "split" in recipe.faults else "train")


def aligned(recipe: Recipe, episode: CodedEpisode) -> CodedEpisode:
    """Return the episode, with the fault `alignment` with every action one step late."""
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
