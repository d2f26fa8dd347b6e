"""Agent `world-model`: policy, world model and memory decide together.

The policy proposes actions, the world model predicts which action wins the level, and memory
excludes actions that are known to be useless. Where the policy cannot be trusted
(`planning.policy_gate`), the explorer plays on the same memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from arcworld.models.policy import PolicyOutput
from arcworld.models.run import Run
from arcworld.planning.candidates import Candidates
from arcworld.planning.choice import (
    SelectionConfig,
    as_action,
    choose,
    open_scores,
    prior_over,
)
from arcworld.planning.click_prior import click_prior
from arcworld.planning.encoded_history import EncodedHistory
from arcworld.planning.lookahead import LookAheadConfig
from arcworld.planning.policy_gate import PolicyGate, PolicyGateConfig
from arcworld.planning.return_to_start import ReturnToStart
from arcworld.planning.surprise import cell_surprise
from arcworld.play.agent import Decision
from arcworld.play.agents.explorer import ExplorerAgent, ExplorerConfig
from arcworld.play.agents.history import ModelHistory
from arcworld.play.observation import Observation
from arcworld.recordings.episode import CLICK, RESET, Action, Outcome
from arcworld.tokens.sequence import CodedEpisode


@dataclass(frozen=True)
class WorldModelAgentConfig:
    """Settings of the parts.

    Attributes:
        choice: how one of the candidate actions is chosen.
        policy_gate: when the policy is followed.
        look: search for a way back to the start of the level.
        adapts: whether a network learns during play what actions do (`planning.change_predictor`).
        resolved: number of most probable candidates that are looked up in memory as pixels.
    """

    choice: SelectionConfig = field(default_factory=SelectionConfig)
    policy_gate: PolicyGateConfig = field(default_factory=PolicyGateConfig)
    look: LookAheadConfig = field(default_factory=LookAheadConfig)
    adapts: bool = True
    resolved: int = 8


class WorldModelAgent:
    """Plays with a run's tokenizer, world model and policy, and with memory."""

    name = "world-model"

    def __init__(
        self, run: Run, seed: int = 0, config: WorldModelAgentConfig | None = None
    ) -> None:
        self.run, self.seed = run, seed
        self.config = config or WorldModelAgentConfig()
        self.explorer = ExplorerAgent(seed, ExplorerConfig(learns=self.config.adapts))

    def begin(self, observation: Observation) -> None:
        """Start a game that was just opened; drop all state of the previous game."""
        self._rng = np.random.default_rng(self.seed)
        self.explorer.game_priors = self.run.game_priors.get(observation.game_id)
        self.explorer.begin(observation)
        self._history = ModelHistory(self.run, observation)
        self._gate, self._last_nats = PolicyGate(self.config.policy_gate), 0.0
        self._taken: Counter[tuple[int, Action]] = Counter()
        self._chosen: Decision | None = None
        self._encoded: EncodedHistory | None = None
        self._observed = 0
        self._missed: set[Action] = set()
        self._return_to_start = ReturnToStart(self.run, self.config.look)
        self._note_frame(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """Decide by return to start, goal, policy or memory; never repeat an unanswered action."""
        if self._chosen is not None:
            self.explorer.give_up(self._chosen.action)
        self._chosen = self._back() or self._decide(observation)
        return self._chosen

    def _decide(self, observation: Observation) -> Decision:
        legal = [kind for kind in observation.legal_actions if self._history.expresses(kind)]
        candidates = Candidates.legal(legal)
        if self._gate.is_lost and RESET in observation.legal_actions:
            return Decision(Action(RESET), "start over: the world model's surprise is high here")
        if not self._gate.asks or not len(candidates):
            return self._explore(observation)
        history = self._history.now()
        self._encoded = EncodedHistory(self.run.world_model, history)
        level = self._encoded.outcomes(candidates)[:, Outcome.LEVEL_WON]
        output = self.run.policy.policy_output(self.run.world_model, history)
        prior = prior_over(candidates, output.types_8.cpu().numpy(), output.places_65.cpu().numpy())
        actions = self._resolve(candidates, level, prior, output, observation)
        known = self._from_memory(len(candidates), actions)
        taken, useless, _ = known
        rule = self.config.choice
        left = float(np.exp(open_scores(rule, prior, taken, useless).max()))
        gate = self._gate.decide(left, may_reset=RESET in observation.legal_actions)
        if gate == "start over":
            return Decision(Action(RESET), "start over: the policy does not win from here")
        bolder = replace(rule, temperature=rule.temperature * self._gate.restarts)
        chosen = choose(bolder, level, prior, *known, gate == "explore", self._rng)
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
        """Update memory, history and gate with the result of an action."""
        memory = self.explorer.memory
        level, state = memory.level, memory.here.number
        self._taken[state, decision.action] += 1
        self.explorer.observe(decision, observation)
        if memory.level > level:
            self._gate.level_won(explored=decision.reason.startswith("explore"))
        if memory.level != level:
            self._taken.clear()
            self._missed.clear()
            self._gate.new_level()
            self._return_to_start.new_level()
        elif decision.reason == "goal":
            self._missed.add(decision.action)
        elif decision.action.id == RESET:
            self._taken.clear()
            self._gate.start_over()
            self._return_to_start.new_level()
        elif decision is not self._chosen:
            self._return_to_start.leave_path()
        self._chosen = None
        self._note_frame(observation)
        window = self._history.observe(decision.action, observation)
        self._observed += 1
        if window is not None and self._gate.evaluates(self._observed):
            self._last_nats = self._surprise(window)
            self._gate.surprised(self._last_nats)
        self._encoded = None

    def _note_frame(self, observation: Observation) -> None:
        """Tell the gate whether training showed this frame; one such frame makes a level known."""
        if not self._gate.is_in_training:
            novel = self.run.novelty_index.novel_frames(observation.frame_HW[None])
            self._gate.note_frame(shown=not bool(novel[0]))

    def _surprise(self, window: CodedEpisode) -> float:
        """Surprise in nats of the observed frame; reuses the decision's encoding if it fits."""
        if self._encoded is not None and self._encoded.is_before(window):
            return float(self._encoded.surprise(window).sum())
        return float(cell_surprise(self.run.world_model, window).sum())

    def _back(self) -> Decision | None:
        """A step back to the start of the level, where the policy is used and knows what to do."""
        if not self._gate.asks:
            return None
        step = self._return_to_start.step(self.explorer.memory, self._history.now())
        if step is None:
            return None
        what = f"back: {step.distance} pixels from the level's first frame; {step.why}"
        return Decision(step.action, what, {"distance": float(step.distance)})

    def _explore(self, observation: Observation) -> Decision:
        self._expect(observation)
        decision = self.explorer.choose_action(observation)
        expected = dict(decision.expected) | {"surprise": round(self._last_nats, 3)}
        return Decision(decision.action, f"explore, {decision.reason}", expected)

    def _expect(self, observation: Observation) -> None:
        """Set memory's click prior, once per level, in games that the run was trained on."""
        known = observation.game_id in self.run.about.get("games", ())
        memory = self.explorer.memory
        if known and not memory.has_click_prior and CLICK in observation.legal_actions:
            memory.set_click_prior(click_prior(self.run.world_model, self._history.now()))

    def _resolve(
        self,
        candidates: Candidates,
        level_N: NDArray[np.floating],
        prior_N: NDArray[np.floating],
        output: PolicyOutput,
        observation: Observation,
    ) -> dict[int, Action]:
        """The most probable candidates as actions, by index; a click gets the pixel that the policy
        learned."""
        count = self.config.resolved
        likely = {*np.argsort(-prior_N)[:count].tolist(), int(level_N.argmax())}
        clicks = [i for i in likely if candidates.types_N[i] == CLICK]
        offsets: dict[int, int | None] = dict.fromkeys(likely)
        if clicks:
            cells = [int(candidates.cells_N[i]) for i in clicks]
            logits = output.offsets(cells)
            if logits is not None:
                offsets |= dict(zip(clicks, logits.argmax(1).tolist(), strict=True))
        frame_HW = observation.frame_HW
        return {i: as_action(candidates, i, frame_HW, offsets[i]) for i in sorted(likely)}

    def _from_memory(
        self, count: int, actions: dict[int, Action]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return three arrays [N] over the candidates.

        Returns:
            How often each was taken in this state; whether it is useless (true for all candidates
            that were not resolved); whether it was predicted to win this level and did not.
        """
        memory = self.explorer.memory
        taken, useless = np.zeros(count, np.int64), np.ones(count, np.bool_)
        missed = np.zeros(count, np.bool_)
        for index, action in actions.items():
            taken[index] = self._taken[memory.here.number, action]
            useless[index] = memory.is_useless(action)
            missed[index] = action in self._missed
        return taken, useless, missed
