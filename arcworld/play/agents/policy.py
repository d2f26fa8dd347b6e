"""The agent that plays the run's policy and nothing else: no goal, no look-ahead, no memory.

Knows a run's tokenizer and policy. Beside `WorldModelAgent` it shows what planning adds.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from arcworld.models.run import Run
from arcworld.planning.candidates import Candidates
from arcworld.planning.choice import as_action, prior_over
from arcworld.play.agent import Decision
from arcworld.play.agents.random import random_action
from arcworld.play.observation import Observation
from arcworld.recordings.episode import CLICK, GameAction, Outcome
from arcworld.tokens.cells import NO_CELL, cell_of
from arcworld.tokens.sequence import CodedEpisode

type Step = tuple[int, int, int]
"""An action's type and cell, and its outcome."""


class PolicyAgent:
    """Draws legal actions from the policy; a click lands on the pixel that it learnt, or where its
    cell stands out.

    Drawn, not the likeliest: where an action changes nothing, the likeliest stays the likeliest,
    and a policy that sees no past action (v2) would repeat it for ever. RESET never.
    """

    name = "policy"

    def __init__(self, run: Run, seed: int = 0) -> None:
        self.run, self.seed = run, seed
        self._rng = np.random.default_rng(seed)

    def begin(self, observation: Observation) -> None:
        """Start the choices over, in another game."""
        self._rng = np.random.default_rng(self.seed)
        self._open(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """Draw among the candidates that the run's scheme has a token for."""
        kinds = [kind for kind in observation.legal_actions if self._expressible(kind)]
        candidates = Candidates.legal(kinds)
        if not len(candidates):
            return Decision(random_action(observation.legal_actions, self._rng), "none to draw")
        history = self._history()
        types, places = self.run.policy.prior_logits(self.run.world_model, [history])
        prior = prior_over(candidates, types[0].cpu().numpy(), places[0].cpu().numpy())
        index = int(self._rng.choice(len(prior), p=prior / prior.sum()))
        offset = self._offset(history, candidates, index)
        action = as_action(candidates, index, observation.frame_HW, offset)
        return Decision(action, "policy", {"prior": round(float(prior[index]), 4)})

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Put the step behind the history."""
        if observation.full_reset or not self._expressible(decision.action.id):
            self._open(observation)
            return
        won = observation.levels_completed > self._levels
        self._steps.append((*_place(decision.action), Outcome.LEVEL_WON if won else 0))
        self._codes.append(self._encode(observation))
        self._count += 1
        self._levels = observation.levels_completed

    def _offset(self, history: CodedEpisode, candidates: Candidates, index: int) -> int | None:
        """The likeliest pixel of a click in its cell, where the policy has learnt any."""
        if candidates.types_N[index] != CLICK:
            return None
        cell = int(candidates.cells_N[index])
        logits = self.run.policy.offset_logits(self.run.world_model, [history], [cell])
        return None if logits is None else int(logits[0].argmax())

    def _open(self, observation: Observation) -> None:
        frames = self.run.world_model.config.context_frames
        self._codes = deque([self._encode(observation)], maxlen=frames)
        self._steps = deque[Step](maxlen=frames - 1)
        self._count, self._levels = 1, observation.levels_completed

    def _history(self) -> CodedEpisode:
        steps = np.array(self._steps, dtype=np.int16).reshape(-1, 3)
        return CodedEpisode(
            np.stack(self._codes),
            steps[:, 0],
            steps[:, 1],
            steps[:, 2].astype(np.uint8),
            np.zeros(len(steps), dtype=np.bool_),
            opens=self._count == len(self._codes),
        )

    def _encode(self, observation: Observation) -> NDArray[np.int32]:
        return self.run.tokenizer.encode_frames(observation.frame_HW[None])[0]

    def _expressible(self, kind: int) -> bool:
        return kind < self.run.world_model.vocabulary.actions


def _place(action: GameAction) -> tuple[int, int]:
    if action.id != CLICK:
        return action.id, NO_CELL
    assert action.x is not None and action.y is not None
    return CLICK, cell_of(action.x, action.y)
