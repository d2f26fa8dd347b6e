"""Levels that training never showed: three folds, each without a third of every game's levels.

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
from arcworld.evaluation.baselines import ActionBaselines, OutcomeBaselines
from arcworld.evaluation.folds import FOLDS, fold_data, levels_of_fold
from arcworld.evaluation.inference import ProgressCallback, code_all, outcomes_after
from arcworld.evaluation.outcome import BinaryForecast, outcome_table, reliability
from arcworld.evaluation.parts import OUTCOME_HELD_OUT, POLICY_HELD_OUT
from arcworld.evaluation.policy_measures import greedy_choices, policy_table
from arcworld.evaluation.pooling import Table
from arcworld.evaluation.transitions import Transitions, lay_out
from arcworld.frames.tokenizer import CELLS
from arcworld.models.run import Run
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import ACTION_IDS, Outcome
from arcworld.recordings.novelty import NoveltyIndex

RESULT = "held_out_levels.json"
"""In a run's folder, where `arcworld evaluate` looks for it."""


@dataclass(frozen=True, eq=False)
class HeldOutLevels:
    """What the folds predict, and choose, on their levels.

    Attributes:
        parts: `outcome_held_out_levels`, `policy_held_out_levels` and their baselines, as in
            `Evaluation.parts`.
        bins: see `reliability`, of level-ups over all games.
        about: data, commit, recipe, steps and counts.
    """

    parts: dict[str, Table]
    bins: list[dict[str, float]]
    about: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For `held_out.json`."""
        return {"about": self.about, "parts": self.parts, "bins": self.bins}


def read_held_out_levels(folder: Path) -> HeldOutLevels | None:
    """What `arcworld crossval` left in a run's folder; None where it was not run.

    Raises:
        ArcworldError: the file is not what was written.
    """
    path = folder / RESULT
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text())
        return HeldOutLevels(found["parts"], found["bins"], found["about"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArcworldError(
            f"{path}: found no result of `arcworld crossval` ({error}); remove it or run that again"
        ) from None


def measure_held_out_levels(
    runs: Sequence[Run], dataset: Dataset, progress: ProgressCallback
) -> HeldOutLevels:
    """Measure fold after fold on its held-out levels, and pool what they predict and choose."""
    named = dataset.split.train | dataset.split.validation
    kept = [e for e in dataset.episodes if e.guid in named]
    transitions = lay_out(kept, NoveltyIndex(np.zeros(0, np.uint64), np.zeros(0, np.uint64)))
    reported = [_ask(run, fold, dataset, transitions, progress) for fold, run in enumerate(runs)]
    forecasts, bins = _outcomes(reported, dataset, transitions)
    parts = forecasts | _choices(reported, transitions)
    first = runs[0].about
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
    """What a fold's run and its baselines say of its held-out levels.

    Attributes:
        at_M: transitions from a frame of such a level, RESET left out.
        skill_K: those of them on winning stretches.
        outcomes: probabilities by who says so, [M, 3].
        choices: type and cell by who chooses, int16 [K, 2].
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
    # of all transitions: `repeat` looks at the one before, which need not be among the chosen
    by_baseline = ActionBaselines(training).predictions(transitions)
    choices = {"run": own, "chance": _by_chance(skilled)}
    choices |= {name: chosen[skill] for name, chosen in by_baseline.items()}
    return _FoldAnswers(at, skill, {"run": outcomes, "majority": baselines["majority"]}, choices)


def _by_chance(transitions: Transitions) -> NDArray[np.int16]:
    """A legal type and a cell, each as likely as any other, int16 [N, 2]."""
    rng = np.random.default_rng(0)
    drawn = rng.random((len(transitions), len(ACTION_IDS))) * transitions.legal_types()
    cells = rng.integers(CELLS, size=len(transitions))
    return np.stack([drawn.argmax(1), cells], axis=1).astype(np.int16)


def _places(transitions: Transitions, levels: Mapping[str, range]) -> NDArray[np.intp]:
    """Transitions from a frame of a held-out level, RESET left out."""
    wanted: list[NDArray[np.bool_]] = []
    for episode in transitions.episodes:
        shown = np.minimum(episode.levels_T[:-1], episode.win_levels - 1)
        wanted.append(np.isin(shown, list(levels.get(episode.game_id, ()))))
    return np.flatnonzero(np.concatenate(wanted) & ~transitions.is_reset_N)


def _outcomes(
    reported: Sequence[_FoldAnswers], dataset: Dataset, transitions: Transitions
) -> tuple[dict[str, Table], list[dict[str, float]]]:
    """Foresight of level-ups as parts, and its bins."""
    chosen = transitions.take(np.concatenate([one.at_M for one in reported]))
    guids = np.array([episode.guid for episode in chosen.episodes], dtype=np.str_)
    validates = np.isin(guids, sorted(dataset.split.validation))[chosen.episode_N]
    every = np.ones(len(chosen), dtype=np.bool_)
    subsets = {"all": every, "novel": every, "validation": validates}
    folds = np.repeat(np.arange(len(reported)), [len(one.at_M) for one in reported])
    subsets |= {f"fold_{fold + 1}": folds == fold for fold in range(len(reported))}
    said = {
        who: np.concatenate([one.outcomes[who] for one in reported]) for who in ("run", "majority")
    }
    parts = {
        _part(who, OUTCOME_HELD_OUT): outcome_table(chosen, said[who], subsets) for who in said
    }
    return parts, reliability(BinaryForecast.of(chosen, said["run"], Outcome.LEVEL_WON))


def _choices(reported: Sequence[_FoldAnswers], transitions: Transitions) -> dict[str, Table]:
    """Actions on winning stretches of levels never seen, as parts."""
    chosen = transitions.take(np.concatenate([one.skill_K for one in reported]))
    parts: dict[str, Table] = {}
    for who in reported[0].choices:
        made = np.concatenate([one.choices[who] for one in reported])
        parts[_part(who, POLICY_HELD_OUT)] = {"all": policy_table(chosen, made)["all"]}
    return parts


def _part(who: str, part: str) -> str:
    return part if who == "run" else f"baselines/{who}/{part}"
