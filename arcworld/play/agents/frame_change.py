"""Agent `frame-change`: a small network learns during play which actions change the frame.

Written from scratch after StochasticGoose (Dries Smit and Jack Cole, first in the ARC-AGI-3 preview
of 2025; github.com/DriesSmit/ARC3-solution). The same: what is learned and from what, how actions
are drawn, and a new network on each level. Different:

- The network costs about 150 times less per frame, so that 2,000 actions take minutes on one CPU
  core.
- The learning rate is 1e-3 instead of 1e-4, because there are only hundreds of steps.
- There is no dropout and no bonus for high probabilities.

It uses no run and no recordings, and of levels only the fact that one ended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.planning.action_index import PIXELS, SIMPLE, action_from_index, action_index
from arcworld.planning.change_predictor import ChangeLearner, ChangePredictorConfig, Pairs
from arcworld.play.agent import Decision
from arcworld.play.agents.random import random_action
from arcworld.play.observation import GAME_OVER, Observation
from arcworld.recordings.episode import CLICK


@dataclass(frozen=True)
class FrameChangeConfig(ChangePredictorConfig):
    """Keeps more pairs than the explorer's memory does, and trains less often."""

    capacity: int = 8_192
    train_every: int = 5


class FrameChangeAgent:
    """Draws actions by their probability of changing the frame; never RESET.

    The weight of a simple action is its probability. The weight of a click at a pixel is its
    probability divided by 4,096, so that all clicks together weigh as one action. The same seed
    gives the same play on the same machine.
    """

    name = "frame-change"

    def __init__(self, seed: int = 0, config: FrameChangeConfig | None = None) -> None:
        self.seed, self.config = seed, config or FrameChangeConfig()
        self._rng = np.random.default_rng(seed)

    def begin(self, observation: Observation) -> None:
        """Start a game that was just opened; drop all state of the previous game."""
        self._rng = np.random.default_rng(self.seed)
        self._last, self._actions = observation, 0
        self._learn_anew()

    @property
    def pairs(self) -> Pairs:
        """Training examples of this level."""
        return self._model.pairs

    def choose_action(self, observation: Observation) -> Decision:
        """Draw a legal action."""
        weights = self.weights(observation)
        total = float(weights.sum())
        if total <= 0:
            return Decision(
                random_action(observation.legal_actions, self._rng),
                "random: no legal action in the network",
            )
        place = int(self._rng.choice(len(weights), p=weights / total))
        likely = float(weights[place]) * (1 if place < len(SIMPLE) else PIXELS)
        return Decision(
            action_from_index(place), "drawn by probability of change", {"change": round(likely, 3)}
        )

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Keep the result of an action as an example; train every `train_every` actions."""
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
        """Unnormalised sampling weights of the 5 + 4096 actions, float64; 0 for illegal ones."""
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
