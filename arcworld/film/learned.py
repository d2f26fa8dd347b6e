"""Film the agent `online`: its model predicts each frame, then learns it."""

from __future__ import annotations

from arcworld.film.record import FilmedAgent, Predicted
from arcworld.play.agent import Decision
from arcworld.play.agents.online import make_online_agent
from arcworld.play.agents.strategy_agent import StrategyAgent
from arcworld.play.observation import Observation
from arcworld.recordings.episode import Action

LONGEST = 58
"""Letters of a reason that fit below a picture."""


class BeforeLearning:
    """Predicts each frame from the true one before it, with the model that the agent learns.

    Unlike the world model of a run, this one knows nothing when the game begins: the first frames
    are predicted wrong, later ones are not.
    """

    opening = "nothing is known of this game"

    def __init__(self, agent: StrategyAgent) -> None:
        self._agent = agent

    def begin(self, observation: Observation) -> None:
        """Nothing to do: the agent opens its model."""

    def predict(self, action: Action, *, won: bool) -> Predicted | None:
        """Return the frame after one step; None if the level was won: the next is not known."""
        if won:
            return None
        context = self._agent.context
        return context.model.predict(context.state, [action]).frames_NHW[0], 1

    def follow(self, action: Action, observation: Observation, *, renew: bool) -> None:
        """Nothing to do: the agent learns from the answer."""

    def note(self, decision: Decision, number: int) -> str:
        """Return the number of the action and the agent's reason."""
        return f"action {number}: {decision.reason}"[:LONGEST]


def filmed_online(seed: int = 0) -> FilmedAgent:
    """Make the agent `online` with a shot of every moment."""
    agent = make_online_agent(seed)
    return FilmedAgent(agent, BeforeLearning(agent))
