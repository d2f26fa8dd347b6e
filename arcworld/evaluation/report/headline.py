"""The headline table of a run: each measure, its 95 % interval and its best baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from arcworld.evaluation.measures.held_out_levels import HeldOutLevels
from arcworld.evaluation.parts import DEPTHS, OUTCOME_HELD_OUT, POLICY_HELD_OUT
from arcworld.evaluation.report.report_tables import (
    NOTHING,
    HeadlineMeasure,
    Parts,
    TextTable,
    baselines_of,
    best_baseline,
    interval,
    look_up,
    show,
    verdict,
)

HEADLINE = (
    HeadlineMeasure("tokenizer, exact frame", "tokenizer", "exact_frame"),
    HeadlineMeasure("tokenizer, pixels", "tokenizer", "pixel_acc"),
    HeadlineMeasure(
        "tokenizer, pixels, held-out games of the project", "tokenizer_unseen_games", "pixel_acc"
    ),
    HeadlineMeasure("tokenizer, tokens a frame", "tokenizer", "tokens_per_frame"),
    HeadlineMeasure("frame", "world_model", "cell_acc"),
    HeadlineMeasure("frame, changed cells", "world_model", "changed_cell_acc"),
    HeadlineMeasure("frame, wrongly changed", "world_model", "false_change"),
    HeadlineMeasure("frame, exact", "world_model", "exact_frame"),
    *(
        HeadlineMeasure(f"open loop {depth}, exact", f"open_loop/{depth}", "exact_frame")
        for depth in DEPTHS
    ),
    HeadlineMeasure("open loop 8, changed cells", "open_loop/8", "changed_cell_acc"),
    HeadlineMeasure("action use", "action_use/1", "action_use"),
    HeadlineMeasure("action use, 4 deep", "action_use/4", "action_use"),
    HeadlineMeasure("another action, in the game", "action_engine", "exact_frame"),
    HeadlineMeasure("action use, the most it can be", "action_engine", "ceiling"),
    HeadlineMeasure("held-out levels, average precision", OUTCOME_HELD_OUT, "average_precision"),
    HeadlineMeasure("held-out levels, base rate", OUTCOME_HELD_OUT, "base_rate"),
    HeadlineMeasure("held-out levels, calibration error", OUTCOME_HELD_OUT, "calibration_error"),
    HeadlineMeasure("level, average precision", "outcome", "average_precision"),
    HeadlineMeasure("level, calibration error", "outcome", "calibration_error"),
    HeadlineMeasure("action, on winning stretches", "policy", "action_acc"),
    HeadlineMeasure("action, on held-out levels", POLICY_HELD_OUT, "action_acc"),
    HeadlineMeasure("perplexity", "world_model_teacher_forced", "perplexity"),
    HeadlineMeasure("loss", "world_model_teacher_forced", "loss"),
)
BY_GAME = ("changed_cell_acc", "action_use")
"""Headline measures that are also shown for each game."""
NOTE = (
    "95 %: bootstrap interval, 1,000 resamples of whole recordings. frame: the next frame, given"
    " the true frames before it. open loop D: D actions in a row on the model's own frames;"
    " changed cells and copy refer to the start frame. action use: changed cells right with the"
    " true action, minus those with another action, in percent. held-out levels: levels that are"
    " not in training. `level` may be memory: compare its lookup baseline."
)


def headline_table(parts: Parts, about: Mapping[str, Any]) -> TextTable:
    """Headline measures on novel transitions and on all transitions."""
    rows: list[tuple[str, ...]] = []
    for line, game in _lines(parts):
        row = [line.name if game == "all" else f"{line.name}: {game}"]
        for subset in ("novel", "all"):
            row += _cells_of(parts, line, subset, game)
        rows.append(tuple(row))
    columns = ("measure", "novel", "95 %", "best baseline", "all", "95 %", "best baseline")
    part = about["split"]
    if part == "unseen_players":
        part = f"players never seen ({', '.join(about['players'])})"
    title = (
        f"{about['data']}, {part}: {about['novel']:,} novel transitions of"
        f" {about['transitions']:,} in {about['recordings']} recordings"
    )
    missing = (
        ""
        if OUTCOME_HELD_OUT in parts
        else " Not measured: held-out levels; see `arcworld crossval`."
    )
    return TextTable(title, columns, rows, NOTE + missing)


BRIEF = (
    ("frame, changed cells right", "frame, changed cells"),
    ("frame, exact", "frame, exact"),
    ("open loop 8 steps, exact", "open loop 8, exact"),
    ("action on winning stretches", "action, on winning stretches"),
    ("level won, average precision", "level, average precision"),
)
"""Rows of the short table: (name there, name in the headline)."""


def brief_table(parts: Parts, about: Mapping[str, Any], title: str) -> TextTable:
    """Short table over all games, on novel transitions.

    A measure without novel transitions (actions, levels) is shown on all; the column "on" says
    which.
    """
    lines = {line.name: line for line in HEADLINE}
    rows: list[tuple[str, ...]] = []
    for name, known in BRIEF:
        line = lines[known]
        values = {s: look_up(parts, line.part, s, "all", line.measure) for s in ("novel", "all")}
        subset = "all" if values["novel"] is None else "novel"
        if values[subset] is None:
            continue
        baselines = baselines_of(parts, line.part, subset, "all", line.measure)
        best = best_baseline(baselines, line.measure)
        beside = NOTHING if best is None else f"{show(baselines[best], line.measure)} ({best})"
        rows.append((name, subset, show(values[subset], line.measure), beside))
    count, novel = int(about["transitions"]), int(about["novel"])
    heading = f"{title}: {novel:,} novel of {count:,} transitions"
    return TextTable(heading, ("measure", "on", "run", "best baseline"), rows, text_columns=2)


def _lines(parts: Parts) -> list[tuple[HeadlineMeasure, str]]:
    """Measures whose part was evaluated, each with `all` games; for some also every game."""
    found: list[tuple[HeadlineMeasure, str]] = []
    for line in HEADLINE:
        if line.part in parts:
            found.append((line, "all"))
            if line.measure in BY_GAME and line.part in ("world_model", "action_use/1"):
                games = parts[line.part]["all"]
                found += [(line, game) for game in games if game != "all"]
    return found


def _cells_of(parts: Parts, line: HeadlineMeasure, subset: str, game: str) -> list[str]:
    place = (line.part, subset, game, line.measure)
    baselines = baselines_of(parts, *place)
    best = best_baseline(baselines, line.measure)
    baseline = NOTHING if best is None else f"{show(baselines[best], line.measure)} {best}"
    return [show(look_up(parts, *place), line.measure), interval(parts, *place), baseline]


def baselines_that_win(parts: Parts) -> list[str]:
    """One sentence per headline measure on which a baseline is as good or better over all games."""
    sentences: list[str] = []
    for subset in ("novel", "all"):
        for line in HEADLINE:
            place = (line.part, subset, "all", line.measure)
            words = verdict(look_up(parts, *place), baselines_of(parts, *place), line.measure)
            if words.startswith(("baseline wins", "no better")):
                sentences.append(f"{line.name} on {subset} transitions: {words}")
    return sentences


def compare(parts: Parts, other: Parts, name: str) -> TextTable:
    """Headline measures of two runs on the same recordings, and their difference.

    Args:
        parts: of this run.
        other: of the other run.
        name: of the other run, for the headings.
    """
    rows: list[tuple[str, ...]] = []
    for line, game in _lines(parts):
        row = [line.name if game == "all" else f"{line.name}: {game}"]
        for subset in ("novel", "all"):
            place = (line.part, subset, game, line.measure)
            own, its = look_up(parts, *place), look_up(other, *place)
            row += [show(own, line.measure), show(its, line.measure)]
            row.append(NOTHING if own is None or its is None else show(own - its, line.measure))
        rows.append(tuple(row))
    columns = ("measure", "novel", name, "difference", "all", name, "difference")
    return TextTable(f"Compared with {name}", columns, rows)


def held_out_tables(found: HeldOutLevels) -> list[TextTable]:
    """Tables of actions, of outcomes and of reliability on held-out levels."""
    measures = ("average_precision", "base_rate", "brier", "calibration_error")
    rows: list[tuple[str, ...]] = []
    for subset, games in found.parts[OUTCOME_HELD_OUT].items():
        if subset == "novel":
            continue
        for game, values in games.items():
            counts = [show(values.get(name), name) for name in ("positives", "count")]
            baseline = look_up(
                found.parts, f"baselines/majority/{OUTCOME_HELD_OUT}", subset, game, measures[0]
            )
            place = (OUTCOME_HELD_OUT, subset, game, measures[0])
            reported = [show(values.get(name), name) for name in measures]
            reported[1:1] = [interval(found.parts, *place), show(baseline, measures[0])]
            rows.append((subset.replace("_", " "), game, *reported, *counts))
    columns = (
        "subset", "game", "average precision", "95 %", "baseline", "base rate", "Brier",
        "calibration error", "level-ups", "actions",
    )  # fmt: skip
    title = f"Level-ups on held-out levels (not in training; {found.about['steps']:,} steps a fold)"
    note = "baseline: the rate at which this action type won a level of the game in training."
    reported = TextTable(title, columns, rows, note, text_columns=2)
    return [_choices_table(found), reported, bins_table(found.bins, title)]


def _choices_table(found: HeldOutLevels) -> TextTable:
    """Accuracy of the policy's actions on held-out levels, with every baseline."""
    rows: list[tuple[str, ...]] = []
    baselines = ("lookup", "repeat", "majority", "chance")
    for measure in ("action_acc", "type_acc", "loc_acc"):
        for game in found.parts[POLICY_HELD_OUT]["all"]:
            place = (POLICY_HELD_OUT, "all", game, measure)
            known = baselines_of(found.parts, *place)
            reported = [show(look_up(found.parts, *place), measure), interval(found.parts, *place)]
            rows.append(
                (measure, game, *reported, *(show(known.get(n), measure) for n in baselines))
            )
    title = f"Actions on held-out levels (not in training; {found.about['policy_steps']:,} steps)"
    note = "On winning stretches. lookup: the action in the same training frame, else majority."
    return TextTable(
        title, ("measure", "game", "run", "95 %", *baselines), rows, note, text_columns=2
    )


def bins_table(bins: Sequence[Mapping[str, float]], title: str) -> TextTable:
    """Predicted probability and observed frequency by bin, see `reliability`."""
    rows = [
        (
            show(row["probability"], "_share"),
            show(row["frequency"], "_share"),
            f"{row['count']:,.0f}",
        )
        for row in bins
    ]
    columns = ("predicted probability", "observed frequency", "actions")
    return TextTable(f"{title}: reliability", columns, rows, text_columns=0)
