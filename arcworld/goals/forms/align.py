"""`align`: the two things of each colour lie in one row, or in one column. Gauges, floats, scales.

About all colours with two things at once, and along the axis on which actions move them, so that a
goal confirmed on one level holds on the next. Classes: none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from arcworld.goals.forms.base import at, clicks
from arcworld.goals.frame_view import FrameView, as_places
from arcworld.goals.hypothesis import FAR, ClassKey, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import Action

LARGEST = 64
"""Pixels of a thing that is aligned, at most."""


class Align:
    """The form; of games with clicks only."""

    name = "align"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """One, where a colour has two small things."""
        if scene.clicks and not scene.moves and aligned_colours(scene):
            yield Hypothesis(self.name, ())

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """Pixels between the middles of the two things, all colours together."""
        keys, axis = aligned_colours(scene), _axis(scene)
        gaps = [_gap(view, key, axis) for key in keys]
        return at(sum(gaps) if gaps else FAR, memory)

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """The buttons."""
        keys = [key for key in scene.classes if key.colour in scene.evidence.buttons]
        return clicks((y, x) for key in sorted(keys) for y, x in scene.units[key].tolist())

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words."""
        line = "line" if scene is None else ("row", "column")[_axis(scene)]
        return f"bring the two things of each colour into one {line}"


def aligned_colours(scene: Scene) -> list[ClassKey]:
    """Colours with exactly two small things in the first frame."""
    return [
        key
        for key in sorted(scene.classes)
        if scene.shapes[key.colour].total() == 2
        and scene.areas[key] * scene.count(key) <= 2 * LARGEST
    ]


def _axis(scene: Scene) -> int:
    """The axis on which the gaps were seen to change most; at first, that of the larger gaps."""
    keys = aligned_colours(scene)
    frames = (scene.first_frame_HW, *scene.evidence.frames)
    gaps = np.array(
        [
            [sum(_gap(scene.view(frame_HW), key, axis) for key in keys) for axis in (0, 1)]
            for frame_HW in frames
        ]
    )
    down, across = (gaps.max(0) - gaps.min(0)).tolist()
    if down == across:
        down, across = gaps[0].tolist()
    return 0 if down >= across else 1


def _gap(view: FrameView, key: ClassKey, axis: int) -> float:
    """Between the middles of the two things of a colour; `FAR` if there are no two."""
    parts = [
        view.visible[part.pixels].any() and as_places(part.pixels)[:, axis]
        for part in view.segmenter.view(view.frame_HW).parts
        if part.colour == key.colour
    ]
    places = [part for part in parts if isinstance(part, np.ndarray)]
    if len(places) == 1:
        return 0.0
    if len(places) != 2:
        return FAR
    middles = [(part.min() + part.max()) / 2 for part in places]
    return abs(float(middles[0] - middles[1]))
