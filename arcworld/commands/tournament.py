"""`arcworld tournament`: agents on games, compared over several seeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from arcworld.commands.arguments import data_words

if TYPE_CHECKING:
    from arcworld.tournament.settings import Settings
    from arcworld.tournament.tournament_report import TournamentReport

SHOWN = 40
"""Maximum number of games shown on the terminal; the page has all."""


def tournament(
    *,
    agents: str,
    games: list[Path] | None = None,
    only: str = "",
    max_actions: int = 500,
    seeds: int = 3,
    run: Path | None = None,
    data: list[Path] | None = None,
    start_perturbed: int = 0,
    redraw: str | None = None,
    think: float | None = None,
    held_out_levels: bool = False,
    out: Path = Path("runs/tournament"),
    workers: int | None = None,
    backend: Literal["processes", "ray"] = "processes",
) -> None:
    """Let agents play games over several seeds, and compare them.

    Measures are levels, levels within five times the human actions, the toolkit's own score, and
    time, by game and over all, with 95 % intervals. Each result is stored when its play ends; if
    stopped with Ctrl-C, the same command continues. A play that crashes is a result with its error.
    `report.md`, `report.json` and `levels.png` are written into the folder OUT. The network is not
    used.

    Example: `arcworld tournament --agents random,explorer,frame-change --only keys,taps`

    Args:
        agents: names separated by commas. Baselines: `random`, `replay` (plays the paths of
            recordings). Without a run: `explorer` (a graph of states), `online` (the same with a
            world model and goals learned during play), `frame-change` (a network that learns
            during play which actions change the frame). With a run: `policy` alone, `world-model`,
            `world-model-fixed`, which does not learn during play, and with random detours
            `policy-perturbed` and `world-model-perturbed`. `online-without-PART+PART` leaves parts
            out, also of `world-model` and `world-model-fixed`. Your own: `module:Class`, or a name
            that an installed package registers.
        games: folder of games in the toolkit's layout (`environment_files`); may be given several
            times; without it, the project's own. Games are Python code that is executed.
        only: names of games separated by commas; without it, all in the folders.
        max_actions: of each play.
        seeds: number of times that each agent plays each game.
        run: for agents with a run: folder that `arcworld train` made, or the name of shipped
            weights.
        data: for `replay`: recordings, of which those of the training split are played; may be
            given several times.
        start_perturbed: number of random actions at the start of each level (also after a RESET).
            They count, and the agent observes them.
        redraw: draw games otherwise, to see whether an agent knows a game or its look: `cores`
            (things get a core of a second colour), `halves` (a right half), `small` (things lose
            their outer pixels), `shapes` (things are cut to a shape of their colour) or `floor`
            (the ground gets dots). Rules and clicks stay.
        think: maximum seconds of one search (an action needs two at most), for `online`; without
            it, a number of imagined steps that takes about 0.6 s at most, so that a seed gives the
            same play again.
        held_out_levels: play each level with models that never saw it, which `arcworld crossval
            RUN` trained. For agents with a run. An agent has five times the human actions on a
            level. A level that it does not win in time is reset, won as the recordings show, and
            not counted.
        out: folder for results and report.
        workers: number of plays at once, each a process with one thread; without it, one per core.
        backend: `processes` of this machine, or a `ray` cluster (`pip install 'arcworld[ray]'`).
    """
    from arcworld.commands.output import Reporter
    from arcworld.commands.stop import continue_with
    from arcworld.tournament.settings import Settings, split_names
    from arcworld.tournament.tournament import run_tournament

    settings = Settings(
        agents=split_names(agents),
        games=tuple(games or ()),
        only=split_names(only),
        max_actions=max_actions,
        seeds=seeds,
        run=run,
        data=tuple(data or ()),
        start_perturbed=start_perturbed,
        redraw=redraw,
        think=think,
        held_out_levels=held_out_levels,
    )
    with continue_with(f"continue with: {_command(settings, out)}"), Reporter() as report:
        found = run_tournament(
            settings, out, workers=workers, backend_name=backend, progress=report
        )
    _show(found, out)


def _show(found: TournamentReport, out: Path) -> None:
    from arcworld.commands.output import print_tables
    from arcworld.tournament.tournament_report import (
        PAGE,
        budget_table,
        games_table,
        leads_table,
        summary_table,
    )

    tables = [summary_table(found), budget_table(found)]
    if 1 < len(found.games) <= SHOWN:
        tables.append(games_table(found))
    if found.leads:
        tables.append(leads_table(found))
    print_tables(tables)
    for play in found.crashed[:SHOWN]:
        print(f"crashed: {play.agent} on {play.game_id}, seed {play.seed}: {play.error}")
    print(f"report: {out / PAGE}")


def _command(settings: Settings, out: Path) -> str:
    """The command line that continues a tournament."""
    from arcworld.commands.output import command

    words: list[object] = ["tournament", "--agents", ",".join(settings.agents)]
    for folder in settings.games:
        words += ["--games", folder]
    options = {
        "--only": ",".join(settings.only) or None,
        "--max-actions": settings.max_actions,
        "--seeds": settings.seeds,
        "--run": settings.run,
        "--start-perturbed": settings.start_perturbed or None,
        "--redraw": settings.redraw,
        "--think": settings.think,
        "--out": out,
    }
    for name, value in options.items():
        words += [] if value is None else [name, value]
    words += data_words(settings.data)
    words += ["--held-out-levels"] if settings.held_out_levels else []
    return command(*words)
