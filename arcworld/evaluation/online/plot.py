"""A plot of accuracy against the number of actions seen, for a model and the baselines."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.evaluation.online.measures import MEAN
from arcworld.evaluation.online.plays import WINDOWS
from arcworld.evaluation.online.prequential import OnlineEvaluation
from arcworld.recordings.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = {
    "changed_pixel_acc": "changed pixels right",
    "exact_changed": "changed frames exactly right",
    "sure_share": "sure (confidence >= 0.9)",
}
MODEL_COLOUR = "#1e66c1"
COLOURS = ("#b0413e", "#c9a227", "#888888", "#5a8f5a")


def plot_online(found: OnlineEvaluation, path: Path) -> Path:
    """Plot measures on novel transitions against actions seen: means over games.

    The 95 % interval of the model is shaded.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(PANELS), 3.4), layout="constrained")
    panels = figure.subplots(1, len(PANELS), squeeze=False)[0]
    for axes, (measure, title) in zip(panels, PANELS.items(), strict=True):
        _draw(axes, found, measure)
        axes.set(title=title, xlabel="actions seen", xlim=(0, WINDOWS[-1][1]), ylim=(-0.02, 1.02))
        axes.grid(alpha=0.3)
    panels[0].legend(fontsize=8)
    content = BytesIO()
    figure.savefig(content, format=path.suffix.lstrip(".") or "png", dpi=110)
    write_bytes(path, content.getvalue())
    return path


def _draw(axes: Axes, found: OnlineEvaluation, measure: str) -> None:
    middles = [(first + end) / 2 for first, end in WINDOWS]
    for number, name in enumerate(found.models):
        model = number == 0
        values = _series(found, name, measure)
        colour = MODEL_COLOUR if model else COLOURS[(number - 1) % len(COLOURS)]
        axes.plot(
            middles, values, "-" if model else "--", marker="o", ms=4, color=colour, label=name
        )
        if model:
            low = _series(found, name, f"{measure}_low")
            high = _series(found, name, f"{measure}_high")
            axes.fill_between(middles, low, high, color=colour, alpha=0.15, linewidth=0)


def _series(found: OnlineEvaluation, name: str, measure: str) -> list[float]:
    """Mean over games of a measure, by window; NaN where nothing could be counted."""
    values: list[float] = []
    for first, end in WINDOWS:
        value = found.models[name][f"{first}-{end}"]["novel"].get(MEAN, {}).get(measure)
        values.append(float("nan") if value is None else value)
    return values
