"""`arcworld collect`: agents play games and record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.commands.arguments import Actions

if TYPE_CHECKING:
    from arcworld.collection.log import CollectedPlay
    from arcworld.collection.settings import CollectSettings
    from arcworld.evaluation.report.report_tables import TextTable


def collect(
    *,
    out: Path,
    agents: str = "explorer,random,online",
    games: list[Path] | None = None,
    only: str = "",
    target: Actions = 2_000,
    max_actions: Actions = 400,
    plays: Actions = 20,
    run: Path | None = None,
    known: Path | None = None,
    least_novel: float = 0.05,
    workers: int | None = None,
) -> None:
    """Let agents play games and record: data for training, also where there is none yet.

    Several agents play at once. A game is finished when its recordings hold `--target` novel
    transitions. A recording with hardly any novel transition is left out. Each recording says in
    its last row who played it: agent, seed, version of the game, run and weights. Ctrl-C loses
    the plays that are not finished; the same command continues, also with a higher `--target`.
    Nothing uses the network.

    Example: `arcworld collect --games my_games --out runs/collected`

    Args:
        out: folder for the recordings, new or begun by the same command.
        agents: names between commas. `explorer` tries what is untried, `random` chooses at random,
            `online` learns a world model and goals while it plays and visits what surprises it.
            With `--run`: `policy` and `world-model` play with the run, `policy-perturbed` and
            `world-model-perturbed` with random detours on the way.
        games: folder of games in the toolkit's layout (`environment_files`), once for each;
            without it, the project's own. Games are Python code that is executed.
        only: names of games between commas; without it, all in the folders.
        target: novel transitions of each game. A transition is novel if no recording shows this
            action in this frame; status bars do not count, clicks count by cell of 8x8 pixels.
        max_actions: of each play.
        plays: of each agent on each game, at most; they differ in the seed.
        run: for agents of a run: folder that `arcworld train` made, or the name of shipped weights.
        known: recordings that exist already: what they show is not novel.
        least_novel: a recording is left out if a smaller share of its transitions is novel and
            others won as many levels.
        workers: plays at once, each a process with one thread; without it, one for each core.
    """
    from arcworld.collection.collect import collect as collect_all
    from arcworld.collection.settings import CollectSettings
    from arcworld.commands.output import Reporter, command, print_tables
    from arcworld.commands.stop import continue_with
    from arcworld.tournament.settings import Settings, split_names

    play = Settings(
        agents=split_names(agents),
        games=tuple(games or ()),
        only=split_names(only),
        max_actions=max_actions,
        seeds=plays,
        run=run,
        recordings=out,
    )
    settings = CollectSettings(play, target, least_novel, known)
    with continue_with(f"continue with: {_command(settings)}"), Reporter() as report:
        found = collect_all(settings, workers=workers, progress=report)
    print_tables([_table(found, target)])
    for crashed in [one for one in found if one.error][:5]:
        print(f"crashed: {crashed.agent} on {crashed.game_id}, {crashed.seed}: {crashed.error}")
    print(f"{out}: check it with: {command('check', out)}")


def _table(plays: Sequence[CollectedPlay], target: int) -> TextTable:
    """Plays, recordings, transitions and levels, by game and agent."""
    from arcworld.evaluation.report.report_tables import TextTable

    rows: list[tuple[str, ...]] = []
    for game in sorted({play.game_id for play in plays}):
        mine = [play for play in plays if play.game_id == game]
        for agent in sorted({play.agent for play in mine}):
            rows.append((game, agent, *_counts([p for p in mine if p.agent == agent])))
        rows.append((game, "all", *_counts(mine)))
    columns = ("game", "agent", "plays", "kept", "transitions", "novel", "most levels")
    note = f"Asked for: {target:,} novel transitions of each game."
    return TextTable("Collected", columns, rows, note, text_columns=2)


def _counts(plays: Sequence[CollectedPlay]) -> tuple[str, ...]:
    kept = [play for play in plays if play.kept]
    actions, novel = sum(play.actions for play in kept), sum(play.novel for play in kept)
    levels = max((play.levels for play in plays), default=0)
    return f"{len(plays)}", f"{len(kept)}", f"{actions:,}", f"{novel:,}", f"{levels}"


def _command(settings: CollectSettings) -> str:
    """The command that continues."""
    from arcworld.commands.output import command

    play = settings.play
    words: list[object] = ["collect", "--out", settings.out, "--agents", ",".join(play.agents)]
    for folder in play.games:
        words += ["--games", folder]
    options = {
        "--only": ",".join(play.only) or None,
        "--target": settings.target,
        "--max-actions": play.max_actions,
        "--plays": play.seeds,
        "--run": play.run,
        "--known": settings.known,
        "--least-novel": settings.least_novel,
    }
    for name, value in options.items():
        words += [] if value is None else [name, value]
    return command(*words)
