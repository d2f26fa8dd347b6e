"""What a goal form is, and distances that several forms share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from arcworld.goals.frame_view import FrameView, as_places
from arcworld.goals.hypothesis import FAR, ClassKey, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import CLICK, SIDE, Action, Part

MOST_UNITS = 40
"""A class with more units is wall or floor: hardly a goal."""
HIDDEN = 1.2
"""A mover that vanishes at most this many cells from its goal is taken to stand below it."""
WITHIN = 0.5
"""A mover nearer to the centre of its goal is in the same cell, also where it has several colours
and none of its own pixels covers the centre."""


class Form(Protocol):
    """One kind of goal."""

    name: str

    def generate(self, scene: Scene) -> Iterable[Hypothesis]:
        """Hypotheses of this form about a scene; those that hold already are removed later."""
        ...

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """How far a frame is from the goal."""
        ...

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """Clicks that serve the goal; () where the form says nothing about clicks."""
        ...

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words, with numbers of things where a scene is given."""
        ...


def small_classes(scene: Scene, most: int = MOST_UNITS) -> list[ClassKey]:
    """Classes of a colour, and of a shape within a colour, with few units; no details of others."""
    keys = [key for key in scene.units if scene.count(key) <= most]
    return [key for key in keys if not any(_is_detail(scene, key, other) for other in keys)]


def _is_detail(scene: Scene, key: ClassKey, other: ClassKey) -> bool:
    """Whether a class is the smaller colour of things of two colours, one beside the other."""
    if key.colour == other.colour or scene.count(key) != scene.count(other):
        return False
    avatar, moved = scene.avatar, scene.evidence.moved
    if key == avatar or (other == avatar and key.colour not in moved):
        return False
    sizes = [(scene.areas[one], -one.colour) for one in (key, other)]
    if sizes[0] > sizes[1] and other != avatar:
        return False
    apart = np.abs(scene.units[key][:, None] - scene.units[other][None]).sum(axis=2)
    return bool((apart.min(axis=1) < scene.stride).all())


def overlap(a: ClassKey, b: ClassKey) -> bool:
    """Whether two classes share things."""
    return a.colour == b.colour and (a == b or a == a.coarse or b == b.coarse)


def pairs(first: Iterable[ClassKey], second: list[ClassKey]) -> Iterator[tuple[ClassKey, ClassKey]]:
    """Pairs of classes that share nothing."""
    return ((a, b) for a in first for b in second if not overlap(a, b))


def reach_distance(scene: Scene, view: FrameView, mover: ClassKey, goal: ClassKey) -> float:
    """Cells from the nearest pixel of a mover to the nearest unit of its goal; 0 in its cell.

    The goal is where it was in the first frame, for a thing that another one stands on is hidden;
    a goal that moves is where it is seen.
    """
    places = scene.units.get(goal)
    if goal.colour in scene.evidence.moved and view.has(goal):
        places = as_places(view.pixels(goal))
    if places is None:
        return FAR
    distance = view.nearest(mover, places) / scene.stride
    return distance if distance >= WITHIN else 0.0


def reached(scene: Scene, view: FrameView, mover: ClassKey, distance: float, last: float) -> float:
    """The distance; 0 where the mover has just vanished right beside its goal."""
    return 0.0 if last <= HIDDEN and not view.has(mover) else distance


def nearness(scene: Scene, view: FrameView, things: Iterable[ClassKey]) -> float:
    """Cells from the avatar to the nearest pixel of some classes; 0 without an avatar."""
    avatar = scene.avatar
    if avatar is None or not view.has(avatar):
        return 0.0
    found = [view.nearest(avatar, as_places(view.pixels(key))) for key in things if view.has(key)]
    return min(found, default=0.0) / scene.stride


def parts_of(view: FrameView, key: ClassKey) -> list[Part]:
    """Parts of a colour that can be seen outside the rim."""
    parts = view.segmenter.view(view.frame_HW).parts
    return [p for p in parts if p.colour == key.colour and bool(view.visible[p.pixels].any())]


def at(distance: float, memory: GoalMemory, done: bool | None = None) -> Progress:
    """A distance, and the memory that follows from it."""
    return Progress(distance, GoalMemory(memory.done if done is None else done, distance))


def clicks(places: Iterable[tuple[int, int]]) -> tuple[Action, ...]:
    """Clicks at places (y, x) within the frame, each once."""
    inside = dict.fromkeys((y, x) for y, x in places if 0 <= y < SIDE and 0 <= x < SIDE)
    return tuple(Action(CLICK, int(x), int(y)) for y, x in inside)


def things(key: ClassKey, scene: Scene | None, one: bool = False) -> str:
    """A class in words: "the yellow thing", "the 2 red things", "a blue thing"."""
    count = scene.count(key) if scene is not None else 0
    if one or count == 0:
        return f"a {key.label} thing"
    return f"the {key.label} thing" if count == 1 else f"the {count} {key.label} things"
