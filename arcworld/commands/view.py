"""`arcworld view`: recordings, play and dreams in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from arcworld.errors import ArcworldError

if TYPE_CHECKING:
    from arcworld.web.paired_session import MakePlayer

SEED = 64
"""Of demos made here; not the seed of the demos that shipped weights were trained on."""
FIRST = "keys"
"""The game if none is named."""
Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65_535))]


def view(
    run: Path = Path("small"),
    /,
    *,
    game: str | None = None,
    games: Path | None = None,
    data: list[Path] | None = None,
    against: list[Path] | None = None,
    out: Path = Path("runs/view"),
    port: Port = 8064,
    browser: bool = False,
    agent: str | None = None,
) -> None:
    """Watch recordings, play, and dreams in the browser.

    Serves a page on this machine only, without the network. Replay a recording next to a run's
    predictions; play a game and its dream in step, and fork both; compare two runs. All keys are
    shown on the page. Ctrl-C ends it.

    With `online` in place of a run nothing is trained: the online world model starts empty. It
    predicts each of your actions, then learns from it. The page shows its confidence and the claims
    behind each prediction.

    Example: `arcworld view small --game keys`

    Example: `arcworld view online --game relay`

    Args:
        run: folder that `arcworld train` made, the name of shipped weights, or `online`.
        game: the game to play first; without `data`, a demo of it is replayed, too.
        games: folder of games in the toolkit's layout; without it, the project's own. Games are
            Python code that is executed: name only folders that you trust.
        data: recordings to replay, a folder or a file; may be given several times; without it,
            demos are made.
        against: another run, or `online`, to compare with; may be given several times.
        out: folder where recordings of play are written.
        port: of the page; 0 takes any free one.
        browser: open the page in the browser.
        agent: the agent that plays at the press of a key, as in `arcworld play`; without it,
            `world-model`, or `online` if `online` is shown.
    """
    from arcworld.commands.output import say
    from arcworld.commands.stop import continue_with
    from arcworld.web.recording_view import Library
    from arcworld.web.server import listen, serve
    from arcworld.web.viewed_models import open_model
    from arcworld.web.viewer_api import ViewerApi

    listen(port).close()
    _check_game(game, games)
    with continue_with("recordings of play are complete"):
        library = Library(data or demos(game, games))
        runs = [open_model(name) for name in (run, *(against or []))]
        first = FIRST if games is None else None
        api = ViewerApi(runs, library, out, games, game or first, _players(agent, run, data))

        def ready(address: str) -> None:
            say(f"arcworld: {address} shows {runs[0].name}; Ctrl-C ends it")
            if browser:
                import webbrowser

                webbrowser.open(address)

        serve(api, port, ready)


def _players(agent: str | None, run: Path, data: list[Path] | None) -> MakePlayer | None:
    """Make a new agent for each game; None for the viewer's own agent, which uses the open model.

    Raises:
        ArcworldError: the agent does not exist or cannot be made.
    """
    from arcworld.play.agents.catalogue import make_agent, needs_run
    from arcworld.play.agents.online import NAME, is_online

    learned = is_online(run)
    if agent is None or (agent == "world-model" and not learned):
        return None
    if learned and needs_run(agent):
        raise ArcworldError(
            f"found the agent `{agent}` with `{NAME}`; expected an agent that plays without a run;"
            f" name a run in place of `{NAME}`, or leave --agent out"
        )
    given = None if learned else run
    make_agent(agent, run=given, data=data)
    return lambda seed: make_agent(agent, seed, run=given, data=data)


def _check_game(game: str | None, games: Path | None) -> None:
    """Refuse a game that the folder of games does not have.

    Raises:
        ArcworldError: it has none of this name; the message names the nearest.
    """
    if game is not None and games is None:
        from arcworld.games.catalogue import entry

        entry(game)
    elif game is not None:
        from arcworld.play.toolkit import Toolkit

        with Toolkit(games) as toolkit:
            toolkit.human_actions(game)


def demos(game: str | None, games: Path | None) -> Path:
    """Folder with demos of one game, made in the cache if they are not there yet.

    Games of other folders have no scripted players; the demos are then of `FIRST`.

    Raises:
        ArcworldError: no game has this name.
    """
    from arcworld.games.catalogue import entry
    from arcworld.games.demos import make_demos
    from arcworld.recordings.pack_cache import cache_folder

    name = entry(game).name if game is not None and games is None else FIRST
    folder = cache_folder() / "demos" / name
    if not (folder / "split.json").is_file():
        make_demos(folder, games=[name], demos_per_game=2, seed=SEED)
    return folder
