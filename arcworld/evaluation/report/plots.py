"""Plots of an evaluation: open-loop accuracy by depth, and a reliability diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.evaluation.measures.open_loop import Dreams
from arcworld.evaluation.parts import DEPTHS
from arcworld.recordings.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = {
    "exact_frame": "exact frames",
    "cell_acc": "cells right",
    "changed_cell_acc": "changed cells right",
}
COLOURS = {"run": "#1e66c1", "copy": "#888888", "majority": "#c9a227", "lookup": "#b0413e"}
LINES = {"run": "-", "copy": ":", "majority": "-.", "lookup": "--"}


def plot_open_loop(dreams: Mapping[str, Dreams], path: Path) -> Path:
    """Plot open-loop accuracy by depth: one panel per measure, one line per run and baseline."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(MEASURES), 3.2), layout="constrained")
    panels = figure.subplots(1, len(MEASURES), squeeze=False)[0]
    for axes, (measure, title) in zip(panels, MEASURES.items(), strict=True):
        for who, dreamt in dreams.items():
            curve = dreamt.curve(measure)
            depths = range(1, len(curve) + 1)
            reported = [float("nan") if value is None else value for value in curve]
            axes.plot(depths, reported, LINES[who], color=COLOURS[who], label=who)
        axes.set(title=title, xlabel="depth (actions)", ylim=(-0.02, 1.02))
        axes.set_xticks(DEPTHS)
        axes.grid(alpha=0.3)
    panels[0].legend(fontsize=8)
    return _save(figure, path)


def plot_reliability(bins: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> Path:
    """Plot observed frequency of level-ups against predicted probability, by bin.

    A larger point stands for more actions in the bin.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=1)
    for part, rows in bins.items():
        probability = [row["probability"] for row in rows]
        frequency = [row["frequency"] for row in rows]
        sizes = [12 + 12 * len(str(int(row["count"]))) for row in rows]
        axes.plot(probability, frequency, linewidth=1, alpha=0.6)
        axes.scatter(probability, frequency, s=sizes, label=part.replace("_", " "))
    axes.set(
        title="P(level won)",
        xlabel="predicted probability",
        ylabel="observed frequency",
        xlim=(-0.03, 1.03),
        ylim=(-0.03, 1.03),
    )
    axes.legend(fontsize=8)
    return _save(figure, path)


def _save(figure: Figure, path: Path) -> Path:
    content = BytesIO()
    figure.savefig(content, dpi=110)
    write_bytes(path, content.getvalue())
    return path
