"""`match`: a region shows the same picture as another one. Classes: (region, reference).

Variants: `copy`, cell by cell; `mirror`, left and right exchanged; `colours`, up to an exchange of
colours; `copy, then enter`, and the avatar stands on the region that is not in a corner (a lock).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import linear_sum_assignment

from arcworld.goals.forms.base import HIDDEN, WITHIN, at, clicks
from arcworld.goals.frame_view import FrameView
from arcworld.goals.hypothesis import ClassKey, GoalMemory, Hypothesis, Progress
from arcworld.goals.region_pairs import pairs_of
from arcworld.goals.regions import BOARD, CLEAR, Pair, Picture, Region
from arcworld.goals.scene import Scene
from arcworld.online.view import COLOURS, SIDE, Action

COPY, MIRROR, RECOLOURED, ENTER = "copy", "mirror", "colours", "copy, then enter"
PER_CELL = 2.0
"""Weight of a cell that differs, against a cell's walk."""


class Match:
    """The form."""

    name = "match"

    def generate(self, scene: Scene) -> Iterator[Hypothesis]:
        """Each variant of each pair of comparable regions."""
        for pair in pairs_of(scene):
            classes = pair.first.key, pair.second.key
            first, second = pair.pictures(scene.first_frame_HW)
            own, other = (set(np.unique(p).tolist()) - {CLEAR} for p in (first, second))
            yield Hypothesis(self.name, classes, COPY)
            if not own & other:
                yield Hypothesis(self.name, classes, RECOLOURED)
            if (second != second[:, ::-1]).any():
                yield Hypothesis(self.name, classes, MIRROR)
            if scene.moves and scene.avatar is not None:
                yield Hypothesis(self.name, classes, ENTER)

    def progress(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView, memory: GoalMemory
    ) -> Progress:
        """Cells that differ in the pair that is nearest to equal, and the way to the lock."""
        pairs = _of(hypothesis, scene)
        different = sum(_different(pair, view, hypothesis.variant) for pair in pairs)
        if hypothesis.variant != ENTER:
            return at(float(different), memory)
        if scene.avatar is None or not pairs:
            return at(PER_CELL * different + 1, memory)
        return _enter_progress(scene, view, _lock(pairs[0]), different, memory)

    def proposals(
        self, hypothesis: Hypothesis, scene: Scene, view: FrameView
    ) -> tuple[Action, ...]:
        """The cells of the first region that differ."""
        places: list[tuple[int, int]] = []
        for pair in _of(hypothesis, scene):
            first, second = pair.pictures(view.frame_HW)
            second = second[:, ::-1] if hypothesis.variant == MIRROR else second
            ys, xs = pair.first.middles(pair.rows, pair.columns)
            rows, columns = np.nonzero(first != second)
            places += list(zip(ys[rows].tolist(), xs[columns].tolist(), strict=True))
        return clicks(places)

    def sentence(self, hypothesis: Hypothesis, scene: Scene | None) -> str:
        """The goal in words."""
        region, reference = (key.label for key in hypothesis.classes)
        how = {
            COPY: "show the picture of",
            MIRROR: "show the mirrored picture of",
            RECOLOURED: "show, in its own colours, the picture of",
            ENTER: "show the picture of",
        }[hypothesis.variant]
        end = ", then go there" if hypothesis.variant == ENTER else ""
        return f"make the {region} region {how} the {reference} region{end}"


def _enter_progress(
    scene: Scene, view: FrameView, lock: Region, different: int, memory: GoalMemory
) -> Progress:
    """Cells that differ, and the way to the lock; what the avatar stands on cannot be compared, so
    the memory's bit says whether the pictures were equal before.
    """
    avatar = scene.avatar
    assert avatar is not None
    if not view.has(avatar):
        hidden = memory.distance <= HIDDEN
        return at(0.0 if hidden else PER_CELL * different + 1, memory)
    equal = memory.done if _covers(view, avatar, lock) else different == 0
    way = view.nearest(avatar, np.array([_middle(lock)], np.intp)) / scene.stride
    left = 0.0 if equal else PER_CELL * max(different, 1)
    return at(left + max(way - WITHIN, 0), memory, done=equal)


def _covers(view: FrameView, avatar: ClassKey, lock: Region) -> bool:
    """Whether the avatar stands on the lock."""
    rows, columns = view.pixels(avatar) >> 6, view.pixels(avatar) & 63
    inside = (rows >= lock.y) & (rows < lock.y + lock.height)
    return bool((inside & (columns >= lock.x) & (columns < lock.x + lock.width)).any())


def similarity(hypothesis: Hypothesis, scene: Scene) -> float:
    """Share of cells that are equal in the first frame."""
    pairs = _of(hypothesis, scene)
    cells = sum(pair.rows * pair.columns for pair in pairs)
    view = scene.view(scene.first_frame_HW)
    different = sum(_different(pair, view, hypothesis.variant) for pair in pairs)
    return 1 - different / cells if cells else 0.0


def _of(hypothesis: Hypothesis, scene: Scene) -> list[Pair]:
    pairs = pairs_of(scene)
    return [p for p in pairs if (p.first.key, p.second.key) == hypothesis.classes]


def _different(pair: Pair, view: FrameView, variant: str) -> int:
    """Cells that differ, up to what the variant allows."""
    first, second = pair.pictures(view.frame_HW)
    if variant == RECOLOURED:
        return _recoloured(first, second)
    return int((first != (second[:, ::-1] if variant == MIRROR else second)).sum())


def _recoloured(first: Picture, second: Picture) -> int:
    """Cells that differ under the exchange of colours that fits best."""
    both = np.minimum(np.stack((first.ravel(), second.ravel())), COLOURS).astype(np.intp)
    together = np.zeros((COLOURS + 1, COLOURS + 1), np.intp)
    np.add.at(together, (both[0], both[1]), 1)
    rows, columns = linear_sum_assignment(together, maximize=True)
    return both.shape[1] - int(together[rows, columns].sum())


def _lock(pair: Pair) -> Region:
    """The region nearer to the middle of the frame."""
    return min(pair.first, pair.second, key=lambda region: _off_middle(region))


def _middle(region: Region) -> tuple[int, int]:
    return region.y + region.height // 2, region.x + region.width // 2


def _off_middle(region: Region) -> int:
    y, x = _middle(region)
    return SIDE if region.kind == BOARD else abs(y - SIDE // 2) + abs(x - SIDE // 2)
