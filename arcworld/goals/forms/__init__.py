"""Goal forms, one file each, and what they say about a scene together."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from arcworld.goals.forms.align import Align
from arcworld.goals.forms.base import Form
from arcworld.goals.forms.connect import Connect
from arcworld.goals.forms.cover import Cover
from arcworld.goals.forms.hints import Hints
from arcworld.goals.forms.match import Match
from arcworld.goals.forms.meet import Meet
from arcworld.goals.forms.none import NoneLeft
from arcworld.goals.forms.reach import Reach
from arcworld.goals.forms.sequence import Sequence
from arcworld.goals.hypothesis import START, GoalMemory, Hypothesis, Progress
from arcworld.goals.scene import Scene
from arcworld.online.view import Action

FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Reach(),
        NoneLeft(),
        Cover(),
        Connect(),
        Sequence(),
        Match(),
        Hints(),
        Meet(),
        Align(),
    )
}
"""Every goal form by its name."""


def generate(scene: Scene, without: Collection[str] = ()) -> list[Hypothesis]:
    """All hypotheses about a scene that its first frame does not fulfil, each once.

    Args:
        scene: of the level.
        without: names of forms to leave out (for ablations).
    """
    forms = [form for name, form in FORMS.items() if name not in without]
    candidates = dict.fromkeys(h for form in forms for h in form.generate(scene))
    first_HW = scene.first_frame_HW
    return [h for h in candidates if progress(h, scene, first_HW).distance > 0]


def progress(
    hypothesis: Hypothesis,
    scene: Scene,
    frame_HW: NDArray[np.uint8],
    memory: GoalMemory = START,
) -> Progress:
    """How far a frame is from a goal.

    Args:
        hypothesis: the goal.
        scene: of the level that the frame is of.
        frame_HW: uint8 [64, 64], true or predicted.
        memory: of the frame before; `START` on a level's first frame.
    """
    form = FORMS[hypothesis.form]
    return form.progress(hypothesis, scene, scene.view(frame_HW), memory)


def proposals(
    hypothesis: Hypothesis, scene: Scene, frame_HW: NDArray[np.uint8]
) -> tuple[Action, ...]:
    """Clicks that serve a goal, best first; () in games without clicks, or without advice."""
    if not scene.clicks:
        return ()
    return FORMS[hypothesis.form].proposals(hypothesis, scene, scene.view(frame_HW))


def sentence(hypothesis: Hypothesis, scene: Scene | None = None) -> str:
    """The goal in one line for people, with numbers of things where a scene is given."""
    return FORMS[hypothesis.form].sentence(hypothesis, scene)
