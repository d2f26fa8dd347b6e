"""Draw a film: true game, prediction and error side by side, one picture per shot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.film.record import Shot
from arcworld.frames.palette import PALETTE, RING, difference, draw_ring, to_rgb
from arcworld.recordings.episode import SIDE

TITLES = ("True game", "Prediction", "Error")
GAP, HEAD, FOOT = 8, 46, 28
"""Pixels between panels, above them, and below."""
PACE, PAUSE = 260, 1100
"""Milliseconds of a shot, and of a shot in which a level is won."""
INK, QUIET, WON = (30, 30, 30), (110, 110, 110), (20, 120, 30)
RED = (220, 30, 30)


def draw_shot(shot: Shot, title: str, zoom: int = 4) -> Any:
    """Draw a shot, `PIL.Image` in RGB.

    Args:
        shot: what to draw.
        title: text at the top left, e.g. the name of the game.
        zoom: pixels of the picture per pixel of the frame.
    """
    from PIL import Image, ImageDraw, ImageFont

    side = SIDE * zoom
    page = Image.new("RGB", (3 * side + 4 * GAP, HEAD + side + FOOT), (255, 255, 255))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    pictures = (
        _ringed(to_rgb(shot.true_HW, zoom), shot, zoom),
        to_rgb(shot.predicted_HW, zoom),
        difference(shot.true_HW, shot.predicted_HW, zoom),
    )
    for i, (name, picture) in enumerate(zip(TITLES, pictures, strict=True)):
        left = GAP + i * (side + GAP)
        page.paste(Image.fromarray(picture), (left, HEAD))
        draw.text((left, HEAD - 5), name, fill=QUIET, font=font, anchor="ls")
    head = f"{title}, level {shot.level}: {shot.label}"
    draw.text((GAP, 5), head, fill=INK, font=font)
    if shot.won:
        draw.text((page.width - GAP, 5), "level won", fill=WON, font=font, anchor="ra")
    low = HEAD + side + 4
    open_loop = f"{shot.steps} steps predicted from the level's first frame and the actions"
    note = shot.note or open_loop
    draw.text((GAP, low), note, fill=QUIET, font=font)
    words, colour = (f"{shot.wrong} of 4,096 pixels wrong", RED if shot.wrong else QUIET)
    draw.text((page.width - GAP, low), words, fill=colour, font=font, anchor="ra")
    return page


def _ringed(picture: NDArray[np.uint8], shot: Shot, zoom: int) -> NDArray[np.uint8]:
    """The picture with a ring around the clicked pixel, unless it shows the next level already."""
    action = shot.action
    if action is None or action.x is None or action.y is None or shot.won:
        return picture
    draw_ring(picture, action.x, action.y, zoom)
    return picture


def check_name(path: Path) -> None:
    """Refuse a film that is not named as a GIF.

    Raises:
        ArcworldError: the name does not end in `.gif`.
    """
    if path.suffix != ".gif":
        raise ArcworldError(
            f"{path}: found a name that ends in {path.suffix!r}; expected one that ends in .gif;"
            " name another file"
        )


def save_film(shots: Sequence[Shot], title: str, path: Path, zoom: int = 4) -> Path:
    """Write an animated GIF; a shot in which a level is won stays for longer.

    Raises:
        ArcworldError: there is no shot, or the name does not end in `.gif`.
    """
    if not shots:
        raise ArcworldError(f"{path}: found no shots; expected one or more; play a game first")
    check_name(path)
    colours = _palette()
    images = [draw_shot(shot, title, zoom).quantize(palette=colours, dither=0) for shot in shots]
    times = [PAUSE if shot.won else PACE for shot in shots]
    times[-1] = 2 * PAUSE
    path.parent.mkdir(parents=True, exist_ok=True)
    images[0].save(
        path, save_all=True, append_images=images[1:], duration=times, loop=0, optimize=False
    )
    return path


def _palette() -> Any:
    """One palette for all pictures: the game's colours, greys for text and error, and the inks."""
    from PIL import Image

    greys = np.linspace(0, 255, 64).round().astype(np.uint8)[:, None].repeat(3, 1)
    shades = [_shades(colour) for colour in (RED, WON)]
    paler = PALETTE.mean(axis=-1).astype(np.uint8)[:, None].repeat(3, 1) // 3 + 150
    table = np.concatenate([PALETTE, greys, paler, *shades, RING[None]])
    image = Image.new("P", (1, 1))
    image.putpalette(table.astype(np.uint8).tobytes())
    return image


def _shades(colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A colour on white in eight steps, for the soft edges of letters."""
    share = np.linspace(1, 1 / 8, 8)[:, None]
    return (np.array(colour) * share + 255 * (1 - share)).round().astype(np.uint8)
