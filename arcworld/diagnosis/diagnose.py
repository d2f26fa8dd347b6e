"""A run's diagnosis: every question put, in order, each with its answer in words.

Knows the order of the questions; each is a module of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arcworld
from arcworld.diagnosis import acting, clicks, copying, entanglement, soundness
from arcworld.diagnosis.finding import Finding
from arcworld.diagnosis.material import Material, gather
from arcworld.errors import ArcworldError
from arcworld.evaluation.evaluate import quiet
from arcworld.evaluation.world_model import Report, teacher_forced
from arcworld.models.run import Run
from arcworld.recordings.dataset import Dataset


@dataclass(frozen=True)
class Diagnosis:
    """What was found of one run.

    Attributes:
        about: run, data, split, seed, counts.
        findings: in the order asked: sees_clicks, copies, entangled, aligned, split, floored,
            calibrated, acts.
    """

    about: dict[str, Any]
    findings: Sequence[Finding]

    def __getitem__(self, key: str) -> Finding:
        """A finding by its key."""
        return next(finding for finding in self.findings if finding.key == key)

    @property
    def games(self) -> list[str]:
        """The games measured."""
        return list(self.about["games"])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"about": self.about, "findings": {f.key: f.as_dict() for f in self.findings}}


def diagnose(
    run: Run,
    dataset: Dataset,
    split: str = "validation",
    games: Path | None = None,
    seed: int = 0,
    report: Report = quiet,
) -> Diagnosis:
    """Put every question to a run, on one part of a data set.

    Args:
        run: a run, or whatever has a run's parts; its policy need only answer as `Policy` says.
        dataset: recordings; the lookup floors need those that the run was trained on.
        split: the part to measure on.
        games: folder of games to act in; None: the project's own.
        seed: of what is sampled and of what edits put in the place of things.
        report: told (what, done, total).

    Raises:
        ArcworldError: the part is empty, an action has no token, or there is no such folder.
    """
    material = gather(run, dataset, split, report)
    try:
        forced = teacher_forced(run.world_model, material.transitions, material.coded, report)
    except ValueError as error:
        raise ArcworldError(f"{dataset.path}: {error}; diagnose a v2 run on it") from error
    copied, asked = copying.examine(material, seed)
    predicted = clicks.predict(material, seed)
    acts, replayed = acting.try_out(asked, games)
    findings = (
        clicks.see_clicks(predicted),
        copied,
        entanglement.examine(material, forced),
        soundness.aligned(material, predicted, replayed),
        soundness.split(material),
        soundness.floored(predicted),
        soundness.calibrated(material, forced),
        acts,
    )
    return Diagnosis(_about(material, split, seed), findings)


def _about(material: Material, split: str, seed: int) -> dict[str, Any]:
    about, t = material.run.about, material.transitions
    return {
        "arcworld": arcworld.__version__,
        "run": material.run.name,
        "recipe": about.get("recipe"),
        "scheme": material.run.world_model.config.scheme,
        "run_seed": about.get("seed"),
        "run_commit": about.get("commit"),
        "data": material.dataset.path.name,
        "split": split,
        "seed": seed,
        "recordings": len(material.dataset.guids),
        "transitions": len(t),
        "novel": int(t.novel_N.sum()),
        "on_winning_stretches": int(material.winning_N.sum()),
        "games": sorted({str(game) for game in t.games_N}),
    }
