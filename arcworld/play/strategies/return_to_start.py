"""Strategy ReturnToStart: go back to the level's first state, where the policy knows what to do.

Another agent, or a perturbed start, may have left the first state. Clicks that changed something
are repeated, since a switch often returns after a few clicks. Then look-ahead chooses actions that
come nearer to the level's first frame. The search ends for this level when actions bring the frame
no nearer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcworld.models.run import Run
from arcworld.planning.lookahead import LookAheadConfig, distance, look_ahead
from arcworld.planning.memory.memory import Memory
from arcworld.play.agent import Decision, Source
from arcworld.play.strategies.run_advice import RunAdvice
from arcworld.play.strategies.strategy import Answered, Context
from arcworld.recordings.episode import RESET, Action
from arcworld.tokens.history import History


@dataclass(frozen=True)
class ReturnToStartConfig:
    """How the way back is searched.

    Attributes:
        look: depth and width of the search; a click is repeated at most `depth` times.
        max_failed: number of imagined steps that came no nearer, after which the search ends.
    """

    look: LookAheadConfig = field(default_factory=LookAheadConfig)
    max_failed: int = 2


@dataclass(frozen=True, slots=True)
class ReturnStep:
    """An action that leads back, the current distance in pixels, and the reason."""

    action: Action
    distance: int
    why: str


class ReturnToStart:
    """Proposes steps back where the models decide, after an action of another player."""

    source = Source.RETURN

    def __init__(self, models: RunAdvice, config: ReturnToStartConfig | None = None) -> None:
        self.models, self.config = models, config or ReturnToStartConfig()
        self._new_level()

    @property
    def _run(self) -> Run:
        return self.models.run

    def begin(self, context: Context) -> None:
        """Start a game that was just opened."""
        self._new_level()

    def propose(self, context: Context) -> Decision | None:
        """Return the next action back; None if none is needed or none is found."""
        if not self.models.gate.asks:
            return None
        step = self.step(context.memory, self.models.history.coded)
        if step is None:
            return None
        reason = f"back: {step.distance} pixels from the level's first frame; {step.why}"
        expected = {"distance": float(step.distance)}
        return Decision(step.action, reason, expected, source=self.source)

    def observe(self, context: Context, answered: Answered) -> None:
        """Note a new level, and actions that left the path."""
        if answered.other_level or answered.decision.action.id == RESET:
            self._new_level()
        elif not answered.own:
            self.leave_path()

    def leave_path(self) -> None:
        """Note that another agent, or the caller, chose an action."""
        self._left_path = True

    def _new_level(self) -> None:
        self._left_path, self._failed = False, 0
        self._last_distance: int | None = None
        self._again: Counter[Action] = Counter()

    def step(self, memory: Memory, history: History) -> ReturnStep | None:
        """Return the next step back; None if none is needed or none is found."""
        home_HW = memory.opening()
        if not self._left_path or home_HW is None:
            return None
        now_HW = self._run.tokenizer.decode_frames(history.codes[-1][None])[0]
        far = distance(now_HW, home_HW, memory.graph.shown)
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
            if self._again[action] < self.config.look.depth:
                self._again[action] += 1
                return ReturnStep(action, far, "repeat the click")
        return None

    def _imagined_step(
        self, memory: Memory, history: History, home_HW: NDArray[np.uint8], far: int
    ) -> ReturnStep | None:
        self._failed += self._last_distance is not None and far >= self._last_distance
        self._last_distance = far
        if self._failed >= self.config.max_failed:
            return None
        has_token = self._run.world_model.vocabulary.has_action
        untried = [found.action for found in memory.untried()]
        actions = [
            action
            for action in dict.fromkeys(memory.movers() + untried)
            if has_token(action.id) and not memory.is_useless(action)
        ]
        shown = memory.graph.shown
        nearer = look_ahead(self._run, history, actions, home_HW, shown, self.config.look)
        if nearer is None:
            return None
        return ReturnStep(nearer.action, far, f"{nearer.distance} after {nearer.times} of it")
