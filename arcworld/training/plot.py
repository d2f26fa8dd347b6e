"""Plot the training curves of a run from its `metrics.jsonl` files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STAGES = ("tokenizer", "world_model", "policy")


def plot_training(run: Path) -> Path:
    """Write `training.png` into a run's folder: loss and accuracies of each stage by step."""
    from matplotlib.figure import Figure

    stages = [stage for stage in STAGES if (run / stage / "metrics.jsonl").is_file()]
    figure = Figure(figsize=(5 * max(len(stages), 1), 3.4), layout="constrained")
    panels = figure.subplots(1, max(len(stages), 1), squeeze=False)[0]
    for axes, stage in zip(panels, stages, strict=False):
        _draw(axes, stage, read_metrics(run / stage))
    path = run / "training.png"
    figure.savefig(path, dpi=120)
    return path


def read_metrics(stage: Path) -> list[dict[str, float]]:
    """Return the lines of a stage's `metrics.jsonl`."""
    return [json.loads(line) for line in (stage / "metrics.jsonl").read_text().splitlines()]


def _draw(axes: Any, stage: str, rows: list[dict[str, float]]) -> None:
    steps = [row["step"] for row in rows]
    losses = [row["loss"] for row in rows]
    axes.plot(steps, losses, color="black", linewidth=1, label="loss")
    scale = "log" if any(loss > 0 for loss in losses) else "linear"
    axes.set(title=stage.replace("_", " "), xlabel="step", yscale=scale)
    shares = axes.twinx()
    names = [name for name in rows[-1] if name.endswith("_acc")] if rows else []
    for name in names:
        values = [row.get(name, float("nan")) for row in rows]
        shares.plot(steps, values, linewidth=1, label=name)
    shares.set_ylim(0, 1.01)
    lines = [*axes.get_lines(), *shares.get_lines()]
    axes.legend(lines, [line.get_label() for line in lines], fontsize=7, loc="center right")
