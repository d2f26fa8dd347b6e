"""What a run is judged by, in one sheet: each measure with its interval beside its best floor.

Knows which measures are the headline, and in which order; how they are shown is `report`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from arcworld.evaluation.parts import DEPTHS, POLICY_WITHHELD, WITHHELD
from arcworld.evaluation.report import (
    NOTHING,
    Line,
    Parts,
    Sheet,
    best_floor,
    floors_of,
    interval,
    look_up,
    show,
    verdict,
)
from arcworld.evaluation.withheld import Withheld

HEADLINE = (
    Line("tokenizer, exact frame", "tokenizer", "exact_frame"),
    Line("tokenizer, pixels", "tokenizer", "pixel_acc"),
    Line("tokenizer, pixels, our games left out", "tokenizer_left_out", "pixel_acc"),
    Line("tokenizer, tokens a frame", "tokenizer", "tokens_per_frame"),
    Line("frame", "world_model", "cell_acc"),
    Line("frame, changed cells", "world_model", "changed_cell_acc"),
    Line("frame, wrongly changed", "world_model", "false_change"),
    Line("frame, exact", "world_model", "exact_frame"),
    *(Line(f"open loop {depth}, exact", f"open_loop/{depth}", "exact_frame") for depth in DEPTHS),
    Line("open loop 8, changed cells", "open_loop/8", "changed_cell_acc"),
    Line("action use", "action_use/1", "action_use"),
    Line("action use, 4 deep", "action_use/4", "action_use"),
    Line("another action, in the game", "action_engine", "exact_frame"),
    Line("action use, the most it can be", "action_engine", "ceiling"),
    Line("level withheld, average precision", WITHHELD, "average_precision"),
    Line("level withheld, base rate", WITHHELD, "base_rate"),
    Line("level withheld, calibration error", WITHHELD, "calibration_error"),
    Line("level, average precision", "outcome", "average_precision"),
    Line("level, calibration error", "outcome", "calibration_error"),
    Line("action, on winning stretches", "policy", "action_acc"),
    Line("action, on levels withheld", POLICY_WITHHELD, "action_acc"),
    Line("perplexity", "world_model_teacher_forced", "perplexity"),
    Line("loss", "world_model_teacher_forced", "loss"),
)
BY_GAME = ("changed_cell_acc", "action_use")
"""Measures of the headline that are told for each game, too."""
NOTE = (
    "95 %: the middle of 1,000 resamples of whole recordings. frame: per frame (own codes inside a"
    " frame, true frames before it). open loop D: D actions deep on the model's own frames;"
    " changed is against the start frame, and so is copy. action use: changed cells right with"
    " the true action minus with another, in per cent. level withheld: on levels that training"
    " never showed; `level` may be memory, as its lookup says."
)


def headline_table(parts: Parts, about: Mapping[str, Any]) -> Sheet:
    """The headline on novel transitions and on all."""
    rows: list[tuple[str, ...]] = []
    for line, game in _lines(parts):
        row = [line.name if game == "all" else f"{line.name}: {game}"]
        for subset in ("novel", "all"):
            row += _told(parts, line, subset, game)
        rows.append(tuple(row))
    columns = ("measure", "novel", "95 %", "best floor", "all", "95 %", "best floor")
    title = (
        f"{about['data']}, {about['split']}: {about['novel']:,} novel transitions of"
        f" {about['transitions']:,} in {about['recordings']} recordings"
    )
    missing = (
        "" if WITHHELD in parts else " Not measured: levels withheld; see `arcworld withhold`."
    )
    return Sheet(title, columns, rows, NOTE + missing)


def _lines(parts: Parts) -> list[tuple[Line, str]]:
    """Lines whose part was measured, over all games and then, for some, game by game."""
    found: list[tuple[Line, str]] = []
    for line in HEADLINE:
        if line.part in parts:
            found.append((line, "all"))
            if line.measure in BY_GAME and line.part in ("world_model", "action_use/1"):
                games = parts[line.part]["all"]
                found += [(line, game) for game in games if game != "all"]
    return found


def _told(parts: Parts, line: Line, subset: str, game: str) -> list[str]:
    place = (line.part, subset, game, line.measure)
    floors = floors_of(parts, *place)
    best = best_floor(floors, line.measure)
    floor = NOTHING if best is None else f"{show(floors[best], line.measure)} {best}"
    return [show(look_up(parts, *place), line.measure), interval(parts, *place), floor]


def floors_that_win(parts: Parts) -> list[str]:
    """One sentence a row of the headline where a floor is ahead over all games."""
    sentences: list[str] = []
    for subset in ("novel", "all"):
        for line in HEADLINE:
            place = (line.part, subset, "all", line.measure)
            words = verdict(look_up(parts, *place), floors_of(parts, *place), line.measure)
            if words.startswith(("floor wins", "no better")):
                sentences.append(f"{line.name} on {subset} transitions: {words}")
    return sentences


def compare(parts: Parts, other: Parts, name: str) -> Sheet:
    """The headline of one run beside that of another on the same recordings."""
    rows: list[tuple[str, ...]] = []
    for line, game in _lines(parts):
        row = [line.name if game == "all" else f"{line.name}: {game}"]
        for subset in ("novel", "all"):
            place = (line.part, subset, game, line.measure)
            own, its = look_up(parts, *place), look_up(other, *place)
            row += [show(own, line.measure), show(its, line.measure)]
            row.append(NOTHING if own is None or its is None else show(own - its, line.measure))
        rows.append(tuple(row))
    columns = ("measure", "novel", name, "more", "all", name, "more")
    return Sheet(f"Beside {name}", columns, rows)


def withheld_tables(found: Withheld) -> list[Sheet]:
    """Choices and outcomes on withheld levels, by subset and by game, and bin by bin."""
    measures = ("average_precision", "base_rate", "brier", "calibration_error")
    rows: list[tuple[str, ...]] = []
    for subset, games in found.parts[WITHHELD].items():
        if subset == "novel":
            continue
        for game, values in games.items():
            counts = [show(values.get(name), name) for name in ("positives", "count")]
            floor = look_up(found.parts, f"floors/majority/{WITHHELD}", subset, game, measures[0])
            place = (WITHHELD, subset, game, measures[0])
            told = [show(values.get(name), name) for name in measures]
            told[1:1] = [interval(found.parts, *place), show(floor, measures[0])]
            rows.append((subset.replace("_", " "), game, *told, *counts))
    columns = (
        "subset", "game", "average precision", "95 %", "floor", "base rate", "brier",
        "calibration error", "level-ups", "actions",
    )  # fmt: skip
    title = f"Level-ups on levels withheld from training ({found.about['steps']:,} steps a fold)"
    note = "floor: how often an action of the type won a level of the game in training."
    told = Sheet(title, columns, rows, note, text_columns=2)
    return [_choices_table(found), told, bins_table(found.bins, title)]


def _choices_table(found: Withheld) -> Sheet:
    """What the policy chooses on withheld levels, beside every floor."""
    rows: list[tuple[str, ...]] = []
    floors = ("lookup", "repeat", "majority", "chance")
    for measure in ("action_acc", "type_acc", "loc_acc"):
        for game in found.parts[POLICY_WITHHELD]["all"]:
            place = (POLICY_WITHHELD, "all", game, measure)
            known = floors_of(found.parts, *place)
            told = [show(look_up(found.parts, *place), measure), interval(found.parts, *place)]
            rows.append((measure, game, *told, *(show(known.get(n), measure) for n in floors)))
    title = f"Actions on levels withheld from training ({found.about['policy_steps']:,} steps)"
    note = "On winning stretches. lookup: what training did in the same frame, else majority."
    return Sheet(title, ("measure", "game", "run", "95 %", *floors), rows, note, text_columns=2)


def bins_table(bins: Sequence[Mapping[str, float]], title: str) -> Sheet:
    """Said and come true, bin by bin."""
    rows = [
        (
            show(row["probability"], "_share"),
            show(row["frequency"], "_share"),
            f"{row['count']:,.0f}",
        )
        for row in bins
    ]
    return Sheet(f"{title}: reliability", ("said", "came", "actions"), rows, text_columns=0)
