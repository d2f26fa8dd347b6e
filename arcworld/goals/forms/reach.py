"""`reach`: a mover stands on a unit of a class (enters it, touches it). Classes: (mover, goal)."""

from __future__ import annotations

from collections.abc import Iterator

from arcworld.goals.forms.base import (
    at,
    clicks,
    pairs,
    reach_distance,
    reached,
    small_classes,
    things,
)
from arcworld.goals.forms.ways import cheapest_way
from arcworld.goals.frame_view import FrameView
from arcworld.goals.hypothesis import ClassKey, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import Action

MOST_MOVERS = 12
"""Units of a class that may be a mover as long as the avatar is not known."""


class Reach:
    """The form."""

    name = "reach"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """Each mover on each small class; once the avatar is known, other movers too."""
        if not scene.moves and scene.avatar is None:
            return
        small = small_classes(scene)
        for mover, goal in pairs(movers(scene), small):
            yield Hypothesis(self.name, (mover, goal))
        if scene.avatar is not None:
            others = [k for k in small if k == k.coarse and k.colour != scene.avatar.colour]
            for mover, goal in pairs(others, [k for k in small if k == k.coarse]):
                yield Hypothesis(self.name, (mover, goal))

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """Cells from the mover to the nearest unit of the goal."""
        mover, goal = hypothesis.classes
        distance = reach_distance(scene, view, mover, goal)
        return at(reached(scene, view, mover, distance, memory.distance), memory)

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """Cells on the cheapest way, first those next to the mover, last the goal."""
        way = cheapest_way(scene, view, *hypothesis.classes).cells
        return clicks(way)

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words."""
        mover, goal = hypothesis.classes
        several = scene is None or scene.count(goal) > 1
        return f"bring {things(mover, scene)} to {things(goal, scene, one=several)}"


def movers(scene: Scene) -> list[ClassKey]:
    """The avatar; where it is not known, every class with few units."""
    if scene.avatar is not None:
        return [scene.avatar]
    return [key for key in scene.classes if scene.count(key) <= MOST_MOVERS]
