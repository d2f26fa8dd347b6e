"""Online evaluation of a world model and of the baselines on recordings.

A new model is made for each recording, so nothing is carried over from play to play.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import arcworld
from arcworld.errors import ArcworldError
from arcworld.evaluation.measures.calibration import calibration_bins
from arcworld.evaluation.measures.pooling import Table
from arcworld.evaluation.online.baselines import BASELINES
from arcworld.evaluation.online.measures import tables
from arcworld.evaluation.online.models import Factory
from arcworld.evaluation.online.plays import Play
from arcworld.evaluation.online.replay import COUNTS, Replay, replay

type OnProgress = Callable[[str, int, int], None]
"""Called with (model name, plays done, plays in total)."""


@dataclass(frozen=True, slots=True)
class OnlineEvaluation:
    """Result of an online evaluation.

    Attributes:
        about: model, seed and counts.
        online: window -> subset -> game -> measure -> value, see `measures`.
        baselines: baseline -> the same as `online`.
        calibration: bins of confidence and share right over all scored transitions, see
            `calibration_bins`.
    """

    about: dict[str, Any]
    online: dict[str, Table]
    baselines: dict[str, dict[str, Table]]
    calibration: list[dict[str, float]]

    @property
    def models(self) -> dict[str, dict[str, Table]]:
        """Name -> tables, the model first, then the baselines."""
        return {self.about["model"]: self.online, **self.baselines}

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON.

        Paths are `online/WINDOW/SUBSET/GAME/MEASURE` and `baselines/NAME/online/...`.
        """
        baselines = {name: {"online": table} for name, table in self.baselines.items()}
        return {
            "about": self.about,
            "online": self.online,
            "baselines": baselines,
            "calibration": self.calibration,
        }


def evaluate_online(
    factory: Factory, plays: Sequence[Play], seed: int = 0, on_progress: OnProgress | None = None
) -> OnlineEvaluation:
    """Evaluate a model, then each baseline: it predicts each transition, then learns from it.

    Args:
        factory: the model's class or a function; called with `seed=` for each play.
        plays: see `plays.plays_of`.
        seed: of the model.
        on_progress: called after every play.

    Raises:
        ArcworldError: there is no play, or the model failed; names the recording and the action.
    """
    if not plays:
        raise ArcworldError(
            "found no transition to score in the recordings; expected an action that neither resets"
            " nor ends a level; add recordings"
        )
    name = factory(seed=seed).name
    found = _replay_all(name, factory, plays, seed, on_progress)
    beside = [one for one in BASELINES if one.name != name]
    baselines = {
        one.name: tables(_replay_all(one.name, one, plays, seed, on_progress)) for one in beside
    }
    right_N = np.concatenate([one.counts_NK[:, COUNTS.index("exact_masked")] for one in found]) > 0
    confidence_N = np.concatenate([one.confidence_N for one in found])
    about = {
        "arcworld": arcworld.__version__,
        "model": name,
        "seed": seed,
        "recordings": len(plays),
        "games": len({play.game for play in plays}),
        "transitions": sum(len(play) for play in plays),
        "novel": int(sum(play.novel_N.sum() for play in plays)),
    }
    bins = [
        {"confidence": one.probability, "right": one.frequency, "count": one.count}
        for one in calibration_bins(confidence_N, right_N)
    ]
    return OnlineEvaluation(about, tables(found), baselines, bins)


def _replay_all(
    name: str,
    factory: Factory,
    plays: Sequence[Play],
    seed: int,
    on_progress: OnProgress | None,
) -> list[Replay]:
    found: list[Replay] = []
    for play in plays:
        found.append(replay(factory(seed=seed), play))
        if on_progress is not None:
            on_progress(name, len(found), len(plays))
    return found
