"""`none`: nothing of some classes is left (collected, erased, covered, lights off)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from arcworld.goals.forms.base import MOST_UNITS, at, clicks, nearness
from arcworld.goals.frame_view import FrameView
from arcworld.goals.hypothesis import ClassKey, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import Action, Part

MOST = 200
"""Units of one class that may have to go."""
GROUP = "group"
"""Variant: several classes whose things look alike must all go."""
NEARNESS = 0.1
"""Weight of the avatar's distance to the nearest thing, against one thing left."""
PROPOSED, NEIGHBOURED = 40, 12


class NoneLeft:
    """The form."""

    name = "none"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """Each class alone; classes of equal shape together; a board where it is all there is."""
        for key, places in scene.units.items():
            if len(places) <= (MOST if key == key.coarse else MOST_UNITS):
                yield Hypothesis(self.name, (key,))
        if not scene.units and scene.clicks:
            yield Hypothesis(self.name, (ClassKey(scene.background),))
        for group in _alike(scene):
            yield Hypothesis(self.name, group, GROUP)

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """Units left, and a little for the avatar's way to the nearest."""
        left = sum(len(view.pixels(k)) / scene.areas.get(k, 1.0) for k in hypothesis.classes)
        if left:
            left += NEARNESS * nearness(scene, view, hypothesis.classes)
        return at(left, memory)

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """The units that are left, and the cells beside the first of them."""
        units: list[tuple[int, int]] = []
        colours = {key.colour for key in hypothesis.classes}
        for part in view.segmenter.view(view.frame_HW).parts:
            if part.colour in colours and _belongs(part, hypothesis):
                pixels = part.pixels[view.visible[part.pixels]]
                units += scene.split(part, pixels) if len(pixels) else []
        size = max(scene.cell, 4)
        around = ((size, 0), (-size, 0), (0, size), (0, -size))
        beside = [(y + dy, x + dx) for y, x in units[:NEIGHBOURED] for dy, dx in around]
        return clicks(units[:PROPOSED] + beside)

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words."""
        names = " and ".join(key.label for key in hypothesis.classes)
        count = sum(scene.count(key) for key in hypothesis.classes) if scene is not None else 0
        return f"leave none of the {f'{count} ' if count > 1 else ''}{names} things"


def _belongs(part: Part, hypothesis: Hypothesis) -> bool:
    keys = (ClassKey(part.colour), ClassKey(part.colour, part.look >> 4))
    return any(key in hypothesis.classes for key in keys)


def _alike(scene: Scene) -> Iterator[tuple[ClassKey, ...]]:
    """Groups of colours whose parts all have one and the same shape."""
    by_shape: dict[int, list[ClassKey]] = defaultdict(list)
    for key in scene.classes:
        shapes = scene.shapes[key.colour]
        if key != scene.avatar and scene.count(key) <= MOST_UNITS and len(shapes) == 1:
            by_shape[next(iter(shapes))].append(key)
    return (tuple(sorted(group)) for group in by_shape.values() if len(group) > 1)
