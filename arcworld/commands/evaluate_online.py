"""`arcworld evaluate --online`: measure a world model that learns during the evaluation."""

from __future__ import annotations

import sys
from pathlib import Path


def evaluate_online(
    model: str,
    data: list[Path],
    split: str,
    json: Path | None,
    plot: Path | None,
    max_recordings: int | None,
) -> None:
    """Evaluate, print tables, and write the requested files.

    Raises:
        ArcworldError: the model or the recordings do not exist, or the model failed.
    """
    from arcworld.commands.output import Reporter, open_data, print_tables, reserve, write_json
    from arcworld.evaluation.online.models import find_factory
    from arcworld.evaluation.online.plays import plays_of
    from arcworld.evaluation.online.plot import plot_online
    from arcworld.evaluation.online.prequential import evaluate_online as evaluate
    from arcworld.evaluation.online.table import text_tables

    reserve(json)
    reserve(plot)
    sys.path.insert(0, str(Path.cwd()))
    factory = find_factory(model)
    plays = plays_of(open_data(data).part(split), max_recordings)
    with Reporter() as report:
        found = evaluate(factory, plays, on_progress=report)
    found.about.update(data=", ".join(path.name for path in data), split=split)
    print_tables(text_tables(found))
    write_json(json, found.as_dict())
    if plot is not None:
        print(f"plot: {plot_online(found, plot)}")
