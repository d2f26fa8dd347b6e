"""Record play of the agent `online` for a film: its model predicts each frame, then learns it."""

from __future__ import annotations

from arcworld.film.record import Shot
from arcworld.play.agent import Decision
from arcworld.play.agents.online import make_online_agent
from arcworld.play.observation import Observation
from arcworld.recordings.episode import RESET

LONGEST = 58
"""Letters of a reason that fit below a picture."""


class FilmedOnline:
    """Plays as `online`, and keeps a shot of every moment.

    Unlike the world model of a run, this one knows nothing when the game begins: the first frames
    are predicted wrong, later ones are not.

    Attributes:
        shots: in the order of play, with a first one for the opening frame.
        win_levels: how many levels the game has.
    """

    def __init__(self, seed: int = 0) -> None:
        self._agent = make_online_agent(seed)
        self.name = self._agent.name
        self.shots: list[Shot] = []
        self.win_levels = 0

    def begin(self, observation: Observation) -> None:
        """Start a film; one of another game is dropped."""
        self._agent.begin(observation)
        self._levels = observation.levels_completed
        self.win_levels = observation.win_levels
        first_HW, note = observation.frame_HW, "nothing is known of this game"
        self.shots = [Shot(first_HW, first_HW, None, self._levels + 1, 0, note=note)]

    def choose_action(self, observation: Observation) -> Decision:
        """The agent's own choice."""
        return self._agent.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Keep a shot of what the action led to, predicted before the model learns it."""
        context, predicted_HW = self._agent.context, observation.frame_HW
        is_reset, won = decision.action.id == RESET, observation.levels_completed > self._levels
        if not is_reset and not won:
            prediction = context.model.predict(context.state, [decision.action])
            predicted_HW = prediction.frames_NHW[0]
        self._agent.observe(decision, observation)
        note = f"action {len(self.shots)}: {decision.reason}"[:LONGEST]
        steps = 0 if is_reset or won else 1
        action, level = decision.action, self._levels + 1
        shot = Shot(observation.frame_HW, predicted_HW, action, level, steps, won, note)
        self.shots.append(shot)
        self._levels = observation.levels_completed
