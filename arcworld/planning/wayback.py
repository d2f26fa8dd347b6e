"""The way back to where a level began, for a policy that knows what to do there.

Knows the memory of a game and the look-ahead; knows no policy. Others may have led away from where
the level began: an agent that took over, a start that was perturbed. The way back is taken step by
step as long as each brings nearer, and given up for the level when they do not.
"""

from __future__ import annotations

from arcworld.models.run import Run
from arcworld.planning.lookahead import LookAheadConfig, Nearer, distance, look_ahead
from arcworld.planning.memory.memory import Memory
from arcworld.tokens.sequence import CodedEpisode

VAIN = 2
"""Steps that brought no nearer, after which the way back is given up."""


class WayBack:
    """Follows one game, level by level."""

    def __init__(self, run: Run, config: LookAheadConfig) -> None:
        self.run, self.config = run, config
        self.enter()

    def enter(self) -> None:
        """A level begins, or was set back to its beginning."""
        self._strayed, self._vain = False, 0
        self._far: int | None = None

    def stray(self) -> None:
        """Somebody else chose an action."""
        self._strayed = True

    def step(self, memory: Memory, history: CodedEpisode) -> Nearer | None:
        """The next action back; None where there is no need, or no way."""
        home_HW = memory.opening()
        if not self._strayed or home_HW is None:
            return None
        shown = memory.graph.shown
        far = distance(self.run.tokenizer.decode_frames(history.indices_TC[-1:])[0], home_HW, shown)
        self._vain += self._far is not None and far >= self._far
        self._far = far
        kinds = range(self.run.world_model.vocabulary.actions)
        untried = [found.action for found in memory.untried()]
        actions = [
            action
            for action in dict.fromkeys(memory.movers() + untried)
            if action.id in kinds and not memory.is_useless(action)
        ]
        nearer = None
        if far and self._vain < VAIN:
            nearer = look_ahead(self.run, history, actions, home_HW, shown, self.config)
        self._strayed = nearer is not None
        return nearer
