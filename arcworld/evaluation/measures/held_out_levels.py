"""Evaluation on held-out levels: three folds, each trained without a third of every game's levels.

The run of a fold has seen no frame of its held-out levels. So every recording is used for the
evaluation, also the training recordings. RESET cannot win a level and is left out.
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
from arcworld.evaluation.measures.baselines import ActionBaselines, OutcomeBaselines
from arcworld.evaluation.measures.folds import FOLDS, fold_data, levels_of_fold
from arcworld.evaluation.measures.inference import ProgressCallback, code_all, outcomes_after
from arcworld.evaluation.measures.outcome import BinaryForecast, outcome_table, reliability
from arcworld.evaluation.measures.policy_measures import greedy_choices, policy_table
from arcworld.evaluation.measures.pooling import Table
from arcworld.evaluation.measures.transitions import Transitions, lay_out
from arcworld.evaluation.parts import OUTCOME_HELD_OUT, POLICY_HELD_OUT
from arcworld.frames.tokenizer import CELLS
from arcworld.models.run import Run
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import ACTION_IDS, Outcome
from arcworld.recordings.novelty import NoveltyIndex

RESULT = "held_out_levels.json"
"""File in a run's folder that `arcworld crossval` writes and `arcworld evaluate` reads."""


@dataclass(frozen=True, eq=False)
class HeldOutLevels:
    """Results of all folds on their held-out levels.

    Attributes:
        parts: `outcome_held_out_levels`, `policy_held_out_levels` and their baselines, as in
            `Evaluation.parts`.
        bins: reliability of level-ups over all games, see `reliability`.
        about: data, commit, recipe, steps and counts.
    """

    parts: dict[str, Table]
    bins: list[dict[str, float]]
    about: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """As plain values for `held_out_levels.json`."""
        return {"about": self.about, "parts": self.parts, "bins": self.bins}


def read_held_out_levels(folder: Path) -> HeldOutLevels | None:
    """Read the result of `arcworld crossval` from a run's folder; None without a result.

    Raises:
        ArcworldError: the file is not such a result.
    """
    path = folder / RESULT
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text())
        return HeldOutLevels(found["parts"], found["bins"], found["about"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArcworldError(
            f"{path}: found no usable result ({error}); expected one of `arcworld crossval`;"
            " remove the file or run that command again"
        ) from None


def measure_held_out_levels(
    runs: Mapping[int, Run], dataset: Dataset, progress: ProgressCallback
) -> HeldOutLevels:
    """Evaluate the run of each fold on its held-out levels and pool the folds.

    Args:
        runs: the run of each fold, from 0; a fold without recordings of its levels has none.
        dataset: all recordings with their split.
        progress: called with the progress of each fold.
    """
    named = dataset.split.train | dataset.split.validation
    kept = [e for e in dataset.episodes if e.guid in named]
    transitions = lay_out(kept, NoveltyIndex(np.zeros(0, np.uint64), np.zeros(0, np.uint64)))
    reported = [_ask(run, fold, dataset, transitions, progress) for fold, run in runs.items()]
    forecasts, bins = _outcomes(list(runs), reported, dataset, transitions)
    parts = forecasts | _choices(reported, transitions)
    first = next(iter(runs.values())).about
    about = {
        "data": dataset.path.name,
        "recordings": len({episode.guid for episode in kept}),
        "transitions": sum(len(one.at_M) for one in reported),
        "steps": first["settings"]["world_model_schedule"]["steps"],
        "policy_steps": first["settings"]["policy_schedule"]["steps"],
        **{key: first.get(key) for key in ("recipe", "scheme", "seed", "commit")},
    }
    return HeldOutLevels(parts, bins, about)


@dataclass(frozen=True, eq=False)
class _FoldAnswers:
    """Predictions of a fold's run and of its baselines on the fold's held-out levels.

    Attributes:
        at_M: indices of transitions from a frame of such a level, RESET left out.
        skill_K: those of them on winning stretches.
        outcomes: `run` or baseline -> probabilities of each `Outcome`, [M, 3].
        choices: `run` or baseline -> chosen type and cell, int16 [K, 2].
    """

    at_M: NDArray[np.intp]
    skill_K: NDArray[np.intp]
    outcomes: dict[str, NDArray[np.floating]]
    choices: dict[str, NDArray[np.int16]]


def _ask(
    run: Run, fold: int, dataset: Dataset, transitions: Transitions, progress: ProgressCallback
) -> _FoldAnswers:
    name = f"fold {fold + 1} of {FOLDS}"
    at = _places(transitions, levels_of_fold(dataset, fold))
    skill = at[transitions.winning_N[at]]
    places, skilled = transitions.take(at), transitions.take(skill)
    coded = code_all(transitions, run.tokenizer)
    training = lay_out(list(fold_data(dataset, fold).part("train").episodes), run.novelty_index)
    baselines = OutcomeBaselines(training).predictions(places)
    outcomes = outcomes_after(
        run.world_model, transitions, coded, at, partial(progress, f"{name}, outcomes")
    )
    own = greedy_choices(
        run.world_model,
        run.policy,
        skilled,
        coded,
        lambda what, done, total: progress(f"{name}, {what}", done, total),
    )
    # predicted for all transitions: `repeat` needs the one before, which may not be held out
    by_baseline = ActionBaselines(training).predictions(transitions)
    choices = {"run": own, "chance": _by_chance(skilled)}
    choices |= {name: chosen[skill] for name, chosen in by_baseline.items()}
    return _FoldAnswers(at, skill, {"run": outcomes, "majority": baselines["majority"]}, choices)


def _by_chance(transitions: Transitions) -> NDArray[np.int16]:
    """A legal type and a cell, drawn uniformly, int16 [N, 2]; the same at every call."""
    rng = np.random.default_rng(0)
    drawn = rng.random((len(transitions), len(ACTION_IDS))) * transitions.legal_types()
    cells = rng.integers(CELLS, size=len(transitions))
    return np.stack([drawn.argmax(1), cells], axis=1).astype(np.int16)


def _places(transitions: Transitions, levels: Mapping[str, range]) -> NDArray[np.intp]:
    """Indices of the transitions from a frame of a held-out level, RESET left out."""
    wanted: list[NDArray[np.bool_]] = []
    for episode in transitions.episodes:
        shown = np.minimum(episode.levels_T[:-1], episode.win_levels - 1)
        wanted.append(np.isin(shown, list(levels.get(episode.game_id, ()))))
    return np.flatnonzero(np.concatenate(wanted) & ~transitions.is_reset_N)


def _outcomes(
    numbers: Sequence[int],
    reported: Sequence[_FoldAnswers],
    dataset: Dataset,
    transitions: Transitions,
) -> tuple[dict[str, Table], list[dict[str, float]]]:
    """Parts of predicted outcomes, and the reliability bins of level-ups."""
    chosen = transitions.take(np.concatenate([one.at_M for one in reported]))
    guids = np.array([episode.guid for episode in chosen.episodes], dtype=np.str_)
    validates = np.isin(guids, sorted(dataset.split.validation))[chosen.episode_N]
    every = np.ones(len(chosen), dtype=np.bool_)
    subsets = {"all": every, "novel": every, "validation": validates}
    folds = np.repeat(numbers, [len(one.at_M) for one in reported])
    subsets |= {f"fold_{fold + 1}": folds == fold for fold in numbers}
    said = {
        who: np.concatenate([one.outcomes[who] for one in reported]) for who in ("run", "majority")
    }
    parts = {
        _part(who, OUTCOME_HELD_OUT): outcome_table(chosen, said[who], subsets) for who in said
    }
    return parts, reliability(BinaryForecast.of(chosen, said["run"], Outcome.LEVEL_WON))


def _choices(reported: Sequence[_FoldAnswers], transitions: Transitions) -> dict[str, Table]:
    """Parts of the chosen actions on winning stretches of held-out levels."""
    chosen = transitions.take(np.concatenate([one.skill_K for one in reported]))
    parts: dict[str, Table] = {}
    for who in reported[0].choices:
        made = np.concatenate([one.choices[who] for one in reported])
        parts[_part(who, POLICY_HELD_OUT)] = {"all": policy_table(chosen, made)["all"]}
    return parts


def _part(who: str, part: str) -> str:
    return part if who == "run" else f"baselines/{who}/{part}"
