"""`align`: the two things of each colour lie in one row, or in one column. Gauges, floats, scales.

About all colours with two things at once, and along the axis on which actions move them, so that a
goal confirmed on one level holds on the next. Classes: none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from arcworld.goals.forms.base import at, clicks, parts_of
from arcworld.goals.frame_view import FrameView
from arcworld.goals.hypothesis import FAR, ClassKey, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import Action, Part

LARGEST = 64
"""Pixels of a thing that is aligned, at most."""


class Align:
    """The form; of games with clicks only."""

    name = "align"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """One, where a colour has two small things."""
        if scene.clicks and not scene.moves and _aligned_colours(scene):
            yield Hypothesis(self.name, ())

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """Pixels between the middles of the two things, all colours together."""
        known = _aligned_colours(scene)
        return at(_gaps(scene, view, _axis(scene)) if known else FAR, memory)

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


def _aligned_colours(scene: Scene) -> list[ClassKey]:
    """Colours with exactly two small things in the first frame."""
    return scene.once("align", lambda: _find_colours(scene))


def _find_colours(scene: Scene) -> list[ClassKey]:
    return [
        key
        for key in sorted(scene.classes)
        if scene.shapes[key.colour].total() == 2
        and scene.areas[key] * scene.count(key) <= 2 * LARGEST
    ]


def _axis(scene: Scene) -> int:
    """The axis on which the gaps were seen to change most; at first, that of the larger gaps."""
    return scene.once("align axis", lambda: _find_axis(scene))


def _find_axis(scene: Scene) -> int:
    views = [scene.view(f) for f in (scene.first_frame_HW, *scene.evidence.frames)]
    gaps = np.array([[_gaps(scene, view, axis) for axis in (0, 1)] for view in views])
    down, across = (gaps.max(0) - gaps.min(0)).tolist()
    if down == across:
        down, across = gaps[0].tolist()
    return 0 if down >= across else 1


def _gaps(scene: Scene, view: FrameView, axis: int) -> float:
    """Between the middles of the two things, all colours together."""
    return sum(_gap(parts_of(view, key), axis) for key in _aligned_colours(scene))


def _gap(parts: list[Part], axis: int) -> float:
    """Between the middles of two things; 0 if they are one, `FAR` if there are no two."""
    if len(parts) != 2:
        return 0.0 if len(parts) == 1 else FAR
    first, second = ((p.y + p.height / 2, p.x + p.width / 2)[axis] for p in parts)
    return abs(first - second)
