"""Our agent: the policy proposes, the world model tells what wins, memory forbids what is known to
be useless; and where the policy cannot be trusted, memory explores.

Knows a run's models, planning, and the explorer, whose memory it shares; knows nothing of training.
The policy is trusted where the world model knows the game, by its surprise, and for as many actions
as a level has patience: a policy that does not win soon will not win.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcworld.models.run import Run
from arcworld.planning.candidates import Candidates
from arcworld.planning.choice import ChoiceConfig, as_action, choose, prior_over
from arcworld.planning.goals import level_probabilities
from arcworld.planning.surprise import RunningMean, cell_surprise
from arcworld.play.agent import Decision
from arcworld.play.agents.explorer import ExplorerAgent
from arcworld.play.agents.history import ModelHistory
from arcworld.play.observation import Observation
from arcworld.recordings.episode import CLICK, GameAction


@dataclass(frozen=True)
class WorldModelAgentConfig:
    """How the parts are weighed.

    Attributes:
        choice: the rule among candidates.
        familiar_nats: the policy is trusted where frames surprise less than this in the mean, in
            nats a frame.
        patience: actions that the policy has for the first level; doubled where it won, halved
            where it did not, and never below `least_patience`.
        resolved: candidates, the likeliest, that are looked up in memory by the pixel they land on.
    """

    choice: ChoiceConfig = field(default_factory=ChoiceConfig)
    familiar_nats: float = 30.0
    patience: int = 150
    least_patience: int = 20
    resolved: int = 8


class WorldModelAgent:
    """Plays with a run's tokenizer, world model and policy, and with memory."""

    name = "world-model"

    def __init__(
        self, run: Run, seed: int = 0, config: WorldModelAgentConfig | None = None
    ) -> None:
        self.run, self.seed = run, seed
        self.config = config or WorldModelAgentConfig()
        self.explorer = ExplorerAgent(seed)

    def begin(self, observation: Observation) -> None:
        """Forget the game before."""
        self._rng = np.random.default_rng(self.seed)
        self.explorer.begin(observation)
        self._history = ModelHistory(self.run, observation)
        self._nats, self._last_nats = RunningMean(rate=0.1), 0.0
        self._patience = self.config.patience
        self._enter()

    def choose_action(self, observation: Observation) -> Decision:
        """Decide by goal, policy or memory."""
        legal = [kind for kind in observation.legal_actions if self._history.expresses(kind)]
        candidates = Candidates.legal(legal)
        if not len(candidates):
            return self.explorer.choose_action(observation)
        history = self._history.now()
        level = level_probabilities(self.run.world_model, history, candidates)
        types, places = self.run.policy.prior_logits(self.run.world_model, [history])
        prior = prior_over(candidates, types[0].cpu().numpy(), places[0].cpu().numpy())
        actions = self._resolve(candidates, level, prior, observation)
        chosen = choose(
            self.config.choice,
            level,
            prior,
            *self._remembered(len(candidates), actions),
            not self._trusts_policy(),
            self._rng,
        )
        if chosen.index is None:
            return self._explore(observation)
        return Decision(
            actions[chosen.index],
            chosen.reason,
            {
                "p_level": round(float(level[chosen.index]), 4),
                "prior": round(float(prior[chosen.index]), 4),
                "surprise": round(self._last_nats, 3),
            },
        )

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Take in what an action led to."""
        memory = self.explorer.memory
        level, state = memory.level, memory.here.number
        self._taken[state, decision.action] += 1
        self._spent += 1
        self.explorer.observe(decision, observation)
        if memory.level > level:
            self._settle(decision)
        window = self._history.observe(decision.action, observation)
        if window is not None:
            self._last_nats = float(cell_surprise(self.run.world_model, window).sum())
            self._nats.update(self._last_nats)

    def _explore(self, observation: Observation) -> Decision:
        decision = self.explorer.choose_action(observation)
        expected = dict(decision.expected) | {"surprise": round(self._last_nats, 3)}
        return Decision(decision.action, f"explore, {decision.reason}", expected)

    def _trusts_policy(self) -> bool:
        return self._nats.value < self.config.familiar_nats and self._spent < self._patience

    def _settle(self, decision: Decision) -> None:
        """A level was won: whoever won it has earned trust for the next."""
        by_explorer = decision.reason.startswith("explore")
        self._patience = self._patience // 2 if by_explorer else self._patience * 2
        limits = self.config.least_patience, self.config.patience
        self._patience = min(max(self._patience, limits[0]), limits[1])
        self._enter()

    def _enter(self) -> None:
        self._spent = 0
        self._taken: Counter[tuple[int, GameAction]] = Counter()

    def _resolve(
        self,
        candidates: Candidates,
        level_N: NDArray[np.floating],
        prior_N: NDArray[np.floating],
        observation: Observation,
    ) -> dict[int, GameAction]:
        """The likeliest candidates as actions, by index: clicks on the pixel the policy learnt."""
        count = self.config.resolved
        likely = {*np.argsort(-prior_N)[:count].tolist(), int(level_N.argmax())}
        clicks = [i for i in likely if candidates.types_N[i] == CLICK]
        offsets: dict[int, int | None] = dict.fromkeys(likely)
        if clicks:
            cells = [int(candidates.cells_N[i]) for i in clicks]
            past = [self._history.now()]
            logits = self.run.policy.offset_logits(self.run.world_model, past, cells)
            if logits is not None:
                offsets |= dict(zip(clicks, logits.argmax(1).tolist(), strict=True))
        frame_HW = observation.frame_HW
        return {i: as_action(candidates, i, frame_HW, offsets[i]) for i in sorted(likely)}

    def _remembered(
        self, count: int, actions: dict[int, GameAction]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """How often each candidate was taken here, and which are useless: all unlikely ones are."""
        memory = self.explorer.memory
        taken, useless = np.zeros(count, np.int64), np.ones(count, np.bool_)
        for index, action in actions.items():
            taken[index] = self._taken[memory.here.number, action]
            useless[index] = memory.is_useless(action)
        return taken, useless
