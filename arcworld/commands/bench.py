"""`arcworld bench`: measure speed against a plain reference and the machine's roofline."""

from __future__ import annotations

from pathlib import Path


def bench(
    run: Path,
    /,
    *,
    data: list[Path],
    split: str = "validation",
    only: list[str] | None = None,
    quick: bool = False,
    json: Path | None = None,
) -> None:
    """Measure how fast a run predicts, and other parts that are meant to be fast.

    Each claim is a ratio to a plain reference, measured alternately with it: the median of repeats.
    Results are compared before anything is timed; *unequal* counts those that differ. The roofline
    is the minimum time on this machine: weights over its bandwidth, or operations over its peak,
    both measured here.

    Claims: `frame`, `sampled-frame`, `generate`, `goals`, `training`, `training-lora`, `parse`,
    `open`.

    Example: `arcworld bench runs/demo --data runs/demo/demos --only goals`

    Args:
        run: folder that `arcworld train` made, or the name of shipped weights.
        data: recordings: a folder, or a file; may be given several times. `parse` and `open` are
            measured on the first.
        split: the part whose frames are predicted: `validation`, `train`, `all` or `held_out`.
        only: a claim to measure; may be given several times. Without it, all.
        quick: few frames, one repeat and a tiny training shape, to check that the command works.
        json: write the claims, the machine, the date and the commit to this file.
    """
    from arcworld.benchmarks.bench import COLUMNS, FULL, QUICK, Bench, record, rows
    from arcworld.commands.evaluate import open_run
    from arcworld.commands.output import Reporter, open_data, print_tables, reserve, write_json
    from arcworld.evaluation.report.report_tables import TextTable

    reserve(json)
    opened = open_run(run)
    dataset = opened.with_split(open_data(data)).part(split)
    measured = Bench(opened, dataset, data[0], QUICK if quick else FULL)
    with Reporter() as report:
        results = measured.measure(only or (), report)
    reported = record(measured, results)
    machine = ", ".join(f"{name} {value}" for name, value in reported["machine"].items())
    print_tables([TextTable("Claims of speed", COLUMNS, rows(results), machine, text_columns=2)])
    for one in results:
        if one.note:
            print(f"- {one.name}: {one.note}")
    write_json(json, reported)
