"""`GoalTracker`: scene and beliefs of the game that is played, kept up to date by each step."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from arcworld.goals.beliefs import Belief, Beliefs
from arcworld.goals.evidence import SceneBuilder
from arcworld.goals.scene import Scene
from arcworld.online.view import RESET, Outcome, Segmenter, Step


class GoalTracker:
    """Scene and beliefs of one game.

    Args:
        segmenter: shared with the online model, so that frames are segmented once.
        beliefs: with another prior or configuration.
    """

    def __init__(self, segmenter: Segmenter | None = None, beliefs: Beliefs | None = None) -> None:
        self.builder = SceneBuilder(segmenter)
        self.beliefs = beliefs or Beliefs()

    @property
    def scene(self) -> Scene:
        """The scene of the present level."""
        return self.builder.scene

    def begin(self, frame_HW: NDArray[np.uint8], available: Iterable[int]) -> None:
        """The game, or a new level, begins with a frame."""
        self.beliefs.begin(self.builder.begin(frame_HW, available))
        self.beliefs.observe(frame_HW)

    def observe(self, step: Step, won_frame_HW: NDArray[np.uint8] | None = None) -> None:
        """Learn from a step of play.

        Args:
            step: the transition.
            won_frame_HW: where the step won the level, the won level's last frame
                (`observation.grids[-2]`). Without it nothing is confirmed.
        """
        if step.outcome == Outcome.LEVEL_WON:
            if won_frame_HW is not None:
                self.beliefs.won(won_frame_HW)
            self.begin(step.next_frame_HW, self.scene.available)
        elif step.action.id == RESET:
            self.beliefs.refresh(self.builder.begin(step.next_frame_HW, self.scene.available))
            self.beliefs.restart()
        elif step.outcome == Outcome.NOTHING:
            if self.builder.observe(step):
                self.beliefs.refresh(self.scene)
            self.beliefs.observe(step.next_frame_HW)

    def explain(self, limit: int = 3) -> tuple[str, ...]:
        """The most probable goals, one line each."""
        return tuple(self.beliefs.explain(belief) for belief in self.order(limit))

    def order(self, limit: int | None = None) -> list[Belief]:
        """What the goal may be, best first."""
        return self.beliefs.order(limit)
