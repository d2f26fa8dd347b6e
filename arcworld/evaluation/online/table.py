"""Text tables of an online evaluation: accuracy, open loop, time, weakest games."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arcworld.evaluation.measures.pooling import Values
from arcworld.evaluation.online.measures import ALL_ACTIONS, MEAN, POOLED
from arcworld.evaluation.online.plays import DEPTHS
from arcworld.evaluation.online.prequential import OnlineEvaluation
from arcworld.evaluation.report.report_tables import TextTable

COLUMNS = {
    "changed pixels": "changed_pixel_acc",
    "false change": "false_change",
    "frames": "exact_frame",
    "changed frames": "exact_changed",
    "sure": "sure_share",
    "sure right": "sure_right",
    "ECE": "ece",
}
"""Heading -> measure, shown in percent."""
POOLED_COLUMNS = ("sure_share", "sure_right", "ece")
"""These are unreliable in a single play, so the table shows them over all plays pooled."""
PRECISE = ("false_change",)
"""Measures shown with two decimal places, because they are far below 1 %."""
NOTE = (
    "In %, mean over games; sure, sure right and ECE pooled over all plays. Changed pixels: the"
    " share predicted right. False change: unchanged pixels predicted to change (lower is better)."
    " Frames: whole frames right. Changed frames: the same among frames that changed. Sure:"
    " predictions with a confidence of 0.9 or more. Sure right: changed frames right among sure"
    " predictions. ECE: calibration error (lower is better). Status bars are masked in changed"
    " frames, sure right and ECE. Novel: this frame and action are new in this play."
)
LOOP_NOTE = (
    "In %, all transitions, pooled. Loop D: frames right (status bars masked) after D imagined"
    " actions. Copy: the start frame instead. Sure: rollouts in which every step is sure."
)


def accuracy_table(found: OnlineEvaluation, subset: str = "novel") -> TextTable:
    """Measures of the model and the baselines by window of actions."""
    rows = [
        [window if number == 0 else "", name, *cells]
        for window in found.online
        for number, (name, cells) in enumerate(_cells(found, window, subset))
    ]
    about = found.about
    title = (
        f"{about['model']} online: {about['games']} games, {about['recordings']} recordings,"
        f" {about[subset] if subset == 'novel' else about['transitions']} {subset} transitions"
    )
    return TextTable(title, ("actions", "model", "n", *COLUMNS), rows, NOTE, text_columns=2)


def _cells(found: OnlineEvaluation, window: str, subset: str) -> Iterator[tuple[str, list[str]]]:
    for name, tables in found.models.items():
        games = tables[window][subset]
        if not games:
            continue
        mean, pooled = games[MEAN], games[POOLED]
        values = {**mean, **{key: pooled[key] for key in POOLED_COLUMNS}}
        count = f"{mean['transitions']:.0f}"
        yield name, [count, *(percent(values, measure) for measure in COLUMNS.values())]


def percent(values: Values, measure: str) -> str:
    """Format a share in percent; a dash where nothing could be counted.

    >>> percent({"exact_frame": 0.5, "false_change": 0.001}, "false_change")
    '0.10'
    """
    value = values[measure]
    if value is None:
        return "-"
    return f"{100 * value:.{2 if measure in PRECISE else 1}f}"


def loop_table(found: OnlineEvaluation) -> TextTable:
    """Open-loop accuracy and times (ms) of the model by window of actions."""
    deepest = DEPTHS[-1]
    shares = {f"loop {depth}": f"open_loop_{depth}_exact" for depth in DEPTHS} | {
        f"copy {deepest}": f"open_loop_{deepest}_copy",
        f"sure {deepest}": f"open_loop_{deepest}_sure_share",
        f"sure right {deepest}": f"open_loop_{deepest}_sure_right",
    }
    times = ("predict_ms", "predict_ms_p95", "learn_ms", "learn_ms_p95", "imagine_ms")
    headings = ("predict ms", "p95", "learn ms", "p95", "imagine ms")
    rows: list[list[str]] = []
    for window, table in found.online.items():
        if table["all"]:
            values = table["all"][POOLED]
            row = [window, f"{values['open_loop_starts']:.0f}"]
            row += [percent(values, measure) for measure in shares.values()]
            rows.append([*row, *(_ms(values[name]) for name in times)])
    return TextTable(
        "Open loop, time", ("actions", "rollouts", *shares, *headings), rows, LOOP_NOTE
    )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def weakest_table(found: OnlineEvaluation, shown: int = 10) -> TextTable:
    """The games with the lowest share of changed frames exactly right, over all actions."""
    games: Mapping[str, Values] = {
        game: values
        for game, values in found.online[ALL_ACTIONS]["novel"].items()
        if game not in (MEAN, POOLED)
    }
    order = sorted(games, key=lambda game: games[game]["exact_changed"] or 0.0)
    rows = [
        [game, f"{games[game]['transitions']:.0f}"]
        + [percent(games[game], measure) for measure in COLUMNS.values()]
        for game in order[:shown]
    ]
    title = f"Weakest games ({min(shown, len(games))} of {len(games)}), novel transitions"
    return TextTable(title, ("game", "n", *COLUMNS), rows)


def text_tables(found: OnlineEvaluation) -> list[TextTable]:
    """All tables, in the order in which the terminal shows them."""
    return [accuracy_table(found), loop_table(found), weakest_table(found)]
