"""The report of a run: one HTML page with every picture inside, and the same as Markdown."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcworld.evaluation.evaluate import Evaluation
from arcworld.evaluation.measures.open_loop import HORIZON
from arcworld.evaluation.parts import DEPTHS, TITLES
from arcworld.evaluation.report.headline import (
    baselines_that_win,
    bins_table,
    brief_table,
    headline_table,
)
from arcworld.evaluation.report.html import as_html
from arcworld.evaluation.report.pictures import WORST, dream_strip, film_strip, play_strip, save
from arcworld.evaluation.report.plots import plot_open_loop, plot_reliability
from arcworld.evaluation.report.report_tables import (
    NOTHING,
    TextTable,
    describe_evaluation,
    part_tables,
    seed_tables,
)
from arcworld.models.run import Run
from arcworld.recordings.episode import game_name
from arcworld.recordings.files import write_bytes
from arcworld.recordings.reader import read_recording


@dataclass(frozen=True)
class PlayedGame:
    """One played game.

    Attributes:
        result: the play result as plain values.
        recording: its file.
        is_known: whether the run was trained on this game.
    """

    result: Mapping[str, Any]
    recording: Path
    is_known: bool


def write_page(
    run: Run,
    known: Evaluation,
    unknown: Evaluation | None = None,
    played: Sequence[PlayedGame] = (),
    *,
    folder: str | Path | None = None,
    films: Mapping[str, Path] | None = None,
) -> Path:
    """Write `report.html`, which needs no other file, and `report.md` with its pictures.

    Args:
        run: what the page is about.
        known: evaluation on recordings outside training.
        unknown: evaluation on games outside training.
        played: games that an agent played.
        folder: for pages and pictures; `report` in the run's folder if None.
        films: caption -> moving picture; shown first.

    Returns:
        The HTML page.
    """
    folder = run.folder / "report" if folder is None else Path(folder)
    both = [("Recordings not in training", known)]
    both += [("Games not in training", unknown)] if unknown else []
    parts = [
        f"# {run.name}",
        _what(run),
        "## In short",
        *(brief_table(one.parts, one.about, title).as_markdown() for title, one in both),
        *([_played_table(played).as_markdown()] if played else []),
        *(_moving(folder, films) if films else []),
        "## Predicted next frames",
        *(part for title, one in both for part in _films(folder, one, title)),
        "## Open loop",
        *_open_loop(folder, known),
        "## P(level won)",
        *_levels(folder, known),
        *(["## Games played", *_plays(folder, played)] if played else []),
        "## Compared with the baselines",
        headline_table(known.parts, known.about).as_markdown(),
        *(part for title, one in both for part in _tables(one, title)),
        *_curves(run, folder),
        "## Every part in full",
        "<details><summary>All measures on the recordings not in training</summary>",
        *(sheet.as_markdown() for sheet in part_tables(known.parts)),
        "</details>",
    ]
    text = "\n\n".join(parts) + "\n"
    write_bytes(folder / "report.md", text.encode())
    page = folder / "report.html"
    write_bytes(page, as_html(text, folder, f"arcworld: {run.name}").encode())
    return page


def _moving(folder: Path, films: Mapping[str, Path]) -> list[str]:
    return [
        "## The shipped weights at play",
        "The agent plays with the weights that ship with the package. On each level the world model"
        " gets the first frame and then only the actions. The weights were trained on these"
        " games.",
        *(f"![{what}]({os.path.relpath(path, folder)})" for what, path in films.items()),
    ]


def _curves(run: Run, folder: Path) -> list[str]:
    """Training curves if the run has some, copied into the folder of the page."""
    curves = run.folder / "training.png"
    if not curves.is_file():
        return []
    inside = folder / "training.png"
    write_bytes(inside, curves.read_bytes())
    return ["## Training", f"![Loss and accuracies by step]({inside.name})"]


def _what(run: Run) -> str:
    about = run.about
    return (
        f"Recipe `{about['recipe']}`, scheme {about['scheme']}, seed {about['seed']}, commit"
        f" {about.get('commit') or 'unknown'}, trained on {len(run.trained_on())} recordings of"
        f" {', '.join(game_name(game) for game in about['games'])}."
    )


def _films(folder: Path, evaluation: Evaluation, title: str) -> list[str]:
    parts = [
        f"### {title}",
        "From top to bottom: the previous frame (ring: click), the actual next frame, the"
        " predicted next frame, the error in red, and the surprise per cell. Surprise is the"
        " negative log-likelihood of the actual cell, from white (none) to black"
        f" ({WORST:.0f} nats or more).",
    ]
    transitions = evaluation.transitions
    for game in sorted({str(game) for game in transitions.games_N}):
        picture = film_strip(transitions, evaluation.predicted_NHW, evaluation.nll_NC, game)
        path = save(picture, folder / f"film-{game}.png")
        parts.append(f"**{game}**\n\n![{game}]({path.name})")
    return parts


def _open_loop(folder: Path, evaluation: Evaluation) -> list[str]:
    dreams = evaluation.dreams
    if not len(dreams["run"].starts_S):
        return [f"Not measured: no episode has {HORIZON} actions or more."]
    path = plot_open_loop(dreams, folder / "open-loop.png")
    depths = ", ".join(map(str, DEPTHS))
    parts = [
        f"{len(dreams['run'].starts_S)} dreams: the model gets the true actions but only its own"
        " predicted frames. `copy` repeats the start frame.",
        f"![Accuracy by depth]({path.name})",
    ]
    for game in sorted({str(game) for game in dreams["run"].games_S}):
        path = save(dream_strip(dreams["run"], game), folder / f"dream-{game}.png")
        parts.append(
            f"**{game}**: the start frame, then the frames after {depths} actions.\n\n"
            f"![{game}]({path.name})"
        )
    return parts


def _levels(folder: Path, evaluation: Evaluation) -> list[str]:
    parts: list[str] = []
    for part, bins in evaluation.bins.items():
        parts.append(bins_table(bins, TITLES[part]).as_markdown())
    path = plot_reliability(evaluation.bins, folder / "reliability.png")
    return [f"![Observed frequency against predicted probability]({path.name})", *parts]


def _tables(evaluation: Evaluation, title: str) -> list[str]:
    wins = baselines_that_win(evaluation.parts)
    losses = ["Where a baseline is better over all games:", "\n".join(f"- {s}" for s in wins)]
    tables = seed_tables(evaluation.parts, evaluation.about)
    return [
        f"### {title}",
        describe_evaluation(evaluation.about),
        *(sheet.as_markdown() for sheet in tables),
        *(losses if wins else []),
    ]


def _plays(folder: Path, played: Sequence[PlayedGame]) -> list[str]:
    parts: list[str] = []
    for one in played:
        name = game_name(one.result["game_id"])
        if one.result["agent"] == "random":
            continue
        episode = max(read_recording(one.recording).episodes, key=len)
        path = save(play_strip(episode), folder / f"play-{name}.png")
        link = os.path.relpath(one.recording, folder)
        parts.append(
            f"**{name}**, played by {one.result['agent']} ([recording]({link}); ring: click).\n\n"
            f"![{name} played]({path.name})"
        )
    return parts


def _played_table(played: Sequence[PlayedGame]) -> TextTable:
    columns = ("game", "in training", "agent", "levels", "score", "actions", "ms per action")
    rows: list[tuple[str, ...]] = []
    for one in played:
        result = one.result
        actions = int(result["actions"])
        each = f"{1000 * result['seconds'] / actions:.0f}" if actions else NOTHING
        rows.append(
            (
                game_name(result["game_id"]),
                "yes" if one.is_known else "no",
                str(result["agent"]),
                f"{result['levels_completed']} of {result['win_levels']}",
                f"{result['score']:.2f}",
                f"{actions:,}",
                each,
            )
        )
    return TextTable("Games played, scored by the ARC-AGI-3 toolkit", columns, rows, text_columns=3)
