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
from arcworld.evaluation.floors import ActionFloors, OutcomeFloors
from arcworld.evaluation.folds import FOLDS, fold_data, withheld_levels
from arcworld.evaluation.outcome import Forecast, outcome_table, reliability
from arcworld.evaluation.parts import POLICY_WITHHELD, WITHHELD
from arcworld.evaluation.policy import greedy_choices, policy_table
from arcworld.evaluation.pooling import Table
from arcworld.evaluation.transitions import Transitions, lay_out
from arcworld.evaluation.world_model import Report, code_all, outcomes_after
from arcworld.frames.tokenizer import CELLS
from arcworld.models.run import Run
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import ACTION_IDS, Outcome
from arcworld.recordings.novelty import NoveltyIndex

RESULT = "withheld.json"
"""In a run's folder, where `arcworld evaluate` looks for it."""


@dataclass(frozen=True, eq=False)
class Withheld:
    """What the folds foretell, and choose, on their levels.

    Attributes:
        parts: `outcome_withheld`, `policy_withheld` and their floors, as in `Evaluation.parts`.
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
    """Measure fold after fold on its withheld levels, and pool what they foretell and choose."""
    named = dataset.split.train | dataset.split.validation
    kept = [e for e in dataset.episodes if e.guid in named]
    transitions = lay_out(kept, NoveltyIndex(np.zeros(0, np.uint64), np.zeros(0, np.uint64)))
    told = [_ask(run, fold, dataset, transitions, report) for fold, run in enumerate(runs)]
    forecasts, bins = _outcomes(told, dataset, transitions)
    parts = forecasts | _choices(told, transitions)
    first = runs[0].about
    about = {
        "data": dataset.path.name,
        "recordings": len({episode.guid for episode in kept}),
        "transitions": sum(len(one.at_M) for one in told),
        "steps": first["settings"]["world_model_schedule"]["steps"],
        "policy_steps": first["settings"]["policy_schedule"]["steps"],
        **{key: first.get(key) for key in ("recipe", "scheme", "seed", "commit")},
    }
    return Withheld(parts, bins, about)


@dataclass(frozen=True, eq=False)
class _Told:
    """What a fold's run and its floors say of its withheld levels.

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


def _ask(run: Run, fold: int, dataset: Dataset, transitions: Transitions, report: Report) -> _Told:
    name = f"fold {fold + 1} of {FOLDS}"
    at = _places(transitions, withheld_levels(dataset, fold))
    skill = at[transitions.winning_N[at]]
    places, skilled = transitions.take(at), transitions.take(skill)
    coded = code_all(transitions, run.tokenizer)
    training = lay_out(list(fold_data(dataset, fold).part("train").episodes), run.novelty_index)
    floors = OutcomeFloors(training).predictions(places)
    outcomes = outcomes_after(
        run.world_model, transitions, coded, at, partial(report, f"{name}, outcomes")
    )
    own = greedy_choices(
        run.world_model,
        run.policy,
        skilled,
        coded,
        lambda what, done, total: report(f"{name}, {what}", done, total),
    )
    # of all transitions: `repeat` looks at the one before, which need not be among the chosen
    by_floor = ActionFloors(training).predictions(transitions)
    choices = {"run": own, "chance": _by_chance(skilled)}
    choices |= {name: chosen[skill] for name, chosen in by_floor.items()}
    return _Told(at, skill, {"run": outcomes, "majority": floors["majority"]}, choices)


def _by_chance(transitions: Transitions) -> NDArray[np.int16]:
    """A legal type and a cell, each as likely as any other, int16 [N, 2]."""
    rng = np.random.default_rng(0)
    drawn = rng.random((len(transitions), len(ACTION_IDS))) * transitions.legal_types()
    cells = rng.integers(CELLS, size=len(transitions))
    return np.stack([drawn.argmax(1), cells], axis=1).astype(np.int16)


def _places(transitions: Transitions, levels: Mapping[str, range]) -> NDArray[np.intp]:
    """Transitions from a frame of a withheld level, RESET left out."""
    wanted: list[NDArray[np.bool_]] = []
    for episode in transitions.episodes:
        shown = np.minimum(episode.levels_T[:-1], episode.win_levels - 1)
        wanted.append(np.isin(shown, list(levels.get(episode.game_id, ()))))
    return np.flatnonzero(np.concatenate(wanted) & ~transitions.is_reset_N)


def _outcomes(
    told: Sequence[_Told], dataset: Dataset, transitions: Transitions
) -> tuple[dict[str, Table], list[dict[str, float]]]:
    """Foresight of level-ups as parts, and its bins."""
    chosen = transitions.take(np.concatenate([one.at_M for one in told]))
    guids = np.array([episode.guid for episode in chosen.episodes], dtype=np.str_)
    validates = np.isin(guids, sorted(dataset.split.validation))[chosen.episode_N]
    every = np.ones(len(chosen), dtype=np.bool_)
    subsets = {"all": every, "novel": every, "validation": validates}
    folds = np.repeat(np.arange(len(told)), [len(one.at_M) for one in told])
    subsets |= {f"fold_{fold + 1}": folds == fold for fold in range(len(told))}
    said = {who: np.concatenate([one.outcomes[who] for one in told]) for who in ("run", "majority")}
    parts = {_part(who, WITHHELD): outcome_table(chosen, said[who], subsets) for who in said}
    return parts, reliability(Forecast.of(chosen, said["run"], Outcome.LEVEL_WON))


def _choices(told: Sequence[_Told], transitions: Transitions) -> dict[str, Table]:
    """Actions on winning stretches of levels never seen, as parts."""
    chosen = transitions.take(np.concatenate([one.skill_K for one in told]))
    parts: dict[str, Table] = {}
    for who in told[0].choices:
        made = np.concatenate([one.choices[who] for one in told])
        parts[_part(who, POLICY_WITHHELD)] = {"all": policy_table(chosen, made)["all"]}
    return parts


def _part(who: str, part: str) -> str:
    return part if who == "run" else f"floors/{who}/{part}"
