"""The panels of the viewer as pictures: one step, a strip of steps, and an animation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.evaluation.report.pictures import Picture, mark, surprise_map, with_words
from arcworld.frames.palette import contact_sheet, difference, to_rgb
from arcworld.frames.tokenizer import GRID
from arcworld.recordings.episode import ACTION_WORDS, RESET, SIDE, Outcome, Step
from arcworld.web.analysis import Analysis
from arcworld.web.predictions import ActionScores, StepPredictions

ROWS: tuple[str, ...] = ("previous", "actual next", "predicted", "error", "surprise")
CLICKS = ("policy", "P(won)")
VIOLET, GREEN = (163, 60, 220), (47, 138, 28)
PACE = 400
"""Milliseconds a step in an animation."""


@dataclass(frozen=True, eq=False)
class ShownStep:
    """A step and a run's predictions for it."""

    step: Step
    predictions: StepPredictions


def shown(analysis: Analysis, steps: Sequence[int]) -> list[ShownStep]:
    """Some steps of a recording with a run's predictions."""
    found: list[ShownStep] = []
    for number in steps:
        episode, t = analysis.recording_view.at(number)
        frames = episode.frames_THW
        outcome = Outcome(int(episode.outcomes_A[t]))
        step = Step(frames[t], episode.action(t), outcome, frames[t + 1])
        found.append(ShownStep(step, analysis.step(number)))
    return found


def strip(steps: Sequence[ShownStep], zoom: int = 2) -> Picture:
    """One column a step, one row a panel; click maps only where there are clicks."""
    columns = [panels(one, zoom) for one in steps]
    words = list(ROWS)
    if any(one.predictions.scores.clicks for one in steps):
        words += CLICKS
    if any(len(set(one.predictions.scores.candidates.types_N.tolist())) > 1 for one in steps):
        words.append("actions")
    return with_words(
        contact_sheet([[column[word] for column in columns] for word in words]), words
    )


def panels(one: ShownStep, zoom: int) -> dict[str, Picture]:
    """Every panel of a step by its name, all of one size."""
    step, predictions = one.step, one.predictions
    before = to_rgb(step.frame_HW, zoom)
    mark(before, np.array(step.action.as_row()), zoom)
    came = step.next_frame_HW
    made = {
        "previous": before,
        "actual next": to_rgb(came, zoom),
        "predicted": to_rgb(predictions.predicted_HW, zoom),
        "error": difference(came, predictions.predicted_HW, zoom),
        "surprise": surprise_map(came, predictions.surprise_C, zoom),
        "actions": bars(predictions.scores, step.action.id, zoom),
    }
    scores = predictions.scores
    prior_C, level_C = (scores.by_cell(values) for values in (scores.prior_N, scores.level_N))
    share_C = np.sqrt(prior_C / max(float(prior_C.max()), 1e-9))
    made["policy"] = tinted(step.frame_HW, share_C, VIOLET, zoom)
    made["P(won)"] = tinted(step.frame_HW, np.sqrt(level_C), GREEN, zoom)
    return made


def tinted(
    frame_HW: NDArray[np.uint8],
    share_C: NDArray[np.floating],
    colour: tuple[int, int, int],
    zoom: int,
) -> Picture:
    """A colour by cell, as strong as its share, over the frame in pale grey.

    >>> tinted(np.zeros((64, 64), np.uint8), np.zeros(64), VIOLET, 1)[0, 0].tolist()
    [235, 235, 235]
    """
    pale = difference(frame_HW, frame_HW, zoom)
    side = SIDE // GRID * zoom
    weight = 0.85 * share_C.reshape(GRID, GRID, 1).repeat(side, axis=0).repeat(side, axis=1)
    return (pale * (1 - weight) + np.array(colour) * weight).round().astype(np.uint8)


def bars(scores: ActionScores, taken: int, zoom: int) -> Picture:
    """P(level won) in green and the policy's share in violet of each action."""
    from PIL import Image, ImageDraw, ImageFont

    side = SIDE * zoom
    page = Image.new("RGB", (side, side), (255, 255, 255))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(max(5 * zoom, 9))
    view = scores.as_view()["bars"]
    tall = min(side / max(len(view), 1), 10 * zoom)
    left = 22 * zoom
    for number, bar in enumerate(view):
        top = number * tall
        middle = top + tall / 2
        name = ACTION_WORDS[bar["id"]] + ("" if bar["id"] != taken else " *")
        draw.text((left - 2, middle), name, fill=(60, 60, 60), font=font, anchor="rm")
        for place, (value, colour) in enumerate(((bar["level"], GREEN), (bar["prior"], VIOLET))):
            edge = top + 1 + place * tall / 2
            right = left + max(value * (side - left - 2), 1)
            draw.rectangle((left, edge, right, edge + tall / 2 - 2), fill=colour)
    return np.asarray(page)


def moving(steps: Sequence[ShownStep], zoom: int = 3) -> list[Picture]:
    """One picture a step: its panels side by side, in two rows."""
    clicks = any(one.predictions.scores.clicks for one in steps)
    pictures: list[Picture] = []
    for one in steps:
        made = panels(one, zoom)
        names = list(ROWS)
        names.append("policy" if clicks else "actions")
        labelled = [_titled(made[name], name) for name in names]
        pictures.append(contact_sheet([labelled[:3], labelled[3:]]))
    return pictures


def save_moving(pictures: Sequence[Picture], path: Path, pace: int = PACE) -> Path:
    """Write a GIF or an animated PNG, by the suffix of the path.

    Raises:
        ArcworldError: the suffix is another.
    """
    from PIL import Image

    if path.suffix not in (".gif", ".png", ".apng"):
        raise ArcworldError(f"{path}: expected a name that ends in .gif, .png or .apng")
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [Image.fromarray(picture) for picture in pictures]
    kind = "GIF" if path.suffix == ".gif" else "PNG"
    if kind == "GIF":
        images = [image.quantize(128, dither=Image.Dither.NONE) for image in images]
    rest = {"save_all": True, "append_images": images[1:], "duration": pace, "loop": 0}
    images[0].save(path, format=kind, optimize=True, **rest)
    return path


def liveliest(analysis: Analysis, count: int) -> range:
    """The `count` consecutive steps in which most frames change, however well they are predicted.

    Among equals, those with most changed pixels, steps of RESET and of won levels left out.
    """
    steps = [analysis.recording_view.at(number) for number in range(len(analysis.recording_view))]
    moved = np.array([(e.frames_THW[t] != e.frames_THW[t + 1]).sum() for e, t in steps], float)
    plain = np.array([e.actions_A3[t, 0] != RESET and not e.outcomes_A[t] for e, t in steps])
    score = (moved > 0) * plain + np.where(plain, moved, 0) / 1e6
    count = min(count, len(steps))
    sums = np.convolve(score, np.ones(count), "valid")
    first = int(sums.argmax())
    return range(first, first + count)


def _titled(picture: Picture, title: str) -> Picture:
    from PIL import Image, ImageDraw, ImageFont

    page = Image.new("RGB", (picture.shape[1], picture.shape[0] + 18), (255, 255, 255))
    page.paste(Image.fromarray(picture), (0, 18))
    place = (2, 9)
    draw = ImageDraw.Draw(page)
    draw.text(place, title, fill=(60, 60, 60), font=ImageFont.load_default(13), anchor="lm")
    return np.asarray(page)
