"""Agent `policy`: play with the run's policy alone, without goals, planning or memory.

Compared with the agent `world-model` it shows what planning adds.
"""

from __future__ import annotations

import numpy as np

from arcworld.models.policies.policy import PolicyOutput
from arcworld.models.run import Run
from arcworld.planning.candidates import Candidates, as_action, prior_over
from arcworld.play.agent import Decision
from arcworld.play.agents.history import ModelHistory
from arcworld.play.agents.random import random_action
from arcworld.play.observation import Observation
from arcworld.recordings.episode import CLICK


class PolicyAgent:
    """Samples legal actions from the policy; never RESET.

    A click goes to the pixel that the policy learned, else to the most salient pixel of its cell.
    Actions are sampled because the most probable action may change nothing. A policy that sees no
    past action (v2) would then repeat it forever.
    """

    name = "policy"

    def __init__(self, run: Run, seed: int = 0) -> None:
        self.run, self.seed = run, seed
        self._rng = np.random.default_rng(seed)

    def begin(self, observation: Observation) -> None:
        """Start a game that was just opened; drop all state of the previous game."""
        self._rng = np.random.default_rng(self.seed)
        self._history = ModelHistory(self.run, observation)

    def choose_action(self, observation: Observation) -> Decision:
        """Sample among the legal actions for which the run's scheme has a token."""
        has_token = self.run.world_model.vocabulary.has_action
        candidates = Candidates.legal(list(filter(has_token, observation.legal_actions)))
        if not len(candidates):
            return Decision(
                random_action(observation.legal_actions, self._rng),
                "random: the scheme has no token for a legal action",
            )
        history = self._history.now()
        output = self.run.policy.policy_output(self.run.world_model, history)
        prior = prior_over(candidates, output.types_8.cpu().numpy(), output.places_65.cpu().numpy())
        index = int(self._rng.choice(len(prior), p=prior / prior.sum()))
        offset = self._offset(output, candidates, index)
        action = as_action(candidates, index, observation.frame_HW, offset)
        return Decision(action, "policy", {"prior": round(float(prior[index]), 4)})

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Append the step to the history."""
        self._history.observe(decision.action, observation)

    def _offset(self, output: PolicyOutput, candidates: Candidates, index: int) -> int | None:
        """Most probable pixel of a click in its cell, or None if the policy learned no pixels."""
        if candidates.types_N[index] != CLICK:
            return None
        cell = int(candidates.cells_N[index])
        logits = output.offsets([cell])
        return None if logits is None else int(logits[0].argmax())
