"""Play a game for a film: one call from a run and a game's name to a GIF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from arcworld.film.draw import check_name, save_film
from arcworld.film.learned import filmed_online
from arcworld.film.record import FilmedAgent, OpenLoop, Shot
from arcworld.models.run import Run
from arcworld.play.agent import Agent
from arcworld.play.agents.world_model import make_world_model_agent
from arcworld.play.session import GameResult, play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import game_name


@dataclass(frozen=True)
class Level:
    """A level that was won, and the world model's accuracy on it.

    Attributes:
        number: from 1.
        actions: number of actions.
        exact: number of actions after which the predicted frame equals the true one.
    """

    number: int
    actions: int
    exact: int

    def __str__(self) -> str:
        return (
            f"level {self.number} won in {self.actions} actions;"
            f" {self.exact} of {self.actions} predicted frames exact"
        )


@dataclass(frozen=True)
class Film:
    """A game that was played and filmed."""

    game: str
    result: GameResult
    shots: tuple[Shot, ...]
    path: Path


def film_game(
    run: Run | None,
    game: str,
    path: str | Path,
    *,
    max_actions: int = 100,
    seed: int = 0,
    games: str | Path | None = None,
    agent: Agent | None = None,
    zoom: int = 4,
    on_level: Callable[[Level], None] | None = None,
) -> Film:
    """Let an agent play a game, predict it beside, and write a GIF.

    A run predicts each level open loop, from its first frame and the actions. Without a run the
    agent `online` plays, and its world model predicts each frame before it learns from it.

    Args:
        run: predicts, and plays if no agent is given.
        game: a name or full id.
        path: the GIF to write.
        max_actions: the film's length, if the game is not won before.
        seed: of the game and of the agent.
        games: folder of games; without it, the project's own.
        agent: the player with a run; without it, `world-model`.
        zoom: pixels of the picture for a pixel of the frame.
        on_level: called after each level that is won.

    Raises:
        ArcworldError: no such game, or the file is not named `.gif` or cannot be written.
    """
    check_name(Path(path))
    if run is None:
        filmed = filmed_online(seed)
    else:
        filmed = FilmedAgent(agent or make_world_model_agent(run, seed), OpenLoop(run))

    def on_step(*_: object) -> None:
        if on_level is not None and filmed.shots[-1].won:
            on_level(levels_won(filmed.shots)[-1])

    with Toolkit(games) as toolkit:
        result = play_game(filmed, toolkit, game, max_actions, seed, on_step=on_step)
    name = game_name(result.game_id)
    return Film(name, result, tuple(filmed.shots), save_film(filmed.shots, name, Path(path), zoom))


def levels_won(shots: Sequence[Shot]) -> list[Level]:
    """Every level won in the shots, in order.

    `actions` counts from the start of the level, actions before a RESET of it included.
    """
    found: list[Level] = []
    since: list[Shot] = []
    for shot in shots[1:]:
        since.append(shot)
        if shot.won:
            exact = sum(one.wrong == 0 and one.steps > 0 for one in since)
            found.append(Level(shot.level, len(since), exact))
            since = []
    return found
