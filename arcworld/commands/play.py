"""`arcworld play`: an agent plays one game."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from arcworld.commands.arguments import Actions, Seed
from arcworld.errors import ArcworldError

if TYPE_CHECKING:
    from arcworld.evaluation.report.report_tables import TextTable
    from arcworld.play.agent import Agent
    from arcworld.play.scorecard import Scorecard
    from arcworld.play.session import GameResult

Mode = Literal["offline", "online", "competition"]


def play(
    run: Path | None = None,
    /,
    *,
    game: str,
    games: Path | None = None,
    max_actions: Actions = 500,
    seed: Seed = 0,
    agent: str = "world-model",
    data: list[Path] | None = None,
    recording: Path = Path("runs/play"),
    json: Path | None = None,
    mode: Mode = "offline",
) -> None:
    """Let an agent play a game; write a recording and show the scorecard.

    The scorecard is the official toolkit's. `arcworld check` reads the recording, and `arcworld
    train` can train on it. The network is used only if `--mode` says so.

    Example: `arcworld play runs/demo --game keys --max-actions 100`

    Args:
        run: folder that `arcworld train` made, or the name of shipped weights; needed by agents
            called `world-model` or `policy`.
        game: name of a game, with or without its version.
        games: folder of games in the toolkit's layout (`environment_files`); without it, the
            project's own. Games are Python code that is executed: name only folders you trust.
        max_actions: stop after this number of actions.
        seed: of the game, if it takes one, and of the agent.
        agent: `world-model` uses the run, `world-model-fixed` does so without learning during play,
            `policy` uses the run's policy alone. `policy-perturbed` and `world-model-perturbed`
            make random detours. `online` needs no run: it learns a model of the
            game during play. `explorer` stores the states it observed, `frame-change` learns during
            play which actions change the frame. `random` and `replay` (paths of recordings) are
            baselines. For your own agent, give `module:Class`, or a name that an installed package
            registers.
        data: for `replay`: recordings, of which those of the training split are played; may be
            given several times.
        recording: a file, or the folder to write it into.
        json: write levels, actions, score and the whole scorecard to this file.
        mode: `offline`; `online` or `competition` play on the ARC-AGI-3 service with the key in
            ARC_API_KEY.
    """
    from arcworld.commands.output import print_tables, reserve, write_json
    from arcworld.commands.stop import continue_with
    from arcworld.play.agents.catalogue import make_agent

    reserve(json)
    _check_mode(mode, games)
    with continue_with("the recording so far is complete; the next run starts the game again"):
        player = make_agent(agent, seed, run=run, data=data)
        result, card = play_one(player, game, games, max_actions, seed, recording, mode)
    print_tables([score_table(result)])
    print(summary(result))
    print(f"recording: {result.recording}")
    write_json(json, result.as_dict() | {"scorecard": card.as_dict()})


def _check_mode(mode: Mode, games: Path | None) -> None:
    if mode != "offline" and games is not None:
        raise ArcworldError(
            f"found --games {games} and --mode {mode}; expected one of them, since the service has"
            " its own games; leave one out"
        )


def play_one(
    agent: Agent,
    game: str,
    games: Path | None,
    max_actions: int,
    seed: int,
    recording: Path,
    mode: Mode = "offline",
) -> tuple[GameResult, Scorecard]:
    """Play one game, with progress; return the result and the closed scorecard."""
    from arcworld.commands.output import Reporter
    from arcworld.play.session import play_game
    from arcworld.play.toolkit import Toolkit

    with Toolkit(games, mode) as toolkit, Reporter() as report:
        done = 0

        def on_step(_: Any, observation: Any) -> None:
            nonlocal done
            done += 1
            levels = float(observation.levels_completed)
            report(f"{agent.name} plays {game}", done, max_actions, levels=levels)

        result = play_game(agent, toolkit, game, max_actions, seed, recording, on_step)
        return result, toolkit.close()


def score_table(result: GameResult) -> TextTable:
    """Actions by level, next to the human baseline if it is known."""
    from arcworld.evaluation.report.report_tables import NOTHING, TextTable

    rows: list[tuple[str, ...]] = []
    for level, actions in enumerate(result.level_actions):
        human = result.human_actions[level] if level < len(result.human_actions) else -1
        won = "won" if level < result.levels_completed else "not won"
        rows.append((str(level + 1), won, f"{actions:,}", f"{human:,}" if human > 0 else NOTHING))
    columns = ("level", "", "actions", "human actions")
    return TextTable(f"{result.game_id}, played by {result.agent}", columns, rows, text_columns=2)


def summary(result: GameResult) -> str:
    """Levels, score, actions and time in one line."""
    each = 1000 * result.seconds / max(result.actions, 1)
    return (
        f"{result.levels_completed} of {result.win_levels} levels, score {result.score:.2f},"
        f" {result.actions:,} actions, {each:.0f} ms an action; ended: {result.ended}"
    )
