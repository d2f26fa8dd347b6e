"""`arcworld render`: the panels of the viewer as pictures, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from arcworld.web.recording_view import Library
    from arcworld.web.viewed_models import ViewedModel

Few = Annotated[int, Parameter(validator=Number(gte=1, lte=200))]
Zoom = Annotated[int, Parameter(validator=Number(gte=1, lte=16))]
First = Annotated[int, Parameter(validator=Number(gte=0))]


def render(
    run: Path = Path("small"),
    /,
    *,
    game: str | None = None,
    data: list[Path] | None = None,
    out: Path = Path("runs/pictures"),
    first: First | None = None,
    steps: Few = 6,
    zoom: Zoom = 2,
    most: Few = 8,
    moving: Literal["gif", "apng", "none"] = "gif",
) -> None:
    """Draw recordings next to a run's predictions.

    Each recording becomes a strip with one column per step, and a moving picture. The rows are:
    previous frame (ring: the click), actual next frame, predicted next frame, error in red,
    surprise per cell, the policy's clicks in violet, the clicks that win in green, and bars of all
    actions.

    With `online` in place of a run, the online world model predicts each step of a recording before
    it learns it; the bars are P(level won) and, in violet, its confidence. `arcworld film online`
    shows the same of a game that an agent plays.

    Example: `arcworld render small --game mosaic --out runs/pictures`

    Example: `arcworld render online --game relay --first 60`

    Args:
        run: folder that `arcworld train` made, the name of shipped weights, or `online`.
        game: the game to draw, by name or full id.
        data: recordings to draw, a folder or a file; may be given several times; without it, demos
            are made.
        out: folder for the pictures; existing files of the same name are replaced.
        first: the first step to draw; without it, the steps with the largest changes.
        steps: number of steps.
        zoom: pixels of the picture per pixel of the frame.
        most: maximum number of recordings.
        moving: format of the moving picture.
    """
    from arcworld.commands.output import say
    from arcworld.commands.view import demos
    from arcworld.web.recording_view import Library
    from arcworld.web.viewed_models import open_model

    library = Library(data or demos(game, None))
    if data and game is not None:
        library.keep_game(game)
    opened = open_model(run)
    for number in range(min(most, len(library.files))):
        for path in draw(opened, library, number, out, first, steps, zoom, moving):
            print(path)
    if len(library.files) > most:
        say(f"drawn: {most} of {len(library.files)} recordings; give a larger --most for more")


def draw(
    model: ViewedModel,
    library: Library,
    number: int,
    out: Path,
    first: int | None,
    steps: int,
    zoom: int,
    kind: str,
) -> list[Path]:
    """Draw the pictures of one recording; return their paths."""
    from arcworld.evaluation.report.pictures import save
    from arcworld.web.analysis import Analysis
    from arcworld.web.pictures import liveliest, moving, save_moving, shown, strip

    recording_view = library.recording_view(number)
    analysis = Analysis(model, recording_view)
    last = len(recording_view)
    at = liveliest(analysis, steps) if first is None else range(first, min(first + steps, last))
    recording_view.at(at.start)
    episode = recording_view.episodes[0]
    name = f"{episode.game_id}-{episode.guid[:8]}-{at.start}"
    made = shown(analysis, at)
    paths = [save(strip(made, zoom), out / f"{name}.png")]
    if kind != "none":
        suffix = {"gif": ".gif", "apng": ".apng"}[kind]
        paths.append(save_moving(moving(made, zoom + 1), out / f"{name}{suffix}"))
    return paths
