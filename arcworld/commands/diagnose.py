"""`arcworld diagnose`: test whether a run reads the screen or copies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.commands.arguments import Seed

if TYPE_CHECKING:
    from arcworld.diagnosis.diagnose import Diagnosis
    from arcworld.recordings.dataset import Dataset


def diagnose(
    run: Path,
    second: Path | None = None,
    /,
    *,
    data: list[Path],
    games: Path | None = None,
    split: str = "validation",
    seed: Seed = 0,
    out: Path | None = None,
    json: Path | None = None,
) -> None:
    """Test whether a run reads the screen or copies, and what else may inflate its numbers.

    Answers in words, by game, with baselines and intervals: does the model see where a click went;
    does the policy copy past actions; are policy and dynamics entangled; are the numbers sound
    (aligned, split, compared with a baseline, calibrated); does the run act in the game. With a
    second run (v1 first, then v2) a summary compares both. docs/how-to/diagnose.md says how to read
    each number.

    Example: `arcworld diagnose runs/demo --data runs/demo/demos --out diagnosis`

    Args:
        run: folder that `arcworld train` made, or the name of shipped weights.
        second: another run, to compare with the first.
        data: recordings: a folder, or a file; may be given several times. The lookup baselines
            need the training recordings, too.
        games: folder of games in the toolkit's layout (`environment_files`), to try actions in;
            without it, the project's own. Games are Python code that is executed.
        split: `validation`, `train`, `all`, or `held_out` (see `arcworld evaluate`).
        seed: of samples and of random edits.
        out: folder for `diagnosis.md` with plots, and `diagnosis.json`.
        json: write the findings to this file.
    """
    from arcworld.commands.output import open_data, print_tables, reserve, write_json
    from arcworld.diagnosis.diagnosis_page import as_json, measure_tables, verdict_table, write_page
    from arcworld.diagnosis.summary import summary_table

    reserve(json)
    if out is not None:
        reserve(out / "diagnosis.md")
    dataset = open_data(data, seed)
    found = [run_diagnosis(each, dataset, split, games, seed) for each in (run, second) if each]
    for diagnosis in found:
        print_diagnosis(diagnosis)
        print_tables(measure_tables(diagnosis))
    if len(found) == 2:
        print_tables([verdict_table(diagnosis) for diagnosis in found])
        print_tables([summary_table(*found)])
    write_json(json, as_json(found))
    if out is not None:
        print(f"page: {write_page(out, found)}")


def run_diagnosis(
    run: Path, dataset: Dataset, split: str, games: Path | None, seed: int
) -> Diagnosis:
    """Diagnose a run, with progress."""
    from arcworld.commands.evaluate import open_run
    from arcworld.commands.output import Reporter
    from arcworld.diagnosis.diagnose import diagnose as diagnose_run

    opened = open_run(run)
    with Reporter() as report:
        return diagnose_run(opened, dataset, split, games, seed, report)


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Print the verdicts and findings in words."""
    from arcworld.commands.output import print_tables
    from arcworld.diagnosis.diagnosis_page import (
        INTERVALS,
        describe_diagnosis,
        sentences,
        verdict_table,
    )

    print(describe_diagnosis(diagnosis))
    print_tables([verdict_table(diagnosis)])
    for sentence in sentences(diagnosis):
        print(f"- {sentence}")
    print(f"\n{INTERVALS}\n")
