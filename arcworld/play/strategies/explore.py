"""Explore: go to the most promising untried action, by the graph of observed states.

Last in every list, since it always proposes something. It keeps its own order: a bias on it cost 12
of 46 levels (docs/LOG.md).
"""

from __future__ import annotations

from dataclasses import replace

from arcworld.play.agent import Decision, Source
from arcworld.play.agents.explorer import ExplorerAgent
from arcworld.play.strategies.strategy import Answered, Context


class Explore:
    """The explorer as a strategy; it shares its memory with the others."""

    source = Source.EXPLORE

    def __init__(self, explorer: ExplorerAgent) -> None:
        self.explorer = explorer

    def begin(self, context: Context) -> None:
        """Nothing to do: the agent opens the memory before the context is made."""

    def propose(self, context: Context) -> Decision | None:
        """The explorer's choice."""
        return replace(self.explorer.choose_action(context.observation), source=self.source)

    def observe(self, context: Context, answered: Answered) -> None:
        """Nothing to do: the agent tells the memory of every action."""
