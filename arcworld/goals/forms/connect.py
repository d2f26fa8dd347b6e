"""`connect`: a laid way joins units of two classes (wires, pipes, paths). Classes: the two ends.

Variant `unseen`: they look connected from the start, but no win followed. What is missing cannot be
seen (which way a pipe is turned), so the goal never holds; its clicks lie along the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement

from arcworld.goals.forms.base import at, clicks, overlap, things
from arcworld.goals.forms.ways import cheapest_way
from arcworld.goals.frame_view import FrameView
from arcworld.goals.hypothesis import GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import Action

UNSEEN = "unseen"
MOST_ENDS = 4
"""Units of a class that may be ends of a way."""


class Connect:
    """The form; of games with clicks only."""

    name = "connect"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """Each pair of classes with few units, and the two units of one class."""
        if not scene.clicks:
            return
        few = sorted(key for key in scene.classes if scene.count(key) <= MOST_ENDS)
        for a, b in combinations_with_replacement(few, 2):
            if scene.count(a) == 2 if a == b else not overlap(a, b):
                way = cheapest_way(scene, scene.view(scene.first_frame_HW), a, b)
                yield Hypothesis(self.name, (a, b), "" if way.cost else UNSEEN)

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """Cost of the cells that are still to be laid on the cheapest way."""
        cost = cheapest_way(scene, view, *hypothesis.classes).cost
        return at(cost + (hypothesis.variant == UNSEEN), memory)

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """The cells of the cheapest way."""
        return clicks(cheapest_way(scene, view, *hypothesis.classes).cells)

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words."""
        a, b = hypothesis.classes
        if a == b:
            return f"connect {things(a, scene)} with each other"
        return f"connect {things(a, scene)} with {things(b, scene)}"
