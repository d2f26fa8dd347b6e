"""Tables, a page and a plot of a tournament's results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from arcworld.evaluation.report.report_tables import NOTHING, TextTable
from arcworld.recordings.episode import game_name
from arcworld.recordings.files import write_bytes
from arcworld.tournament.leads import Lead, leads
from arcworld.tournament.measures import (
    ALL,
    HUMAN_TIMES,
    Interval,
    Measures,
    Plays,
    by_agent,
    curve,
    measure,
)
from arcworld.tournament.results import PlayResult

PAGE, NUMBERS, PLOT = "report.md", "report.json", "levels.png"
NOTE = (
    f"levels: won, averaged over seeds. within {HUMAN_TIMES}x: won before the play spent more than"
    f" {HUMAN_TIMES} times the human actions on a level. score: of the toolkit's scorecard,"
    " averaged over games and seeds. actions a level: on levels won. ms an action: of the agent."
    " In brackets: 95 % intervals over games and seeds; an interval without width means that these"
    " plays agree, not that further plays would."
)
FATES = ("started", "won", "finished", "astray", "experiment")
COLUMNS = (
    "agent", "levels", f"within {HUMAN_TIMES}x", "score", "actions a level", "ms an action",
    "faults", "crashes",
)  # fmt: skip


@dataclass(frozen=True)
class TournamentReport:
    """Measures of a tournament.

    Attributes:
        settings: from `Settings.as_dict`.
        measures: agent -> game or `all` -> its measures.
        leads: every agent compared with each agent named before it.
        curves: agent -> levels won within 0, 1, .. actions.
        crashed: plays that ended with an error.
    """

    settings: Mapping[str, Any]
    measures: Mapping[str, Mapping[str, Measures]]
    leads: Sequence[Lead]
    curves: Mapping[str, Sequence[float]]
    crashed: Sequence[PlayResult]

    @property
    def games(self) -> list[str]:
        """Full ids, sorted."""
        first = next(iter(self.measures.values()))
        return [game for game in first if game != ALL]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        measures = {
            agent: {game: asdict(one) for game, one in games.items()}
            for agent, games in self.measures.items()
        }
        return {
            "settings": self.settings,
            "measures": measures,
            "leads": [asdict(lead) for lead in self.leads],
            "levels_won_within": self.curves,
            "crashed": [play.as_dict() for play in self.crashed],
        }


def make_report(settings: Mapping[str, Any], results: Sequence[PlayResult]) -> TournamentReport:
    """Measure the results of a finished tournament."""
    plays = by_agent(results, settings["agents"])
    longest = int(settings["max_actions"])
    return TournamentReport(
        settings,
        {agent: _of_agent(games) for agent, games in plays.items()},
        leads(plays),
        {agent: curve(games, longest).round(4).tolist() for agent, games in plays.items()},
        [result for result in results if result.error],
    )


def _of_agent(games: Plays) -> dict[str, Measures]:
    each = {game: measure({game: plays}) for game, plays in games.items()}
    return {ALL: measure(games), **each}


def summary_table(report: TournamentReport) -> TextTable:
    """One row per agent, over all games."""
    rows = [_row(agent, games[ALL]) for agent, games in report.measures.items()]
    seeds, actions = report.settings["seeds"], report.settings["max_actions"]
    count = len(report.games)
    title = f"{count} {'game' if count == 1 else 'games'}, {actions:,} actions each, seeds: {seeds}"
    perturbed = report.settings["start_perturbed"]
    if perturbed:
        title += f", {perturbed} random actions at the start of each level"
    if report.settings["redraw"]:
        title += f", redrawn: {report.settings['redraw']}"
    if report.settings["held_out_levels"]:
        title += ", each level played by models that never saw it"
    return TextTable(title, COLUMNS, rows, NOTE)


def games_table(report: TournamentReport) -> TextTable:
    """Levels won on each game, one column per agent."""
    agents = list(report.measures)
    rows: list[tuple[str, ...]] = []
    for game in report.games:
        each = [report.measures[agent][game] for agent in agents]
        levels = [f"{one.levels:.3g}" for one in each]
        rows.append((game_name(game), str(max(one.win_levels for one in each)), *levels))
    return TextTable("Levels won, by game", ("game", "levels", *agents), rows)


def leads_table(report: TournamentReport) -> TextTable:
    """Differences in levels between agents, with intervals."""
    rows = [
        (
            f"{lead.agent} minus {lead.other}",
            "all" if lead.within is None else f"{lead.within:,}",
            f"{lead.levels:+.2f}",
            _between(lead.interval, "+.2f"),
            _times(lead.levels + lead.other_levels, lead.other_levels),
            NOTHING if lead.actions_ratio is None else f"{lead.actions_ratio:.2f}x",
            f"{lead.both_won}",
        )
        for lead in report.leads
    ]
    note = (
        "Paired by game and seed; levels won within this number of actions of a play. If the"
        " interval includes 0, the difference is not significant. times: levels of the first agent"
        " divided by those of the second. actions: the same ratio of actions on levels that both"
        " won."
    )
    columns = ("agents", "within", "levels", "95 %", "times", "actions", "levels both won")
    return TextTable("Differences in levels", columns, rows, note)


def _times(first: float, second: float) -> str:
    return f"{first / second:.2f}x" if second else NOTHING


def budget_table(report: TournamentReport) -> TextTable:
    """Levels won within numbers of actions, and time per action, one row per agent."""
    agents = {agent: games[ALL] for agent, games in report.measures.items()}
    counts = sorted({n for one in agents.values() for n in one.levels_by})
    rows = [
        (
            agent,
            *(f"{one.levels_by[n]:.2f}" if n in one.levels_by else NOTHING for n in counts),
            *([NOTHING] * 2 if one.think_ms is None else [f"{ms:.3g}" for ms in one.think_ms]),
        )
        for agent, one in agents.items()
    ]
    columns = ("agent", *(f"by {n:,}" for n in counts), "median ms", "95th percentile ms")
    note = "ms: of a decision and of learning from its result, per play, averaged over plays."
    return TextTable("Levels won by number of actions", columns, rows, note)


def plans_table(report: TournamentReport) -> TextTable | None:
    """What became of plans, one row per agent and form of goal; None if no agent plans."""
    rows = [
        (agent, form, *(f"{fates.get(fate, 0):,}" for fate in FATES))
        for agent, games in report.measures.items()
        for form, fates in sorted(games[ALL].plans.items())
    ]
    note = (
        "finished: the goal held, and no level was won. astray: the goal did not come as near as"
        " was predicted. experiment: clicks that the goal advised and whose effect was not known."
    )
    return (
        TextTable("Plans by form of goal", ("agent", "form", *FATES), rows, note) if rows else None
    )


def game_table(report: TournamentReport, game: str) -> TextTable:
    """All measures of one game, one row per agent."""
    rows = [_row(agent, games[game]) for agent, games in report.measures.items()]
    return TextTable(game, COLUMNS, rows)


def _row(agent: str, one: Measures) -> tuple[str, ...]:
    return (
        agent,
        _with_interval(one.levels, one.levels_interval, f" of {one.win_levels}"),
        _with_interval(one.levels_within_5x, one.levels_within_5x_interval),
        NOTHING if one.score is None else f"{one.score:.2f}",
        NOTHING if one.actions_a_level is None else f"{one.actions_a_level:,.0f}",
        NOTHING if one.seconds_an_action is None else f"{1000 * one.seconds_an_action:.3g}",
        f"{one.faults}",
        f"{one.crashes}",
    )


def _with_interval(value: float | None, found: Interval | None, tail: str = "") -> str:
    if value is None:
        return NOTHING
    return f"{value:.2f}{tail} {_between(found)}".rstrip()


def _between(found: Interval | None, form: str = ".2f") -> str:
    return "" if found is None else f"({found[0]:{form}} to {found[1]:{form}})"


def write_report(report: TournamentReport, out: Path) -> Path:
    """Write page, numbers and plot into a tournament's folder; return the path of the page."""
    _draw(report, out / PLOT)
    write_bytes(out / NUMBERS, (json.dumps(report.as_dict(), indent=1) + "\n").encode())
    parts = [
        "# Tournament",
        _what(report),
        summary_table(report).as_markdown(),
        budget_table(report).as_markdown(),
        f"![Levels won against actions]({PLOT})",
        *([leads_table(report).as_markdown()] if report.leads else []),
        *([plans.as_markdown()] if (plans := plans_table(report)) else []),
        games_table(report).as_markdown(),
        *_crashes(report),
        "## Every game in full",
        *(game_table(report, game).as_markdown() for game in report.games),
    ]
    write_bytes(out / PAGE, ("\n\n".join(parts) + "\n").encode())
    return out / PAGE


def _what(report: TournamentReport) -> str:
    kept = {k: v for k, v in report.settings.items() if v not in (None, [], 0) or k == "seeds"}
    reported = ", ".join(f"{name} {_text(value)}" for name, value in kept.items())
    chance = sum(games[ALL].levels_by_chance for games in report.measures.values())
    by_chance = f" The random actions of perturbed starts won {chance} levels." if chance else ""
    return f"Settings: {reported}.{by_chance}"


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _crashes(report: TournamentReport) -> list[str]:
    if not report.crashed:
        return []
    lines = [
        f"- {play.agent} on {play.game_id}, seed {play.seed}, after {play.actions:,} actions:"
        f" {play.error}"
        for play in report.crashed
    ]
    return ["## Crashed", "\n".join(lines)]


def _draw(report: TournamentReport, path: Path) -> None:
    """Plot levels against actions, one line per agent."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes: Any = figure.subplots()
    for agent, levels in report.curves.items():
        axes.step(range(len(levels)), levels, where="post", linewidth=1.6, label=agent)
    possible = max(games[ALL].win_levels for games in report.measures.values())
    top = max(1.0, *(levels[-1] for levels in report.curves.values()))
    axes.set(
        xlabel="actions a game",
        ylabel=f"levels won, of {possible}",
        xlim=(0, len(next(iter(report.curves.values()))) - 1),
        ylim=(-0.02 * top, 1.05 * top),  # so that a line at zero is visible
    )
    axes.yaxis.get_major_locator().set_params(integer=True)
    figure.legend(loc="outside right upper", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    figure.savefig(path, dpi=150)
