"""An agent that plays the games of a training run with one agent, and all others with another."""

from __future__ import annotations

from collections.abc import Collection

from arcworld.play.agent import Agent, Decision
from arcworld.play.observation import Observation
from arcworld.recordings.episode import game_name


class ByGameAgent:
    """Chooses between two agents when a game is opened.

    A trained policy is no better than chance on a game that training did not show (docs/LOG.md).

    Attributes:
        playing: the agent that plays the open game.
    """

    def __init__(self, name: str, games: Collection[str], known: Agent, unknown: Agent) -> None:
        """Make an agent.

        Args:
            name: for tables and recordings.
            games: ids of the games that `known` was trained on; versions are ignored.
            known: agent for these games.
            unknown: agent for all other games.
        """
        self.name = name
        self._names = {game_name(game) for game in games}
        self._known, self._unknown = known, unknown
        self.playing = known

    def begin(self, observation: Observation) -> None:
        """Start a game that was just opened with the agent for it."""
        is_known = game_name(observation.game_id) in self._names
        self.playing = self._known if is_known else self._unknown
        self.playing.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """Return the decision of the agent that plays."""
        return self.playing.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Pass an answered action to the agent that plays."""
        self.playing.observe(decision, observation)
