"""Return to a level's first state, where the policy knows what to do.

Another agent, or a perturbed start, may have left the first state. Clicks that changed something
are repeated, since a switch often returns after a few clicks. Then look-ahead chooses actions that
come nearer to the level's first frame. The search ends for this level when actions bring the frame
no nearer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.models.run import Run
from arcworld.planning.lookahead import LookAheadConfig, distance, look_ahead
from arcworld.planning.memory.memory import Memory
from arcworld.recordings.episode import Action
from arcworld.tokens.sequence import CodedEpisode

MAX_FAILED = 2
"""Number of imagined steps that came no nearer, after which the search ends."""


@dataclass(frozen=True, slots=True)
class ReturnStep:
    """An action that leads back, the current distance in pixels, and the reason."""

    action: Action
    distance: int
    why: str


class ReturnToStart:
    """Follows one game, level by level."""

    def __init__(self, run: Run, config: LookAheadConfig) -> None:
        self.run, self.config = run, config
        self.new_level()

    def new_level(self) -> None:
        """Note that a level begins or was reset."""
        self._left_path, self._failed = False, 0
        self._last_distance: int | None = None
        self._again: Counter[Action] = Counter()

    def leave_path(self) -> None:
        """Note that another part of the agent, or its caller, chose an action."""
        self._left_path = True

    def step(self, memory: Memory, history: CodedEpisode) -> ReturnStep | None:
        """Return the next action back; None if none is needed or none is found."""
        home_HW = memory.opening()
        if not self._left_path or home_HW is None:
            return None
        shown = memory.graph.shown
        far = distance(self.run.tokenizer.decode_frames(history.indices_TC[-1:])[0], home_HW, shown)
        found = None
        if far:
            found = self._repeat_click(memory, far) or self._imagined_step(
                memory, history, home_HW, far
            )
        self._left_path = found is not None
        return found

    def _repeat_click(self, memory: Memory, far: int) -> ReturnStep | None:
        """A click that changed something, if it was not yet repeated `depth` times."""
        for action in memory.displaced():
            if self._again[action] < self.config.depth:
                self._again[action] += 1
                return ReturnStep(action, far, "repeat the click")
        return None

    def _imagined_step(
        self, memory: Memory, history: CodedEpisode, home_HW: NDArray[np.uint8], far: int
    ) -> ReturnStep | None:
        self._failed += self._last_distance is not None and far >= self._last_distance
        self._last_distance = far
        if self._failed >= MAX_FAILED:
            return None
        kinds = range(self.run.world_model.vocabulary.actions)
        untried = [found.action for found in memory.untried()]
        actions = [
            action
            for action in dict.fromkeys(memory.movers() + untried)
            if action.id in kinds and not memory.is_useless(action)
        ]
        shown = memory.graph.shown
        nearer = look_ahead(self.run, history, actions, home_HW, shown, self.config)
        if nearer is None:
            return None
        return ReturnStep(nearer.action, far, f"{nearer.distance} after {nearer.times} of it")
