"""Diagnose a run: ask all questions in order and return the findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arcworld
from arcworld.diagnosis import acting, clicks, copying, entanglement, soundness
from arcworld.diagnosis.finding import Finding
from arcworld.diagnosis.inputs import DiagnosisInputs, gather
from arcworld.errors import ArcworldError
from arcworld.evaluation.evaluate import quiet
from arcworld.evaluation.measures.inference import ProgressCallback, teacher_forced
from arcworld.models.run import Run
from arcworld.recordings.dataset import Dataset


@dataclass(frozen=True)
class Diagnosis:
    """The findings about one run.

    Attributes:
        about: run, data, split, seed, counts.
        findings: in order: sees_clicks, copies, entangled, aligned, split, against_baselines,
            calibrated, acts.
    """

    about: dict[str, Any]
    findings: Sequence[Finding]

    def __getitem__(self, key: str) -> Finding:
        """Return a finding by its key."""
        return next(finding for finding in self.findings if finding.key == key)

    @property
    def games(self) -> list[str]:
        """Names of the measured games."""
        return list(self.about["games"])

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"about": self.about, "findings": {f.key: f.as_dict() for f in self.findings}}


def diagnose(
    run: Run,
    dataset: Dataset,
    split: str = "validation",
    games: str | Path | None = None,
    seed: int = 0,
    progress: ProgressCallback = quiet,
) -> Diagnosis:
    """Diagnose a run on one part of a data set.

    Args:
        run: a run, or any object with a run's parts; its policy must implement `Policy`.
        dataset: recordings; the lookup baselines need those that the run was trained on.
        split: the part to measure on.
        games: folder of games to act in; None: the project's own.
        seed: of samples and random edits.
        progress: called with (stage, done, total).

    Raises:
        ArcworldError: the part is empty, an action has no token, or the folder does not exist.
    """
    inputs = gather(run, dataset, split, progress)
    try:
        forced = teacher_forced(run.world_model, inputs.transitions, inputs.coded, progress)
    except ValueError as error:
        raise ArcworldError(f"{dataset.path}: {error}; diagnose a v2 run on it") from error
    copied, asked = copying.diagnose_copying(inputs, seed)
    predicted = clicks.predict(inputs, seed)
    acts, replayed = acting.try_out(asked, games)
    findings = (
        clicks.see_clicks(predicted),
        copied,
        entanglement.diagnose_entanglement(inputs, forced),
        soundness.aligned(inputs, predicted, replayed),
        soundness.split(inputs),
        soundness.against_baselines(predicted),
        soundness.calibrated(inputs, forced),
        acts,
    )
    return Diagnosis(_about(inputs, split, seed), findings)


def _about(inputs: DiagnosisInputs, split: str, seed: int) -> dict[str, Any]:
    about, t = inputs.run.about, inputs.transitions
    return {
        "arcworld": arcworld.__version__,
        "run": inputs.run.name,
        "recipe": about.get("recipe"),
        "scheme": inputs.run.world_model.config.scheme,
        "run_seed": about.get("seed"),
        "run_commit": about.get("commit"),
        "data": inputs.dataset.path.name,
        "split": split,
        "seed": seed,
        "recordings": len(inputs.dataset.guids),
        "transitions": len(t),
        "novel": int(t.novel_N.sum()),
        "on_winning_stretches": int(inputs.winning_N.sum()),
        "games": sorted({str(game) for game in t.games_N}),
    }
