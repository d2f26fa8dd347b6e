"""`meet`: the units of a class that moves become one connected thing. Classes: (class,)."""

from __future__ import annotations

from collections.abc import Iterator

from arcworld.goals.forms.base import at, clicks, parts_of, small_classes, things
from arcworld.goals.frame_view import FrameView
from arcworld.goals.hypothesis import FAR, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import Action, Part

FEWEST, MOST = 2, 4


class Meet:
    """The form."""

    name = "meet"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """Each class of two to four parts; those that move, once movements were seen."""
        for key in small_classes(scene, MOST):
            moves = scene.avatar is None or key.colour in scene.evidence.moved
            if key == key.coarse and scene.count(key) >= FEWEST and moves:
                yield Hypothesis(self.name, (key,))

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """Cells between the first part and each other one."""
        parts = parts_of(view, hypothesis.classes[0])
        if not parts:
            return at(FAR, memory)
        gaps = sum(max(_gap(parts[0], other) - 1, 0) for other in parts[1:])
        return at(max(gaps / scene.stride, 0.5) if len(parts) > 1 else 0.0, memory)

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """The things themselves."""
        parts = parts_of(view, hypothesis.classes[0])
        return clicks(unit for part in parts for unit in scene.split(part, part.pixels))

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words."""
        return f"bring {things(hypothesis.classes[0], scene)} together"


def _gap(a: Part, b: Part) -> int:
    """Taxicab distance between the boxes of two parts."""
    dy = max(a.y - (b.y + b.height - 1), b.y - (a.y + a.height - 1), 0)
    dx = max(a.x - (b.x + b.width - 1), b.x - (a.x + a.width - 1), 0)
    return dy + dx
