"""`sequence`: something first, then a mover reaches a goal. One bit of memory.

Variant `visit`, classes (mover, first, goal): the mover visits the only unit of `first`, or no unit
of it is left (all collected). Variant `cover`, classes (cover, place, goal): all places are
covered, and the avatar stands on the goal.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from arcworld.goals.forms.base import (
    at,
    clicks,
    overlap,
    pairs,
    reach_distance,
    reached,
    small_classes,
    things,
)
from arcworld.goals.forms.cover import Cover, cover_distance
from arcworld.goals.forms.reach import movers
from arcworld.goals.forms.ways import cheapest_way
from arcworld.goals.frame_view import FrameView
from arcworld.goals.hypothesis import ClassKey, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import Action

VISIT, COVER = "visit", "cover"
MOST_FIRST, MOST_GOALS = 3, 2


class Sequence:
    """The form; of games with actions 1-4 only."""

    name = "sequence"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """Each rare class before each other one; each `cover` before each rare class."""
        if not scene.moves:
            return
        rare = [key for key in small_classes(scene, MOST_FIRST) if key == key.coarse]
        for mover in movers(scene):
            others = [key for key in rare if not overlap(key, mover)]
            for first, goal in pairs(others, others):
                yield Hypothesis(self.name, (mover, first, goal), VISIT)
        goals = [k for k in rare if scene.count(k) <= MOST_GOALS and k != scene.avatar]
        for base in Cover().generate(scene):
            for goal in goals:
                coarse = all(key == key.coarse for key in base.classes)
                if coarse and not any(overlap(goal, key) for key in base.classes):
                    yield Hypothesis(self.name, (*base.classes, goal), COVER)

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """The way to the first half, then to the goal."""
        if hypothesis.variant == COVER:
            return _cover_progress(hypothesis, scene, view, memory)
        mover, first, goal = hypothesis.classes
        done = memory.done or _visited(scene, view, mover, first, memory)
        if done:
            last = memory.distance if memory.done else np.inf
            distance = reach_distance(scene, view, mover, goal)
            return at(reached(scene, view, mover, distance, last), memory, done=True)
        here = _first_distance(scene, view, mover, first)
        return at(here + _between(scene, first, goal) + 1, memory)

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """Cells on the cheapest ways to the first half and to the goal."""
        if hypothesis.variant == COVER:
            return Cover().proposals(Hypothesis("cover", hypothesis.classes[:2]), scene, view)
        mover, first, goal = hypothesis.classes
        ways = [cheapest_way(scene, view, mover, end).cells for end in (first, goal)]
        return clicks(ways[0][:8] + ways[1])

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words."""
        a, b, goal = hypothesis.classes
        end = things(goal, scene)
        if hypothesis.variant == COVER:
            return f"bring {things(a, scene)} onto {things(b, scene)}, then go to {end}"
        verb = "collect" if scene is not None and scene.count(b) > 1 else "visit"
        return f"{verb} {things(b, scene)} with {things(a, scene)}, then go to {end}"


def _cover_progress(
    hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
) -> Progress:
    cover, place, goal = hypothesis.classes
    left = cover_distance(scene, view, cover, place)
    if scene.avatar is None:
        return at(2 * left + 1, memory)
    distance = reach_distance(scene, view, scene.avatar, goal)
    if memory.done and left == 0:
        distance = reached(scene, view, scene.avatar, distance, memory.distance)
    return at(2 * left + distance, memory, done=left == 0)


def _visited(
    scene: Scene, view: FrameView, mover: ClassKey, first: ClassKey, memory: GoalMemory
) -> bool:
    if not view.has(first):
        return True
    return scene.count(first) == 1 and reach_distance(scene, view, mover, first) == 0


def _first_distance(scene: Scene, view: FrameView, mover: ClassKey, first: ClassKey) -> float:
    """Cells to the visit; with several things to collect also how many are left."""
    count = scene.count(first)
    near = reach_distance(scene, view, mover, first)
    if count <= 1:
        return near
    left = len(view.pixels(first)) / scene.areas.get(first, 1.0)
    return near + left


def _between(scene: Scene, first: ClassKey, goal: ClassKey) -> float:
    """Cells between the nearest units of two classes."""
    a, b = scene.units.get(first), scene.units.get(goal)
    if a is None or b is None:
        return 0.0
    return float(np.abs(a[:, None] - b[None]).sum(axis=2).min()) / scene.stride
