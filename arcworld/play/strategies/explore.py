"""Strategy Explore: go to the most promising untried action, in the graph of observed states.

It is last in every list, because it always proposes something. Its order is not changed by other
strategies: a bias on it cost 12 of 46 levels (docs/LOG.md).
"""

from __future__ import annotations

from dataclasses import replace

from arcworld.play.agent import Decision, Source
from arcworld.play.agents.explorer import ExplorerAgent
from arcworld.play.strategies.strategy import Answered, Context


class Explore:
    """The explorer as a strategy; its memory is shared with the other strategies."""

    source = Source.EXPLORE

    def __init__(self, explorer: ExplorerAgent) -> None:
        self.explorer = explorer

    def begin(self, context: Context) -> None:
        """Nothing to do: the agent opens the memory before it makes the context."""

    def propose(self, context: Context) -> Decision | None:
        """Return the explorer's decision."""
        return replace(self.explorer.choose_action(context.observation), source=self.source)

    def observe(self, context: Context, answered: Answered) -> None:
        """Nothing to do: the agent passes every action to the memory."""
