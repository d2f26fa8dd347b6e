"""Play any agent on games that are drawn otherwise: does it know a game, or the way it looks?

The rules stay, and so do clicks; only what the agent sees is changed. An agent that was built while
looking at games whose things are squares of one colour may fail where sprites have several.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arcworld.play.agent import Agent, Decision
from arcworld.play.observation import Observation
from arcworld.recordings.episode import COLOURS

CORES, HALVES, SMALL, SHAPES, FLOOR = "cores", "halves", "small", "shapes", "floor"
STYLES = (CORES, HALVES, SMALL, SHAPES, FLOOR)
"""Things get an inner part of another colour; a right half of another colour; lose their outer
pixels, so that they are smaller than the cells they stand on; are cut to a shape of their colour;
the ground gets dots of another colour."""
FIGURES = (
    "010111010",
    "111101111",
    "111010010",
    "101111101",
    "100100111",
    "111001111",
    "101010101",
)
"""Shapes on three rows of three fields: plus, ring, T, H, L, a hook, X."""
THING = 3, 10
"""Pixels of the shorter and the longer side of things that are redrawn, at least and at most."""


class Redrawing:
    """Redraws the frames of one play; things of one colour keep their second colour throughout.

    Args:
        style: one of `STYLES`.
    """

    def __init__(self, style: str) -> None:
        self.style = style
        self._second: dict[int, int] = {}

    def __call__(self, frame_HW: NDArray[np.uint8], ground: int) -> NDArray[np.uint8]:
        """Return the frame as the agent sees it, uint8 [64, 64].

        Args:
            frame_HW: as the game draws it.
            ground: colour that things stand on.
        """
        drawn_HW = frame_HW.copy()
        if self.style == FLOOR:
            dots_HW = drawn_HW[1::4, 1::4]
            dots_HW[dots_HW == ground] = self._second_of(ground, frame_HW)
            return drawn_HW
        for colour in np.unique(frame_HW).tolist():
            if colour != ground:
                self._redraw(drawn_HW, frame_HW, colour, ground)
        return drawn_HW

    def _redraw(
        self,
        drawn_HW: NDArray[np.uint8],
        frame_HW: NDArray[np.uint8],
        colour: int,
        ground: int,
    ) -> None:
        """Redraw the things of one colour."""
        mask_HW = frame_HW == colour
        inner_HW = ndimage.binary_erosion(mask_HW)
        labels_HW = np.zeros(mask_HW.shape, np.int32)
        ndimage.label(mask_HW, None, labels_HW)
        for number, box in enumerate(ndimage.find_objects(labels_HW), 1):
            thin, long = sorted(side.stop - side.start for side in box)
            own_HW = labels_HW[box] == number
            core_HW = own_HW & inner_HW[box]
            if thin < THING[0] or long > THING[1] or not core_HW.any():
                continue
            lost_HW, second_HW = _parts(self.style, own_HW, core_HW, colour)
            drawn_HW[box][lost_HW] = ground
            if second_HW.any():
                drawn_HW[box][second_HW] = self._second_of(colour, frame_HW)

    def _second_of(self, colour: int, frame_HW: NDArray[np.uint8]) -> int:
        """The second colour of things, one that nothing else has so far; else their own."""
        if colour not in self._second:
            used = {*np.unique(frame_HW).tolist(), *self._second, *self._second.values()}
            free = [other for other in range(COLOURS - 1, -1, -1) if other not in used]
            self._second[colour] = free[0] if free else colour
        return self._second[colour]


def _parts(
    style: str, own_HW: NDArray[np.bool_], core_HW: NDArray[np.bool_], colour: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels of a thing that become ground, and those that get the second colour."""
    nothing_HW = np.zeros_like(own_HW)
    if style == CORES:
        return nothing_HW, core_HW
    if style == SMALL:
        return own_HW & ~core_HW, nothing_HW
    if style == HALVES:
        right_HW = own_HW.copy()
        right_HW[:, : own_HW.shape[1] // 2] = False
        return nothing_HW, right_HW
    height, width = own_HW.shape
    if not own_HW.all() or 2 * max(height, width) > 3 * min(height, width):
        return nothing_HW, nothing_HW
    figure_33 = np.array(list(FIGURES[colour % len(FIGURES)])).reshape(3, 3) == "1"
    shape_HW = figure_33[np.arange(height)[:, None] * 3 // height, np.arange(width) * 3 // width]
    return ~shape_HW, nothing_HW


class RedrawnAgent:
    """Shows redrawn observations to an agent.

    Args:
        agent: plays.
        style: one of `STYLES`.
    """

    def __init__(self, agent: Agent, style: str) -> None:
        self.agent, self.style, self.name = agent, style, agent.name
        self._redrawing = Redrawing(style)
        self._level, self._ground = -1, 0
        self._shown: tuple[Observation, Observation] | None = None

    @property
    def plans(self) -> dict[str, dict[str, int]]:
        """What became of the agent's plans, if it makes any."""
        return getattr(self.agent, "plans", {})

    def begin(self, observation: Observation) -> None:
        """Begin the game for the agent."""
        self._redrawing, self._level = Redrawing(self.style), -1
        self.agent.begin(self._redrawn(observation))

    def choose_action(self, observation: Observation) -> Decision:
        """Return the agent's decision about what it sees."""
        return self.agent.choose_action(self._redrawn(observation))

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Pass on an answer, redrawn."""
        self.agent.observe(decision, self._redrawn(observation))

    def _redrawn(self, observation: Observation) -> Observation:
        if self._shown is None or self._shown[0] is not observation:
            self._shown = observation, self._redraw(observation)
        return self._shown[1]

    def _redraw(self, observation: Observation) -> Observation:
        if observation.levels_completed != self._level:
            self._level = observation.levels_completed
            counts = np.bincount(observation.frame_HW.reshape(-1), minlength=COLOURS)
            self._ground = int(counts.argmax())
        grids = tuple(self._redrawing(grid_HW, self._ground) for grid_HW in observation.grids)
        return replace(observation, frame_HW=grids[-1], grids=grids)
