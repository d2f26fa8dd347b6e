"""Text tables of an evaluation: the run, its baselines, and which of them is better."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.evaluation.measures.pooling import BOUNDS, Table
from arcworld.evaluation.parts import SUBSETS, TITLES

type Parts = Mapping[str, Table]
"""As in `Evaluation.parts`: part -> subset -> game -> measure; baselines are
`baselines/NAME/part`."""

BASELINES = ("copy", "majority", "repeat", "lookup")
ALL_BASELINES = (*BASELINES, "chance")
"""`chance` exists only for the policy on held-out levels; elsewhere other baselines are better."""
LOWER = (
    "false_change", "perplexity", "bits_per_frame", "brier", "calibration_error", "loss",
    "tokens_per_frame",
)  # fmt: skip
"""Measures where lower is better, also with the prefix `game_over_`."""
COUNTS = ("positives", "count")
SHARES = (
    "_acc", "exact_frame", "false_change", "_recall", "_precision", "base_rate", "_used", "_share",
    "action_use", "ceiling",
)  # fmt: skip
"""Endings of the names of measures that are shares; they are shown in percent."""
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
    """Number of columns from the left that hold words; the others are right-aligned numbers."""

    def as_markdown(self) -> str:
        """The table in Markdown, with title and note."""
        marks = ["---" if i < self.text_columns else "---:" for i in range(len(self.columns))]
        head = [f"**{self.title}**", "", _line(self.columns), f"|{'|'.join(marks)}|"]
        tail = ["", self.note] if self.note else []
        return "\n".join([*head, *map(_line, self.rows), *tail])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


@dataclass(frozen=True)
class HeadlineMeasure:
    """A row of a summary table.

    Attributes:
        name: label of the row.
        part: part of the evaluation with the measure.
        measure: name of the measure there.
    """

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
"""Rows of the summary table: frame, action, level, perplexity and loss."""
SEED_NOTE = (
    "frame: cells right in the next frame, given the true frames before it. action: type and cell"
    " right on winning stretches. level: average precision of level-ups; recall on levels seen in"
    " training is memory. perplexity: of frame codes; comparable only within one tokenizer. loss:"
    " with the weights of training. Lower is better for perplexity and loss."
)


def seed_tables(parts: Parts, about: Mapping[str, Any]) -> list[TextTable]:
    """Summary tables by game, on novel transitions and on all; only one if all are novel."""
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
    """Name of the baseline with the best value; None without baselines."""
    sign = -1 if lower_is_better(measure) else 1
    return max(baselines, key=lambda name: sign * baselines[name], default=None)


def look_up(parts: Parts, part: str, subset: str, game: str, measure: str) -> float | None:
    """Value of a measure; None if it is missing or undefined."""
    return parts.get(part, {}).get(subset, {}).get(game, {}).get(measure)


def baselines_of(parts: Parts, part: str, subset: str, game: str, measure: str) -> dict[str, float]:
    """Baseline -> value of a measure, for the baselines that have one."""
    found = {
        n: look_up(parts, f"baselines/{n}/{part}", subset, game, measure) for n in ALL_BASELINES
    }
    return {name: value for name, value in found.items() if value is not None}


def read_parts(path: Path) -> Parts:
    """Read the parts of an evaluation from its JSON file.

    Raises:
        ArcworldError: the file cannot be read or is no evaluation.
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
            f"{path}: found no evaluation; expected what `arcworld evaluate --json` writes; run it"
            " for the other run"
        ) from None
    return parts


def lower_is_better(measure: str) -> bool:
    """Whether a lower value of the measure is better."""
    return measure.removeprefix("game_over_") in LOWER


def show(value: float | None, measure: str) -> str:
    """Format a value for a table.

    >>> show(0.8974, "cell_acc"), show(1.8, "perplexity"), show(None, "cell_acc")
    ('89.7 %', '1.800', '-')
    """
    if value is None:
        return NOTHING
    if measure.removeprefix("game_over_") in COUNTS:
        return f"{value:,.0f}"
    return f"{100 * value:.1f} %" if measure.endswith(SHARES) else f"{value:.3f}"


def interval(parts: Parts, part: str, subset: str, game: str, measure: str) -> str:
    """Format the 95 % interval of a measure; says so if only one recording counts.

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
    """Compare a value with the best baseline, in words.

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
    """One table per part, over all games: each measure of the run, with its baselines below."""
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
    columns = ("measure", "run or baseline", *(SUBSETS[name] for name in subsets))
    return TextTable(TITLES[part], columns, rows, text_columns=2)


def _measures(table: Table) -> list[str]:
    """Names of measures, `count` last; recalls of single classes are only in the JSON."""
    names = dict.fromkeys(name for games in table.values() for name in games.get("all", {}))
    bounds = tuple(f"_{bound}" for bound in BOUNDS)
    kept = [n for n in names if not n.startswith("recall_") and not n.endswith(bounds)]
    return [*(name for name in kept if name != "count"), "count"]


def describe_evaluation(about: Mapping[str, Any]) -> str:
    """One line that says which run was evaluated on which recordings."""
    known = about.get("trained_on", 0)
    line = (
        f"run {about['run']} (recipe {about['recipe']}, {about['scheme']}, seed {about['seed']},"
        f" commit {about['run_commit'] or 'unknown'}) on {about['data']}, {about['split']}:"
        f" {about['recordings']} recordings, {about['transitions']:,} transitions,"
        f" {about['novel']:,} novel"
    )
    return f"{line}; {known} of these recordings were TRAINED ON" if known else line
