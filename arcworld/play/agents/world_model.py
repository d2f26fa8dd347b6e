"""The agent of the seed's design: policy proposes, world model foretells, the rule chooses.

Knows a run's models and planning; knows nothing of training. It remembers which choices changed
nothing in a frame, and does not repeat them there.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from arcworld.models.run import Run
from arcworld.planning.candidates import Candidates
from arcworld.planning.choice import ChoiceConfig, as_action, choose, prior_over
from arcworld.planning.goals import level_probabilities
from arcworld.planning.surprise import RunningMean, cell_surprise
from arcworld.play.agent import Decision
from arcworld.play.observation import Observation
from arcworld.recordings.episode import CLICK, RESET, GameAction, Outcome
from arcworld.tokens.cells import NO_CELL, cell_of
from arcworld.tokens.sequence import CodedEpisode

type Place = tuple[int, int]
"""An action's type and cell."""


class WorldModelAgent:
    """Plays with a run's tokenizer, world model and policy."""

    name = "world-model"

    def __init__(self, run: Run, seed: int = 0, config: ChoiceConfig | None = None) -> None:
        self.run, self.seed = run, seed
        self.config = config or ChoiceConfig()
        self._rng = np.random.default_rng(seed)
        self._useless: dict[bytes, set[Place]] = defaultdict(set)

    def begin(self, observation: Observation) -> None:
        """Forget the game before."""
        self._rng = np.random.default_rng(self.seed)
        self._useless.clear()
        self._usual, self._ratio = RunningMean(), 0.0
        self._history = self._open(observation)
        self._last = observation

    def choose_action(self, observation: Observation) -> Decision:
        """Decide by goal, surprise or policy, among the legal candidates."""
        candidates = Candidates.legal(self._expressible(observation.legal_actions))
        if not len(candidates):
            return Decision(GameAction(RESET), "nothing else is legal")
        level = level_probabilities(self.run.world_model, self._history, candidates)
        prior = self._prior(candidates)
        useless = self._useless_among(observation, candidates)
        chosen = choose(self.config, level, prior, useless, self._ratio, self._rng)
        expected = {
            "p_level": round(float(level[chosen.index]), 4),
            "prior": round(float(prior[chosen.index]), 4),
            "surprise": round(self._ratio, 3),
        }
        action = as_action(candidates, chosen.index, observation.frame_HW)
        return Decision(action, chosen.reason, expected)

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Take in what an action led to."""
        before = self._last
        self._last = observation
        if observation.full_reset:
            self._history = self._open(observation)
            return
        if np.array_equal(before.frame_HW, observation.frame_HW):
            self._useless[before.frame_HW.tobytes()].add(_place(decision.action))
        won = observation.levels_completed > before.levels_completed
        window = self._extend(decision.action, observation, won)
        nats = float(cell_surprise(self.run.world_model, window).sum())
        self._ratio = nats / max(self._usual.value, 1e-6) if self._usual.count else 0.0
        self._usual.update(nats)
        self._history = _tail(window, self.run.world_model.config.context_frames)

    def _open(self, observation: Observation) -> CodedEpisode:
        none = np.zeros(0, dtype=np.int16)
        codes = self._encode(observation)
        return CodedEpisode(codes, none, none, none.astype(np.uint8), none.astype(np.bool_))

    def _encode(self, observation: Observation) -> NDArray[np.int32]:
        return self.run.tokenizer.encode_frames(observation.frame_HW[None])

    def _extend(self, action: GameAction, observation: Observation, won: bool) -> CodedEpisode:
        past, (kind, cell) = self._history, _place(action)
        outcome = Outcome.LEVEL_WON if won else Outcome.NOTHING
        return CodedEpisode(
            np.concatenate([past.indices_TC, self._encode(observation)]),
            np.append(past.types_A, np.int16(kind)),
            np.append(past.cells_A, np.int16(cell)),
            np.append(past.outcomes_A, np.uint8(outcome)),
            np.append(past.winning_A, np.False_),
            past.opens,
        )

    def _expressible(self, legal: tuple[int, ...]) -> list[int]:
        """Legal actions that the run's scheme has a token for."""
        return [kind for kind in legal if kind < self.run.world_model.vocabulary.actions]

    def _prior(self, candidates: Candidates) -> NDArray[np.float64]:
        types, places = self.run.policy.prior_logits(self.run.world_model, [self._history])
        return prior_over(candidates, types[0].cpu().numpy(), places[0].cpu().numpy())

    def _useless_among(self, observation: Observation, candidates: Candidates) -> NDArray[np.bool_]:
        known = self._useless.get(observation.frame_HW.tobytes(), set())
        pairs = zip(candidates.types_N.tolist(), candidates.cells_N.tolist(), strict=True)
        return np.array([pair in known for pair in pairs], dtype=np.bool_)


def _place(action: GameAction) -> Place:
    if action.id != CLICK:
        return action.id, NO_CELL
    assert action.x is not None and action.y is not None
    return CLICK, cell_of(action.x, action.y)


def _tail(window: CodedEpisode, frames: int) -> CodedEpisode:
    return window.window(max(len(window.indices_TC) - frames, 0), frames)
