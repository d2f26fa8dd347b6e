"""`cover`: things of one class stand on every unit of another. Classes: (cover, place)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from arcworld.goals.forms.base import WITHIN, at, clicks, pairs, small_classes, things
from arcworld.goals.frame_view import MOST_PIXELS, FrameView, Places, as_places
from arcworld.goals.hypothesis import FAR, ClassKey, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import Action

NEARNESS, NEAREST = 0.2, 2.0
"""Weight of the avatar's distance to the nearest thing that must be moved, and its bound."""
OPEN = 2.0
"""Cost of an open place beside its distance: above `NEAREST`, so that covering one always pays."""


class Cover:
    """The form."""

    name = "cover"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """Each class over each class with at most as many units, never the avatar."""
        small = [k for k in small_classes(scene) if k != scene.avatar]
        for cover, place in pairs(small, small):
            enough = scene.count(cover) >= scene.count(place)
            both = cover == cover.coarse and place == place.coarse
            if enough and (both or cover.shape == place.shape):
                yield Hypothesis(self.name, (cover, place))

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """Cells from each open place to the nearest cover, and a little for the avatar's way."""
        return at(cover_distance(scene, view, *hypothesis.classes), memory)

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """The things that cover, then the places."""
        cover, place = hypothesis.classes
        seen = view.segmenter.view(view.frame_HW).parts
        parts = [part for part in seen if part.colour == cover.colour]
        units = [unit for part in parts for unit in scene.split(part, part.pixels)]
        return clicks([*units, *((int(y), int(x)) for y, x in scene.units.get(place, ()))])

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words."""
        cover, place = hypothesis.classes
        return f"bring {things(cover, scene)} onto {things(place, scene)}"


def cover_distance(scene: Scene, view: FrameView, cover: ClassKey, place: ClassKey) -> float:
    """0 where every unit of a class is covered by another; `FAR` where none of those is left.

    What stands on a place already is not counted for another one, as long as there are others.
    Things that move and are hidden now are taken to stand below places.
    """
    places = scene.units.get(place)
    if places is None:
        return FAR
    covered = view.distances(cover, places) < WITHIN * scene.stride
    still_open = int((~covered).sum()) - _hidden(scene, view, cover)
    if still_open <= 0:
        return 0.0
    if not view.has(cover):
        return FAR
    loose = _loose(as_places(view.pixels(cover)), places[covered], scene.cell)
    apart = np.abs(places[~covered][:, None] - loose[None]).sum(axis=2).min(axis=1)
    nearest = np.sort(np.maximum(apart, 1))[:still_open]
    left = float(nearest.sum()) / scene.stride + OPEN * still_open
    avatar = scene.avatar
    if avatar is not None and avatar.colour != cover.colour and view.has(avatar):
        way = NEARNESS * view.nearest(avatar, loose) / scene.stride
        left += way / (1 + way / NEAREST)
    return left


def _hidden(scene: Scene, view: FrameView, cover: ClassKey) -> int:
    """Things of a class that moves which cannot be seen: games draw places over them."""
    if cover.colour not in scene.evidence.moved:
        return 0
    seen = len(view.pixels(cover)) / scene.areas.get(cover, 1.0)
    return max(0, round(scene.count(cover) - seen))


def _loose(pixels: Places, covered: Places, cell: int) -> Places:
    """Pixels of things that do not stand on a place yet; all where there are none."""
    pixels = pixels[:: len(pixels) // MOST_PIXELS + 1]
    if not len(covered):
        return pixels
    apart = np.abs(pixels[:, None] - covered[None]).max(axis=2).min(axis=1)
    loose = pixels[apart > cell // 2]
    return loose if len(loose) else pixels
