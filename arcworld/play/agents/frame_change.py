"""The peer: a small network learns, while it plays, which actions change the frame.

Written afresh in the manner of StochasticGoose (Dries Smit and Jack Cole, first in the ARC-AGI-3
preview of 2025; github.com/DriesSmit/ARC3-solution). Of theirs: what is learned and from what, the
way actions are drawn, a network that starts anew on each level. Ours: a network about 150 times
cheaper a frame, so that 2,000 actions take minutes on one CPU core; a learning rate of 1e-3 for
1e-4, since it takes only hundreds of steps; no dropout and no bonus for high probabilities.

Knows frames and legal actions; no run, no recording, nothing of what a level is but that it ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.planning.change_predictor import (
    PIXELS,
    SIMPLE,
    ChangeLearner,
    ChangePredictorConfig,
    Pairs,
    action_from_index,
    action_index,
)
from arcworld.play.agent import Decision
from arcworld.play.agents.random import random_action
from arcworld.play.observation import GAME_OVER, Observation
from arcworld.recordings.episode import CLICK


@dataclass(frozen=True)
class FrameChangeConfig(ChangePredictorConfig):
    """Keeps more pairs than our agent's memory does, and learns less often."""

    capacity: int = 8_192
    train_every: int = 5


class FrameChangeAgent:
    """Draws actions by the probability that they change the frame, RESET never.

    A simple action weighs its probability, a click at a pixel its own over 4,096: all clicks
    together weigh as one action. The same seed gives the same play on the same machine.
    """

    name = "frame-change"

    def __init__(self, seed: int = 0, config: FrameChangeConfig | None = None) -> None:
        self.seed, self.config = seed, config or FrameChangeConfig()
        self._rng = np.random.default_rng(seed)

    def begin(self, observation: Observation) -> None:
        """Forget the game before."""
        self._rng = np.random.default_rng(self.seed)
        self._last, self._actions = observation, 0
        self._learn_anew()

    @property
    def pairs(self) -> Pairs:
        """What it learns from on this level."""
        return self._model.pairs

    def choose_action(self, observation: Observation) -> Decision:
        """Draw a legal action."""
        weights = self.weights(observation)
        total = float(weights.sum())
        if total <= 0:
            return Decision(random_action(observation.legal_actions, self._rng), "nothing to learn")
        place = int(self._rng.choice(len(weights), p=weights / total))
        likely = float(weights[place]) * (1 if place < len(SIMPLE) else PIXELS)
        return Decision(action_from_index(place), "drawn by change", {"change": round(likely, 3)})

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Keep what came of an action, and learn from time to time."""
        before, self._last = self._last, observation
        if observation.levels_completed != before.levels_completed or observation.full_reset:
            self._learn_anew()
            return
        place = action_index(decision.action)
        if place is not None and observation.state != GAME_OVER:
            changed = not np.array_equal(before.frame_HW, observation.frame_HW)
            self.pairs.add(before.frame_HW, place, changed)
        self._actions += 1
        if self._actions % self.config.train_every == 0:
            self._model.learn(self._rng)

    def weights(self, observation: Observation) -> NDArray[np.float64]:
        """How likely each of 5 + 4096 actions is drawn, but for a factor; 0 where not legal."""
        logits = torch.from_numpy(self._model.logits(observation.frame_HW))
        likely = torch.sigmoid(logits).numpy().astype(np.float64)
        likely[len(SIMPLE) :] /= PIXELS
        legal = [action_id in observation.legal_actions for action_id in SIMPLE]
        likely[: len(SIMPLE)] *= legal
        if CLICK not in observation.legal_actions:
            likely[len(SIMPLE) :] = 0
        return likely

    def _learn_anew(self) -> None:
        self._model = ChangeLearner(self.config, int(self._rng.integers(2**31)))
