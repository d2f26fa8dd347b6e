"""Strategy PredictedClicks: give memory the clicks that the world model expects to change anything.

It stands before the explorer and proposes nothing: the explorer then tries clicks in proportion.
"""

from __future__ import annotations

from arcworld.planning.click_prior import click_prior
from arcworld.play.agent import Decision
from arcworld.play.strategies.run_advice import RunAdvice
from arcworld.play.strategies.strategy import Answered, Context
from arcworld.recordings.episode import CLICK


class PredictedClicks:
    """Sets the click prior of memory, once a level, in games that the run was trained on."""

    def __init__(self, models: RunAdvice) -> None:
        self.models = models

    def begin(self, context: Context) -> None:
        """Nothing to do: memory drops its click prior on each level."""

    def propose(self, context: Context) -> Decision | None:
        """Propose nothing; set the click prior when the explorer acts first on a level."""
        observation, memory = context.observation, context.memory
        run = self.models.run
        known = observation.game_id in run.about.get("games", ())
        if known and not memory.has_click_prior and CLICK in observation.legal_actions:
            memory.set_click_prior(click_prior(run.world_model, self.models.history.now()))
        return None

    def observe(self, context: Context, answered: Answered) -> None:
        """Nothing to do: memory learns from every action."""
