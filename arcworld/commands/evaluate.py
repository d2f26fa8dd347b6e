"""`arcworld evaluate`: measure a run and its baselines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.commands.arguments import Actions
from arcworld.errors import ArcworldError

if TYPE_CHECKING:
    from arcworld.evaluation.evaluate import Evaluation
    from arcworld.models.run import Run
    from arcworld.recordings.dataset import Dataset


def evaluate(
    run: Path,
    /,
    *,
    data: list[Path],
    split: str | None = None,
    games: Path | None = None,
    against: Path | None = None,
    json: Path | None = None,
    report: Path | None = None,
    online: bool = False,
    plot: Path | None = None,
    max_recordings: Actions | None = None,
) -> None:
    """Measure a run and its baselines, on all and on novel transitions.

    First the headline, with intervals and the best baseline; then a table of frame, action, level,
    perplexity and loss by game; then every part in full. Baselines need no training: `copy` the
    last frame, the `majority`, `repeat` the last action, `lookup` in the training recordings. A
    transition is novel if training never took this action in this frame. Where a baseline wins, the
    table says so.

    With `--online` the model learns while it is measured: it predicts each transition of a
    recording, then learns from it, and starts again with the next recording. It is compared with
    the baselines `copy`, `lookup` and `last effect`; see docs/how-to/online-evaluation.md.

    Example: `arcworld evaluate runs/demo --data runs/demo/demos --json evaluation.json`

    Example: `arcworld evaluate online --online --data runs/demo/demos --plot online.png`

    Args:
        run: folder that `arcworld train` made, or the name of shipped weights. With `--online` also
            `online`, a baseline, or `module:Class` with the interface of
            `arcworld.models.interface.WorldModel`.
        data: recordings: a folder, or a file; may be given several times. The lookup baselines
            need the training recordings, too.
        split: `validation`, `train`, `all`, `held_out` (recordings that a `split.json` leaves
            out of both, such as games never trained on), or `unseen_players` (all recordings by
            players that the run was not trained on; see `arcworld train --hold-out-player`).
            Without it, `validation`; `all` with `--online`.
        games: folder of the games themselves (`<name>/<version>/metadata.json`), to compare with
            the true result of other actions. Takes a few more minutes. Games are Python code that
            is executed.
        against: file that `--json` wrote for another run on the same recordings, to compare with.
        json: write part, subset, game and measure, nested, to this file.
        report: write a page with tables, film strips and plots into this folder.
        online: predict each transition, then learn from it.
        plot: with `--online`, draw accuracy by number of observed actions into this file.
        max_recordings: with `--online`, number of recordings to use, evenly spread.
    """
    if online:
        from arcworld.commands.evaluate_online import evaluate_online

        refuse("--online", {"--games": games, "--against": against, "--report": report})
        evaluate_online(str(run), data, split or "all", json, plot, max_recordings)
        return
    offline = {"--plot": plot, "--max-recordings": max_recordings}
    refuse("an evaluation without --online", offline)
    from arcworld.commands.output import command, open_data, print_tables, reserve, write_json
    from arcworld.evaluation.evaluate import UNSEEN_PLAYERS, unseen_players
    from arcworld.evaluation.report.headline import baselines_that_win, compare, headline_table
    from arcworld.evaluation.report.report_page import write_page
    from arcworld.evaluation.report.report_tables import (
        describe_evaluation,
        part_tables,
        read_parts,
        seed_tables,
    )

    reserve(json)
    other = None if against is None else read_parts(against)
    opened = open_run(run)
    dataset = open_data(data, int(opened.about.get("seed") or 0))
    found = measure(opened, dataset, split or "validation", games)
    print(describe_evaluation(found.about))
    print_tables([headline_table(found.parts, found.about)])
    if other is not None and against is not None:
        print_tables([compare(found.parts, other, against.stem)])
    print_tables(seed_tables(found.parts, found.about))
    print_tables(part_tables(found.parts))
    for sentence in baselines_that_win(found.parts):
        print(f"- {sentence}")
    unseen = unseen_players(opened, dataset)
    if unseen and split is None:
        again = command("evaluate", run, "--data", data, "--split", UNSEEN_PLAYERS)
        print(f"players never seen in training: {', '.join(unseen)}; measure them with: {again}")
    write_json(json, found.as_dict())
    if report is not None:
        print(f"report: {write_page(opened, found, folder=report)}")


def refuse(what: str, given: Mapping[str, object]) -> None:
    """Refuse options that do not apply.

    Raises:
        ArcworldError: one of them is given.
    """
    for option, value in given.items():
        if value is not None:
            raise ArcworldError(f"found {option} {value}; expected {what} without it; leave it out")


def open_run(run: Path) -> Run:
    """Open a run, on a GPU if there is one."""
    import torch

    from arcworld.models.run import from_pretrained

    return from_pretrained(run).to("cuda" if torch.cuda.is_available() else "cpu")


def measure(run: Run, dataset: Dataset, split: str, games: Path | None = None) -> Evaluation:
    """Evaluate a run, with progress."""
    from arcworld.commands.output import Reporter
    from arcworld.evaluation.evaluate import evaluate as evaluate_run

    with Reporter() as report:
        return evaluate_run(run, dataset, split, report, games)
