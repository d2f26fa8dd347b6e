"""Features of a hypothesis that carry over between games: how many, how alike, how they moved.

No feature holds a colour number: colours mean something else in each game.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from arcworld.goals.forms.hints import solved
from arcworld.goals.forms.match import similarity
from arcworld.goals.forms.none import GROUP
from arcworld.goals.hypothesis import ClassKey, Hypothesis
from arcworld.goals.region_pairs import changed_in, pairs_of
from arcworld.goals.scene import Scene

type Features = dict[str, float]
DISTANT = 10.0
"""Cells from which on a goal counts as far."""


def features_of(hypothesis: Hypothesis, scene: Scene) -> Features:
    """Feature values by name; a feature that is not there is 0."""
    form = kind_of(hypothesis)
    if hypothesis.form == "match":
        return _of_regions(hypothesis, scene, form)
    if hypothesis.form == "hints":
        return {form: 1.0, "hints|solved": solved(hypothesis, scene)}
    if not hypothesis.classes:
        return {form: 1.0}
    found = _of_goal(hypothesis, scene, form)
    special = _SPECIAL.get(hypothesis.form)
    if special is not None:
        found |= special(hypothesis, scene, form)
    return {name: value for name, value in found.items() if value}


def kind_of(hypothesis: Hypothesis) -> str:
    """Form and variant, for example "sequence cover"."""
    return f"{hypothesis.form} {hypothesis.variant}".strip()


def _of_goal(hypothesis: Hypothesis, scene: Scene, form: str) -> Features:
    """What holds of every form: how many things the goal has, where they lie, what they did."""
    goal = hypothesis.classes[-1]
    count = scene.count(goal)
    size = "1" if count == 1 else "few" if count <= 3 else "some" if count <= 10 else "many"
    mode = "both" if scene.clicks and scene.moves else "clicks" if scene.clicks else "moves"
    order = sorted(scene.classes, key=scene.count)
    rank = order.index(goal.coarse) / len(order) if goal.coarse in order else 0.0
    return {
        form: 1.0,
        f"{form}|{mode}": 1.0,
        f"{form}|goals={size}": 1.0,
        f"{form}|frequency": rank,
        f"{form}|changed": float(goal.colour in scene.evidence.changed),
        f"{form}|moved": float(goal.colour in scene.evidence.moved),
        f"{form}|by shape": float(any(key != key.coarse for key in hypothesis.classes)),
        "several shapes": float(len(scene.shapes.get(goal.colour, ())) > 1),
        "at the rim": _at_rim(goal, scene),
    }


def _of_regions(hypothesis: Hypothesis, scene: Scene, form: str) -> Features:
    """Of two regions: what kind they are, how alike, and whether actions changed one of them."""
    pairs = [p for p in pairs_of(scene) if (p.first.key, p.second.key) == hypothesis.classes]
    changed = [changed_in(region, scene) for p in pairs for region in (p.first, p.second)]
    tried = bool(scene.evidence.frames)
    return {
        form: 1.0,
        f"match|{pairs[0].second.kind if pairs else 'gone'}": 1.0,
        "match|alike": similarity(hypothesis, scene),
        "match|one changed": float(any(changed) and not all(changed)),
        "match|none changed": float(tried and not any(changed)),
        "match|all changed": float(tried and all(changed)),
        "match|several pairs": float(len(pairs) > 1),
    }


def _at_rim(goal: ClassKey, scene: Scene) -> float:
    places = scene.units.get(goal)
    if places is None or not len(places):
        return 0.0
    top, bottom, left, right = scene.board
    cell = scene.cell
    rows, columns = places[:, 0], places[:, 1]
    at = (rows < top + cell) | (rows >= bottom - cell)
    at |= (columns < left + cell) | (columns >= right - cell)
    return float(at.mean())


def _of_pair(hypothesis: Hypothesis, scene: Scene, form: str) -> Features:
    """A mover or cover, and where it is to come."""
    mover, goal = hypothesis.classes[:2]
    first, second = scene.count(mover), scene.count(goal)
    near = scene.view(scene.first_frame_HW).nearest(mover, scene.units[goal]) / scene.stride
    tried = bool(scene.evidence.frames)
    shapes = (scene.shapes.get(key.colour, {}).keys() for key in (mover, goal))
    return {
        f"{form}|one mover": float(first == 1),
        f"{form}|equal counts": float(first == second),
        f"{form}|one place": float(second == 1),
        f"{form}|same shape": float(bool(next(shapes) & next(shapes))),
        f"{form}|avatar": float(mover == scene.avatar),
        f"{form}|mover moved": float(mover.colour in scene.evidence.moved),
        f"{form}|mover still": float(tried and mover.colour not in scene.evidence.moved),
        f"{form}|mover changed": float(mover.colour in scene.evidence.changed),
        f"{form}|far": min(1.0, near / DISTANT),
    }


def _of_ends(hypothesis: Hypothesis, scene: Scene, form: str) -> Features:
    a, b = hypothesis.classes
    single = scene.count(a) == 1 and scene.count(b) == 1
    return {f"{form}|single ends": float(single), f"{form}|one class": float(a == b)}


def _of_group(hypothesis: Hypothesis, scene: Scene, form: str) -> Features:
    if hypothesis.variant != GROUP:
        return {}
    others = [key for key in scene.classes if key != scene.avatar]
    everything = len(hypothesis.classes) == len(others)
    extra = len(hypothesis.classes) - 2.0
    return {f"{form}|size": extra, f"{form}|everything": float(everything)}


_SPECIAL: Mapping[str, Callable[[Hypothesis, Scene, str], Features]] = {
    "reach": _of_pair,
    "cover": _of_pair,
    "sequence": _of_pair,
    "connect": _of_ends,
    "none": _of_group,
}


def matrix_of(
    rows: list[Features], names: list[str]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Feature values, [hypotheses, names]; unknown names are left out."""
    place = {name: k for k, name in enumerate(names)}
    values = np.zeros((len(rows), len(names)))
    for i, row in enumerate(rows):
        for name, value in row.items():
            if name in place:
                values[i, place[name]] = value
    return values
