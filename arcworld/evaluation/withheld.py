"""Outcomes on levels that training never showed: three folds, each without a third of the levels.

Knows which levels a fold withholds and how its run is measured on them; trains nothing itself. A
fold's run has seen no frame of its levels, so every recording serves for the measure: those that
validate and those that the run was trained on up to the cut. RESET wins no level and is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.evaluation.floors import OutcomeFloors
from arcworld.evaluation.outcome import Forecast, outcome_table, reliability
from arcworld.evaluation.parts import WITHHELD
from arcworld.evaluation.pooling import Table
from arcworld.evaluation.transitions import Transitions, lay_out
from arcworld.evaluation.world_model import Report, code_all, outcomes_after
from arcworld.models.run import Run
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import Outcome
from arcworld.recordings.novelty import Seen

FOLDS = 3
RESULT = "withheld.json"
"""In a run's folder, where `arcworld evaluate` looks for it."""


def withheld_levels(dataset: Dataset, fold: int) -> dict[str, range]:
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


def fold_data(dataset: Dataset, fold: int) -> Dataset:
    """The data set that a fold trains on: episodes cut so that its levels are not in them.

    Raises:
        ArcworldError: no game has levels enough.
    """
    levels = withheld_levels(dataset, fold)
    if not levels:
        raise ArcworldError(
            f"{dataset.path}: found no game of {FOLDS} levels or more; expected one, to withhold"
            " levels from training; use other recordings"
        )
    return dataset.without_levels(levels)


@dataclass(frozen=True, eq=False)
class Withheld:
    """What the folds foretell on their levels.

    Attributes:
        parts: `outcome_withheld` and its floors, as in `Evaluation.parts`.
        bins: see `reliability`, of level-ups over all games.
        about: data, commit, recipe, steps and counts.
    """

    parts: dict[str, Table]
    bins: list[dict[str, float]]
    about: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For `withheld.json`."""
        return {"about": self.about, "parts": self.parts, "bins": self.bins}


def read_withheld(folder: Path) -> Withheld | None:
    """What `arcworld withhold` left in a run's folder; None where it was not run.

    Raises:
        ArcworldError: the file is not what was written.
    """
    path = folder / RESULT
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text())
        return Withheld(found["parts"], found["bins"], found["about"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArcworldError(
            f"{path}: found no result of `arcworld withhold` ({error}); remove it or run that again"
        ) from None


def measure_withheld(runs: Sequence[Run], dataset: Dataset, report: Report) -> Withheld:
    """Measure fold after fold on its withheld levels, and pool what they foretell."""
    named = dataset.split.train | dataset.split.validation
    kept = [e for e in dataset.episodes if e.guid in named]
    transitions = lay_out(kept, Seen(np.zeros(0, np.uint64), np.zeros(0, np.uint64)))
    places: list[NDArray[np.intp]] = []
    told: dict[str, list[NDArray[np.floating]]] = {"run": [], "majority": []}
    for fold, run in enumerate(runs):
        at = _places(transitions, withheld_levels(dataset, fold))
        coded = code_all(transitions, run.tokenizer)
        name = f"outcomes, fold {fold + 1} of {FOLDS}"
        found = outcomes_after(run.world_model, transitions, coded, at, partial(report, name))
        training = lay_out(list(fold_data(dataset, fold).part("train").episodes), run.seen)
        floors = OutcomeFloors(training).predictions(transitions.take(at))
        places.append(at)
        told["run"].append(found)
        told["majority"].append(floors["majority"])
    return _pool(
        runs, dataset, transitions, places, {n: np.concatenate(v) for n, v in told.items()}
    )


def _places(transitions: Transitions, levels: Mapping[str, range]) -> NDArray[np.intp]:
    """Transitions from a frame of a withheld level, RESET left out."""
    wanted: list[NDArray[np.bool_]] = []
    for episode in transitions.episodes:
        shown = np.minimum(episode.levels_T[:-1], episode.win_levels - 1)
        wanted.append(np.isin(shown, list(levels.get(episode.game_id, ()))))
    return np.flatnonzero(np.concatenate(wanted) & ~transitions.is_reset_N)


def _pool(
    runs: Sequence[Run],
    dataset: Dataset,
    transitions: Transitions,
    places: Sequence[NDArray[np.intp]],
    told: Mapping[str, NDArray[np.floating]],
) -> Withheld:
    chosen = transitions.take(np.concatenate(places))
    guids = np.array([episode.guid for episode in chosen.episodes], dtype=np.str_)
    validates = np.isin(guids, sorted(dataset.split.validation))[chosen.episode_N]
    every = np.ones(len(chosen), dtype=np.bool_)
    subsets = {"all": every, "novel": every, "validation": validates}
    folds = np.repeat(np.arange(len(places)), [len(at) for at in places])
    subsets |= {f"fold_{fold + 1}": folds == fold for fold in range(len(places))}
    parts = {
        WITHHELD: outcome_table(chosen, told["run"], subsets),
        f"floors/majority/{WITHHELD}": outcome_table(chosen, told["majority"], subsets),
    }
    bins = reliability(Forecast.of(chosen, told["run"], Outcome.LEVEL_WON))
    first = runs[0].about
    about = {
        "data": dataset.path.name,
        "recordings": len(np.unique(guids)),
        "transitions": len(chosen),
        "steps": first["settings"]["world_model_schedule"]["steps"],
        **{key: first.get(key) for key in ("recipe", "scheme", "seed", "commit")},
    }
    return Withheld(parts, bins, about)
