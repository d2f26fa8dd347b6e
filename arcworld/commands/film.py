"""`arcworld film`: an agent's play next to the world model's prediction, as a GIF."""

from __future__ import annotations

from pathlib import Path

from arcworld.commands.arguments import Actions, Seed


def film(
    run: Path = Path("small"),
    /,
    *,
    game: str = "mosaic",
    games: Path | None = None,
    max_actions: Actions = 100,
    seed: Seed = 0,
    out: Path = Path("runs/film.gif"),
) -> None:
    """Play a game and write a GIF: true game, prediction, error.

    The agent `world-model` plays. On each level the world model predicts every frame from the
    level's first frame and the actions alone, so the error panel shows what it does not model.
    With `online` in place of a run the agent `online` plays: its world model knows nothing at
    first, predicts each frame and then learns it.

    Example: `arcworld film small --game mosaic --out runs/film.gif`

    Example: `arcworld film online --game relay --out runs/learned.gif`

    Args:
        run: folder that `arcworld train` made, the name of shipped weights, or `online`.
        game: name of a game, with or without its version.
        games: folder of games in the toolkit's layout (`environment_files`); without it, the
            project's own.
        max_actions: stop after this number of actions.
        seed: of the game, if it takes one, and of the agent.
        out: the GIF to write.
    """
    from arcworld.commands.evaluate import open_run
    from arcworld.commands.output import reserve
    from arcworld.commands.play import summary
    from arcworld.film.draw import check_name
    from arcworld.film.play import film_game
    from arcworld.play.agents.online import is_online

    reserve(out)
    check_name(out)
    opened = None if is_online(run) else open_run(run)
    made = film_game(
        opened, game, out, max_actions=max_actions, seed=seed, games=games, on_level=print
    )
    print(f"{made.game}: {summary(made.result)}")
    print(f"film: {made.path} (open it in a browser)")
