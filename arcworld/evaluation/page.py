"""The report of a run as one page with pictures.

Knows evaluations, results of play and where pictures go; measures nothing itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcworld.evaluation.evaluate import Evaluation
from arcworld.evaluation.pictures import film_strip, play_strip, save
from arcworld.evaluation.report import (
    NOTHING,
    Sheet,
    describe,
    floors_that_win,
    part_tables,
    seed_tables,
    short_table,
)
from arcworld.models.run import Run
from arcworld.recordings.episode import game_name
from arcworld.recordings.files import write_bytes
from arcworld.recordings.reader import read_recording


@dataclass(frozen=True)
class Played:
    """One game played: the result as plain values, its recording, whether training knew it."""

    result: Mapping[str, Any]
    recording: Path
    is_known: bool


def write_page(
    run: Run, known: Evaluation, unknown: Evaluation | None, played: Sequence[Played]
) -> Path:
    """Write `report/report.md` and its pictures into a run's folder.

    Args:
        known: on games of training, recordings never trained on.
        unknown: on games never trained on.
        played: games, as an agent played them.
    """
    folder = run.folder / "report"
    parts = [
        f"# {run.name}",
        _what(run),
        short_table(known.parts, known.about).as_markdown(),
        "## What comes next, foretold",
        *_films(folder, known, "Games of training, in a recording never trained on"),
        *(_films(folder, unknown, "Games never trained on") if unknown else []),
        "## Measured, beside the floors",
        *_tables(known, "Recordings never trained on"),
        *(_tables(unknown, "Games never trained on") if unknown else []),
        "## Played",
        *_plays(folder, played),
        "## Trained",
        "![Loss and accuracies by step](../training.png)",
        "## Every part in full",
        *(sheet.as_markdown() for sheet in part_tables(known.parts)),
    ]
    page = folder / "report.md"
    write_bytes(page, ("\n\n".join(parts) + "\n").encode())
    return page


def _what(run: Run) -> str:
    about = run.about
    return (
        f"Recipe `{about['recipe']}`, scheme {about['scheme']}, seed {about['seed']}, commit"
        f" {about.get('commit') or 'unknown'}, trained on {len(about['trained_on'])} recordings of"
        f" {', '.join(game_name(game) for game in about['games'])}."
    )


def _films(folder: Path, evaluation: Evaluation, title: str) -> list[str]:
    parts = [f"### {title}"]
    for game in sorted({str(game) for game in evaluation.transitions.games_N}):
        picture = film_strip(evaluation.transitions, evaluation.predicted_NHW, game)
        path = save(picture, folder / f"film-{game}.png")
        words = "frame before (ring: click), true next frame, predicted, difference in red"
        parts.append(f"**{game}**: {words}.\n\n![{game}]({path.name})")
    return parts


def _tables(evaluation: Evaluation, title: str) -> list[str]:
    wins = floors_that_win(evaluation.parts)
    said = ["Where a floor is ahead over all games:", "\n".join(f"- {s}" for s in wins)]
    sheets = seed_tables(evaluation.parts, evaluation.about)
    return [
        f"### {title}",
        describe(evaluation.about),
        *(sheet.as_markdown() for sheet in sheets),
        *(said if wins else []),
    ]


def _plays(folder: Path, played: Sequence[Played]) -> list[str]:
    parts = [_played_sheet(played).as_markdown()]
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


def _played_sheet(played: Sequence[Played]) -> Sheet:
    columns = ("game", "trained on", "agent", "levels", "score", "actions", "ms an action")
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
    return Sheet("By the toolkit's own scorecard", columns, rows, text_columns=3)
