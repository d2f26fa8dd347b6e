"""An evaluation as tables for people: the run beside its baselines, and which of them wins.

Knows parts, measures and which way is better; knows nothing of terminals (`TextTable` is text) or
of how anything was measured. No value stands here that the evaluation does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.evaluation.parts import SUBSETS, TITLES
from arcworld.evaluation.pooling import BOUNDS, Table

type Parts = Mapping[str, Table]
"""As in `Evaluation.parts`: part -> subset -> game -> measure; baselines are
`baselines/NAME/part`."""

BASELINES = ("copy", "majority", "repeat", "lookup")
ALL_BASELINES = (*BASELINES, "chance")
"""Chance stands where a policy is measured on levels it never saw; elsewhere others are ahead."""
LOWER = (
    "false_change", "perplexity", "bits_per_frame", "brier", "calibration_error", "loss",
    "tokens_per_frame",
)  # fmt: skip
"""Measures where less is better, whatever stands before the name."""
COUNTS = ("positives", "count")
SHARES = (
    "_acc", "exact_frame", "false_change", "_recall", "_precision", "base_rate", "_used", "_share",
    "action_use", "ceiling",
)  # fmt: skip
"""How the names of measures end that are shares of something, told in per cent."""
NOTHING = "-"
NO_INTERVAL = "none (one recording)"


@dataclass(frozen=True)
class TextTable:
    """A table as text.

    >>> print(TextTable("Three", ("a", "b"), [("1", "2")]).as_markdown())
    **Three**
    <BLANKLINE>
    | a | b |
    |---|---:|
    | 1 | 2 |
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    text_columns: int = 1
    """So many columns from the left are words; the others are numbers."""

    def as_markdown(self) -> str:
        """For a page."""
        marks = ["---" if i < self.text_columns else "---:" for i in range(len(self.columns))]
        head = [f"**{self.title}**", "", _line(self.columns), f"|{'|'.join(marks)}|"]
        tail = ["", self.note] if self.note else []
        return "\n".join([*head, *map(_line, self.rows), *tail])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


@dataclass(frozen=True)
class HeadlineMeasure:
    """A row of the seed's table: what it is called and where it is found."""

    name: str
    part: str
    measure: str


SEED_TABLE = (
    HeadlineMeasure("frame", "world_model", "cell_acc"),
    HeadlineMeasure("frame, changed cells", "world_model", "changed_cell_acc"),
    HeadlineMeasure("frame, exact", "world_model", "exact_frame"),
    HeadlineMeasure("action", "policy", "action_acc"),
    HeadlineMeasure("level", "outcome", "average_precision"),
    HeadlineMeasure("level, recall", "world_model_teacher_forced", "level_complete_recall"),
    HeadlineMeasure("perplexity", "world_model_teacher_forced", "perplexity"),
    HeadlineMeasure("loss", "world_model_teacher_forced", "loss"),
)
"""Frame, action, level, perplexity and loss, as the seed reports them, on our measures."""
SEED_NOTE = (
    "frame: cells right, per frame (own codes inside a frame, true frames before it). action: type"
    " and cell on winning stretches. level: average precision of level-ups; its recall, where the"
    " level was seen in training, is memory. perplexity: of frame codes, within one tokenizer"
    " only. loss: with the weights of training."
)


def seed_tables(parts: Parts, about: Mapping[str, Any]) -> list[TextTable]:
    """The seed's table on novel transitions (the headline) and on all, by game; one where all are
    novel.
    """
    novel, count = int(about["novel"]), int(about["transitions"])
    titles = {"novel": f"Novel transitions ({novel:,} of {count:,}): the headline"}
    if novel < count:
        titles["all"] = f"All transitions ({count:,})"
    columns = ("measure", "game", "run", *BASELINES, "against the best baseline")
    return [
        TextTable(title, columns, _seed_rows(parts, subset), SEED_NOTE, text_columns=2)
        for subset, title in titles.items()
    ]


def _seed_rows(parts: Parts, subset: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for line in SEED_TABLE:
        for game in parts[line.part][subset]:
            value = look_up(parts, line.part, subset, game, line.measure)
            baselines = baselines_of(parts, line.part, subset, game, line.measure)
            reported = [show(baselines.get(name), line.measure) for name in BASELINES]
            words = verdict(value, baselines, line.measure)
            rows.append((line.name, game, show(value, line.measure), *reported, words))
    return rows


def best_baseline(baselines: Mapping[str, float], measure: str) -> str | None:
    """The name of the baseline that is hardest to beat."""
    sign = -1 if lower_is_better(measure) else 1
    return max(baselines, key=lambda name: sign * baselines[name], default=None)


def look_up(parts: Parts, part: str, subset: str, game: str, measure: str) -> float | None:
    """A value, or None where there is none."""
    return parts.get(part, {}).get(subset, {}).get(game, {}).get(measure)


def baselines_of(parts: Parts, part: str, subset: str, game: str, measure: str) -> dict[str, float]:
    """What each baseline scores, where it has a score."""
    found = {
        n: look_up(parts, f"baselines/{n}/{part}", subset, game, measure) for n in ALL_BASELINES
    }
    return {name: value for name, value in found.items() if value is not None}


def read_parts(path: Path) -> Parts:
    """The parts of an evaluation that was written as JSON.

    Raises:
        ArcworldError: the file is no evaluation.
    """
    parts: dict[str, Table] = {}

    def walk(name: str, node: Any) -> None:
        if "all" in node:
            parts[name] = node
            return
        for key, value in node.items():
            walk(f"{name}/{key}" if name else key, value)

    try:
        found = json.loads(path.read_text())
        walk("", {key: value for key, value in found.items() if key not in ("about", "bins")})
    except (OSError, ValueError, AttributeError, TypeError):
        raise ArcworldError(
            f"{path}: found no evaluation; expected what `arcworld evaluate --json` writes; write"
            " one of the other run"
        ) from None
    return parts


def lower_is_better(measure: str) -> bool:
    """Which way a measure points."""
    return measure.removeprefix("game_over_") in LOWER


def show(value: float | None, measure: str) -> str:
    """A value as people read it.

    >>> show(0.8974, "cell_acc"), show(1.8, "perplexity"), show(None, "cell_acc")
    ('89.7 %', '1.800', '-')
    """
    if value is None:
        return NOTHING
    if measure.removeprefix("game_over_") in COUNTS:
        return f"{value:,.0f}"
    return f"{100 * value:.1f} %" if measure.endswith(SHARES) else f"{value:.3f}"


def interval(parts: Parts, part: str, subset: str, game: str, measure: str) -> str:
    """The middle 95 % of resamples; `none` where one recording alone counts.

    >>> values = {"cell_acc": 0.9, "cell_acc_low": 0.881, "cell_acc_high": 0.924}
    >>> interval({"world_model": {"all": {"all": values}}}, "world_model", "all", "all", "cell_acc")
    '88.1 to 92.4'
    """
    found = [look_up(parts, part, subset, game, f"{measure}_{bound}") for bound in BOUNDS]
    if None in found:
        value = look_up(parts, part, subset, game, measure)
        return NOTHING if value is None else NO_INTERVAL
    low, high = (show(value, measure).removesuffix(" %") for value in found)
    return f"{low} to {high}"


def verdict(value: float | None, baselines: Mapping[str, float], measure: str) -> str:
    """The run against its best baseline, in words.

    >>> verdict(0.85, {"copy": 0.9, "majority": 0.3}, "cell_acc")
    'baseline wins: copy, by 5.0 points'
    >>> verdict(0.95, {"copy": 0.9}, "cell_acc"), verdict(0.02, {"copy": 0.0}, "false_change")
    ('better by 5.0 points', 'baseline wins: copy, by 2.0 points')
    >>> verdict(0.9, {"copy": 0.9}, "cell_acc"), verdict(1.8, {}, "perplexity")
    ('no better than copy', 'no baseline')
    """
    if value is None:
        return "nothing to count"
    best = best_baseline(baselines, measure)
    if best is None:
        return "no baseline"
    ahead = value - baselines[best]
    ahead = -ahead if lower_is_better(measure) else ahead
    gap = show(abs(ahead), measure).replace(" %", " points")
    if abs(ahead) < 0.0005:
        return f"no better than {best}"
    return f"better by {gap}" if ahead > 0 else f"baseline wins: {best}, by {gap}"


def part_tables(parts: Parts) -> list[TextTable]:
    """Every part in full, over all games: each measure of the run, its baselines below it."""
    return [_part_table(parts, part) for part in TITLES if part in parts]


def _part_table(parts: Parts, part: str) -> TextTable:
    subsets = [name for name in SUBSETS if name in parts[part]]
    rows: list[tuple[str, ...]] = []
    for measure in _measures(parts[part]):
        reported = [look_up(parts, part, subset, "all", measure) for subset in subsets]
        rows.append((measure, "run", *(show(value, measure) for value in reported)))
        for baseline in ALL_BASELINES:
            values = [
                look_up(parts, f"baselines/{baseline}/{part}", subset, "all", measure)
                for subset in subsets
            ]
            if any(value is not None for value in values):
                rows.append(("", baseline, *(show(value, measure) for value in values)))
    columns = ("measure", "who", *(SUBSETS[name] for name in subsets))
    return TextTable(TITLES[part], columns, rows, text_columns=2)


def _measures(table: Table) -> list[str]:
    """Names of measures, counts last; the recall of each class is left to the JSON."""
    names = dict.fromkeys(name for games in table.values() for name in games.get("all", {}))
    bounds = tuple(f"_{bound}" for bound in BOUNDS)
    kept = [n for n in names if not n.startswith("recall_") and not n.endswith(bounds)]
    return [*(name for name in kept if name != "count"), "count"]


def describe_evaluation(about: Mapping[str, Any]) -> str:
    """One line: which run, on what."""
    known = about.get("trained_on", 0)
    line = (
        f"run {about['run']} (recipe {about['recipe']}, {about['scheme']}, seed {about['seed']},"
        f" commit {about['run_commit'] or 'unknown'}) on {about['data']}, {about['split']}:"
        f" {about['recordings']} recordings, {about['transitions']:,} transitions,"
        f" {about['novel']:,} novel"
    )
    return f"{line}; {known} of these recordings were TRAINED ON" if known else line
