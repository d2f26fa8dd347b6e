"""Hypotheses about a level's goal: a form over classes of things. Values; they survive levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

FAR = 64.0
"""Distance where there is no way to say how far a goal is."""
ANY = 0
"""Shape of a class that holds every shape of its colour."""

COLOUR_NAMES = (
    "white", "light grey", "grey", "dark grey", "charcoal", "black", "magenta", "pink",
    "red", "blue", "light blue", "yellow", "orange", "maroon", "green", "purple",
)  # fmt: skip


class ClassKey(NamedTuple):
    """A class of things: a colour, and a shape unless it is `ANY`.

    `shape` is the shape hash of `online.view.Part` (`look >> 4`), equal in every process.
    """

    colour: int
    shape: int = ANY

    @property
    def coarse(self) -> ClassKey:
        """The class of all things of this colour."""
        return ClassKey(self.colour)

    @property
    def label(self) -> str:
        """Name for people: the colour, and a short mark of the shape."""
        name = COLOUR_NAMES[self.colour]
        return name if self.shape == ANY else f"{name} (shape {self.shape % 0x1000:03x})"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One possible goal, for example `reach` over (avatar, yellow).

    Attributes:
        form: name of the goal form, a key of `arcworld.goals.forms.FORMS`.
        classes: what it is about; the order has a meaning in each form.
        variant: which kind of the form, "" for the plain one.
    """

    form: str
    classes: tuple[ClassKey, ...]
    variant: str = ""


@dataclass(frozen=True, slots=True)
class GoalMemory:
    """What a goal keeps from frame to frame; a value, kept in each node of a search.

    Attributes:
        done: the first half of a sequence has held.
        distance: the distance one frame earlier. A mover that vanishes right beside its goal is
            taken to stand below it (games draw the goal over the mover).
    """

    done: bool = False
    distance: float = FAR


START = GoalMemory()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a frame is from a goal.

    Attributes:
        distance: at least 0; 0 where the goal holds. About the number of actions left.
        memory: to be given with the next frame.
    """

    distance: float
    memory: GoalMemory
