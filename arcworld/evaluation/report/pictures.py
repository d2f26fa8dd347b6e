"""Pictures of an evaluation and of play: rows of frames with labels in the margin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.measures.open_loop import Dreams
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.evaluation.parts import DEPTHS
from arcworld.frames.palette import contact_sheet, difference, draw_ring, to_rgb
from arcworld.frames.tokenizer import GRID
from arcworld.recordings.episode import CLICK, SIDE, Episode, Outcome

type Picture = NDArray[np.uint8]
"""RGB, uint8 [height, width, 3]."""
MARGIN = 134
"""Width in pixels of the margin for labels, on the left."""
WORST = 8.0
"""Nats per cell at and above which a surprise map is black."""
HEAT: NDArray[np.float64] = np.array(
    [[255, 255, 255], [255, 170, 60], [200, 30, 30], [0, 0, 0]], np.float64
)
_HEAT = np.linspace(0, 1, len(HEAT))
FILM_LABELS = (
    "Previous frame", "Actual next frame", "Predicted next frame", "Error", "Surprise per cell",
)  # fmt: skip
DREAM_LABELS = ("Actual frame", "Predicted frame", "Error")


def film_strip(
    transitions: Transitions,
    predicted_NHW: NDArray[np.uint8],
    nll_NC: NDArray[np.floating],
    game: str,
    *,
    frames: int = 6,
    zoom: int = 2,
) -> Picture:
    """Consecutive transitions of a game in five rows, from previous frame to surprise per cell.

    The stretch with most novel changes is shown. The choice does not depend on the predictions.
    """
    at = _busiest(transitions, game, frames)
    rows = [
        [to_rgb(transitions.frames_NHW[i], zoom) for i in at],
        [to_rgb(transitions.next_NHW[i], zoom) for i in at],
        [to_rgb(predicted_NHW[i], zoom) for i in at],
        [difference(transitions.next_NHW[i], predicted_NHW[i], zoom) for i in at],
        [surprise_map(transitions.next_NHW[i], nll_NC[i], zoom) for i in at],
    ]
    for picture, i in zip(rows[0], at, strict=True):
        mark(picture, transitions.actions_N3[i], zoom)
    return with_words(contact_sheet(rows), FILM_LABELS)


def surprise_map(
    frame_HW: NDArray[np.uint8], nll_C: NDArray[np.floating], zoom: int = 2
) -> Picture:
    """Surprise per cell (nats) as a heat map over the pale frame; black from `WORST` nats on.

    >>> plain = np.zeros((64, 64), np.uint8)
    >>> surprise_map(plain, np.array([0.0, WORST] * 32))[0, [0, 127]].tolist()
    [[235, 235, 235], [0, 0, 0]]
    """
    pale = difference(frame_HW, frame_HW, zoom)
    share = np.clip(np.asarray(nll_C, np.float64) / WORST, 0, 1).reshape(GRID, GRID)
    heat = np.stack([np.interp(share, _HEAT, HEAT[:, band]) for band in range(3)], axis=-1)
    side = SIDE // GRID * zoom
    heat = heat.repeat(side, axis=0).repeat(side, axis=1)
    return (heat / 255 * pale).round().astype(np.uint8)


def dream_strip(dreams: Dreams, game: str, *, zoom: int = 2) -> Picture:
    """One dream of a game by depth, in three rows: actual frame, predicted frame, error.

    The first column is the start frame. The dream with most changed pixels is shown, if possible
    one without RESET or level-up. The choice does not depend on the predictions.
    """
    changes = dreams.at(dreams.depth)
    moved = (changes.frames_NHW != changes.next_NHW).sum((1, 2))
    moved = np.where(dreams.ordinary_S(dreams.depth), moved + SIDE * SIDE, moved)
    one = int(np.where(dreams.games_S == game, moved, -1).argmax())
    start = dreams.transitions.frames_NHW[dreams.starts_S[one]]
    rows = [[to_rgb(start, zoom)], [to_rgb(start, zoom)], [difference(start, start, zoom)]]
    for depth in DEPTHS:
        true, dreamt = dreams.at(depth).next_NHW[one], dreams.frames_DSHW[depth - 1, one]
        rows[0].append(to_rgb(true, zoom))
        rows[1].append(to_rgb(dreamt, zoom))
        rows[2].append(difference(true, dreamt, zoom))
    return with_words(contact_sheet(rows), DREAM_LABELS)


def _busiest(transitions: Transitions, game: str, frames: int) -> Sequence[int]:
    """Indices of `frames` consecutive transitions of one episode with most novel changes."""
    counts = (transitions.frames_NHW != transitions.next_NHW).any((1, 2))
    lively = counts & transitions.novel_N & ~transitions.is_reset_N
    best, best_at = -1.0, range(0)
    for episode in np.unique(transitions.episode_N[transitions.games_N == game]):
        places = np.flatnonzero(transitions.episode_N == episode)
        for start in range(max(len(places) - frames, 0) + 1):
            at = places[start : start + frames]
            score = float(lively[at].sum())
            if score > best:
                best, best_at = score, range(int(at[0]), int(at[-1]) + 1)
    return best_at


def play_strip(episode: Episode, *, frames: int = 12, columns: int = 6, zoom: int = 2) -> Picture:
    """Frames of a play in reading order, with a ring at each click.

    The frames are evenly spread, and every frame just before a level-up is included.
    """
    last = len(episode.frames_THW) - 1
    evenly = np.linspace(0, last, min(frames, last + 1)).round().astype(int)
    wins = np.flatnonzero(episode.outcomes_A == Outcome.LEVEL_WON)[:frames]
    chosen = sorted({*wins.tolist(), *evenly[: frames - len(wins)].tolist()})
    pictures: list[Picture] = []
    for t in chosen:
        picture = to_rgb(episode.frames_THW[t], zoom)
        if t < last:
            mark(picture, episode.actions_A3[t], zoom)
        pictures.append(picture)
    rows = [pictures[i : i + columns] for i in range(0, len(pictures), columns)]
    words = [f"step {chosen[i]}" for i in range(0, len(pictures), columns)]
    return with_words(contact_sheet(rows), words)


def mark(picture: Picture, action_3: NDArray[np.integer], zoom: int) -> None:
    """Draw a ring around the clicked pixel, in place; other actions draw nothing."""
    kind, x, y = (int(value) for value in action_3)
    if kind == CLICK:
        draw_ring(picture, x, y, zoom)


def with_words(picture: Picture, words: Sequence[str]) -> Picture:
    """Add a margin on the left with one label for each row of a contact sheet."""
    from PIL import Image, ImageDraw, ImageFont

    margin = np.full((picture.shape[0], MARGIN, 3), 255, dtype=np.uint8)
    page = Image.fromarray(np.concatenate([margin, picture], axis=1))
    draw = ImageDraw.Draw(page)
    height = picture.shape[0] / len(words)
    for i, word in enumerate(words):
        place = (MARGIN - 6, (i + 0.5) * height)
        draw.text(place, word, fill=(60, 60, 60), font=ImageFont.load_default(13), anchor="rm")
    return np.asarray(page)


def save(picture: Picture, path: Path) -> Path:
    """Write a picture as a PNG of at most 128 colours, which makes a small file."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    few = Image.fromarray(picture).quantize(128, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    return path
