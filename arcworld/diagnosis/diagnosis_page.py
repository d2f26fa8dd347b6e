"""A diagnosis as tables, sentences, plots, JSON and one Markdown page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arcworld.diagnosis.diagnose import Diagnosis
from arcworld.diagnosis.finding import Finding, as_text
from arcworld.diagnosis.summary import summary_table
from arcworld.evaluation.report.report_tables import TextTable
from arcworld.recordings.files import write_bytes

INTERVALS = "In brackets: 95 % intervals, over whole stretches of play."


def describe_diagnosis(diagnosis: Diagnosis) -> str:
    """Describe in one line which run was measured on which data."""
    about = diagnosis.about
    return (
        f"{about['run']} ({about['scheme']}, recipe {about['recipe']}, seed {about['run_seed']},"
        f" commit {about['run_commit'] or 'unknown'}) on {about['data']}, {about['split']}:"
        f" {about['recordings']} recordings, {about['transitions']:,} transitions,"
        f" {about['novel']:,} novel, {about['on_winning_stretches']:,} on winning stretches;"
        f" arcworld {about['arcworld']}, seed {about['seed']}"
    )


def verdict_table(diagnosis: Diagnosis) -> TextTable:
    """Table of all questions and verdicts."""
    rows = [(finding.question, finding.verdict) for finding in diagnosis.findings]
    return TextTable(f"{diagnosis.about['run']}: findings", ("question", "verdict"), rows,
                 text_columns=2)  # fmt: skip


def sentences(diagnosis: Diagnosis) -> list[str]:
    """One or two sentences per question."""
    return [f"{f.question} {f.verdict.capitalize()}. {f.words}" for f in diagnosis.findings]


def measure_tables(diagnosis: Diagnosis) -> list[TextTable]:
    """Tables of every measure by game, with baselines."""
    games = ["all", *diagnosis.games] if len(diagnosis.games) > 1 else diagnosis.games
    return [_measures(finding, games) for finding in diagnosis.findings if finding.lines]


def _measures(finding: Finding, games: Sequence[str]) -> TextTable:
    rows = [
        (line.name, "baseline" if line.is_baseline else "",
         *(as_text(line.by_game.get(game), line.unit) for game in games))
        for line in finding.lines
    ]  # fmt: skip
    title = f"{finding.question} {finding.verdict.capitalize()}"
    return TextTable(title, ("measure", "", *games), rows, finding.note, text_columns=2)


def write_page(folder: Path, diagnoses: Sequence[Diagnosis]) -> Path:
    """Write `diagnosis.md`, its plots and `diagnosis.json` into a folder; return the page."""
    parts = ["# Diagnosis", INTERVALS]
    if len(diagnoses) == 2:
        parts.append(summary_table(*diagnoses).as_markdown())
    for diagnosis in diagnoses:
        picture = plot(diagnosis, folder / f"{diagnosis.about['run']}.png")
        parts += [
            f"## {diagnosis.about['run']}",
            describe_diagnosis(diagnosis) + ".",
            verdict_table(diagnosis).as_markdown(),
            "\n".join(f"- {sentence}" for sentence in sentences(diagnosis)),
            f"![What moves the policy, what predicts it, clicks, hits]({picture.name})",
            *(table.as_markdown() for table in measure_tables(diagnosis)),
        ]
    page = folder / "diagnosis.md"
    write_bytes(page, ("\n\n".join(parts) + "\n").encode())
    entries = as_json(diagnoses)
    write_bytes(folder / "diagnosis.json", (json.dumps(entries, indent=1) + "\n").encode())
    return page


def as_json(diagnoses: Sequence[Diagnosis]) -> dict[str, Any]:
    """JSON of one diagnosis; for two, each under `runs`, and the summary under `closing`."""
    if len(diagnoses) == 1:
        return diagnoses[0].as_dict()
    table = summary_table(*diagnoses)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return {"runs": [each.as_dict() for each in diagnoses], "closing": rows}


PANELS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("copies", "choices changed by editing", (
        ("past actions", "changed by past actions"),
        ("past frames", "changed by past frames"),
        ("the screen", "changed by the screen"),
    )),
    ("copies", "predicted by a probe", (
        ("policy, from actions", "probe from past actions: the policy"),
        ("policy, from frame", "probe from the frame: the policy"),
        ("demos, from actions", "probe from past actions: the demos"),
        ("demos, from frame", "probe from the frame: the demos"),
    )),
    ("copies", "right on winning stretches", (
        ("where it changes", "right at change points"),
        ("majority", "right at change points: majority"),
        ("where it repeats", "right at repeats"),
        ("majority, repeats", "right at repeats: majority"),
    )),
    ("sees_clicks", "cells changed by a click, right", (
        ("true place", "changed cells right: true place"),
        ("another place", "changed cells right: another place"),
        ("no place", "changed cells right: no place"),
    )),
)  # fmt: skip
"""Finding, title, and (label, measure) of each bar."""


def plot(diagnosis: Diagnosis, path: Path) -> Path:
    """Write four panels of bars by game, with intervals."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(13, 3.6), layout="constrained")
    for axes, (key, title, bars) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        for k, game in enumerate(diagnosis.games):
            _bars(axes, diagnosis[key], bars, game, k, len(diagnosis.games))
        axes.set_xticks(range(len(bars)), [label for label, _ in bars], rotation=25, ha="right")
        axes.set(title=title, ylim=(0, 1.02))
        axes.spines[["top", "right"]].set_visible(False)
    games = [Patch(color=f"C{place}", label=game) for place, game in enumerate(diagnosis.games)]
    figure.legend(handles=games, loc="outside lower right", ncols=len(games))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    return path


def _bars(
    axes: Any,
    finding: Finding,
    bars: Sequence[tuple[str, str]],
    game: str,
    place: int,
    of: int,
) -> None:
    width = 0.8 / of
    places, heights, errors = list[float](), list[float](), list[tuple[float, float]]()
    for i, (_, measure) in enumerate(bars):
        found = finding.value(measure, game)
        if found is not None:
            low, high = (found.value if b is None else b for b in (found.low, found.high))
            places.append(i + (place - (of - 1) / 2) * width)
            heights.append(found.value)
            errors.append((max(found.value - low, 0.0), max(high - found.value, 0.0)))
    axes.bar(places, heights, width, color=f"C{place}",
             yerr=list(zip(*errors, strict=True)) or None, ecolor="#555", capsize=2)  # fmt: skip
