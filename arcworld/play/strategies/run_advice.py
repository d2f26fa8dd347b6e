"""What a run's models say in one game, shared by the strategies that use the run.

It stands in the list of strategies before those, to observe every action; it proposes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcworld.models.policies.policy import PolicyOutput
from arcworld.models.run import Run
from arcworld.planning.candidates import Candidates, as_action, prior_over
from arcworld.planning.encoded_history import EncodedHistory
from arcworld.planning.policy_gate import GateDecision, PolicyGate, PolicyGateConfig
from arcworld.planning.surprise import cell_surprise
from arcworld.play.agent import Decision, Source
from arcworld.play.agents.history import ModelHistory
from arcworld.play.observation import Observation
from arcworld.play.strategies.strategy import Answered, Context
from arcworld.recordings.episode import CLICK, RESET, Action, Outcome
from arcworld.tokens.sequence import CodedEpisode


@dataclass(frozen=True)
class RunAdviceConfig:
    """How the models are asked.

    Attributes:
        policy_gate: when the policy is followed.
        resolved: number of most probable candidates that are looked up in memory as pixels.
        repeated: factor on an action's probability for each time it was taken in this state.
    """

    policy_gate: PolicyGateConfig = field(default_factory=PolicyGateConfig)
    resolved: int = 8
    repeated: float = 0.25


@dataclass(frozen=True, eq=False)
class Advice:
    """What models and memory say of N candidate actions.

    Attributes:
        actions: those that were looked up in memory, by index of the candidate.
        level_N: P(level won | action).
        prior_N: the policy's probability of each candidate.
        scores_N: its logarithm, lowered for each time the action was taken in this state; -inf
            where the action is known to change nothing here or to end the game, or was not looked
            up.
        verdict: whether the policy is followed.
    """

    actions: Mapping[int, Action]
    level_N: NDArray[np.floating]
    prior_N: NDArray[np.floating]
    scores_N: NDArray[np.float64]
    verdict: GateDecision

    @property
    def open_N(self) -> NDArray[np.bool_]:
        """Whether each candidate may be chosen."""
        return self.scores_N > -np.inf

    def decision(self, index: int, source: Source, surprise: float) -> Decision:
        """Return the decision for a candidate."""
        expected = {
            "p_level": round(float(self.level_N[index]), 4),
            "prior": round(float(self.prior_N[index]), 4),
            "surprise": round(surprise, 3),
        }
        return Decision(self.actions[index], source.value, expected, source=source)


class RunAdvice:
    """Follows one game with a run's models.

    Attributes:
        run: with the models.
        history: the newest frames, as the models read them.
        gate: whether the policy is followed on this level.
        surprise: of the last measured frame, in nats.
    """

    def __init__(self, run: Run, config: RunAdviceConfig | None = None) -> None:
        self.run, self.config = run, config or RunAdviceConfig()

    def begin(self, context: Context) -> None:
        """Start a game that was just opened."""
        self.history = ModelHistory(self.run, context.observation)
        self.gate, self.surprise = PolicyGate(self.config.policy_gate), 0.0
        self._state = context.memory.here.number
        self._taken: Counter[tuple[int, Action]] = Counter()
        self._encoded: EncodedHistory | None = None
        self._advice: Advice | None = None
        self._observed = 0
        self._note_frame(context.observation)

    def propose(self, context: Context) -> Decision | None:
        """Propose nothing. The next strategy that asks gets new advice."""
        self._advice = None
        return None

    def advice(self, context: Context) -> Advice | None:
        """Advice on the next action, one for all strategies; None where models do not decide."""
        if self._advice is None and self.gate.asks:
            self._advice = self._ask(context)
        return self._advice

    def observe(self, context: Context, answered: Answered) -> None:
        """Update history and gate with the result of an action."""
        decision = answered.decision
        self._taken[self._state, decision.action] += 1
        self._state = context.memory.here.number
        if answered.levels_gained:
            self.gate.level_won(explored=decision.source is Source.EXPLORE)
        if answered.other_level:
            self._taken.clear()
            self.gate.new_level()
        elif decision.action.id == RESET:
            self._taken.clear()
            self.gate.start_over()
        self._note_frame(answered.after)
        window = self.history.observe(decision.action, answered.after)
        self._observed += 1
        if window is not None and self.gate.evaluates(self._observed):
            self.surprise = self._surprise(window)
            self.gate.surprised(self.surprise)
        self._encoded = None

    def _ask(self, context: Context) -> Advice | None:
        legal = context.observation.legal_actions
        candidates = Candidates.legal(
            list(filter(self.run.world_model.vocabulary.has_action, legal))
        )
        if not len(candidates):
            return None
        history = self.history.now()
        self._encoded = EncodedHistory(self.run.world_model, history)
        level_N = self._encoded.outcomes(candidates)[:, Outcome.LEVEL_WON]
        output = self.run.policy.policy_output(self.run.world_model, history)
        prior_N = prior_over(
            candidates, output.types_8.cpu().numpy(), output.places_65.cpu().numpy()
        )
        likely = {*np.argsort(-prior_N)[: self.config.resolved].tolist(), int(level_N.argmax())}
        actions = _resolve(candidates, sorted(likely), output, context.observation)
        scores_N = self._scores(context, prior_N, actions)
        verdict = self.gate.decide(float(np.exp(scores_N.max())), may_reset=RESET in legal)
        return Advice(actions, level_N, prior_N, scores_N, verdict)

    def _scores(
        self, context: Context, prior_N: NDArray[np.floating], actions: Mapping[int, Action]
    ) -> NDArray[np.float64]:
        """See `Advice.scores_N`."""
        memory = context.memory
        taken_N, useless_N = np.zeros(len(prior_N)), np.ones(len(prior_N), np.bool_)
        for index, action in actions.items():
            taken_N[index] = self._taken[memory.here.number, action]
            useless_N[index] = memory.is_useless(action)
        with np.errstate(divide="ignore"):
            scores_N = np.log(prior_N) + np.log(self.config.repeated) * taken_N
        return np.where(useless_N, -np.inf, np.maximum(scores_N, -1e9))

    def _note_frame(self, observation: Observation) -> None:
        """Tell the gate whether training showed this frame; one such frame makes a level known."""
        if not self.gate.is_in_training:
            novel = self.run.novelty_index.novel_frames(observation.frame_HW[None])
            self.gate.note_frame(shown=not bool(novel[0]))

    def _surprise(self, window: CodedEpisode) -> float:
        """Surprise in nats of the observed frame; reuses the decision's encoding if it fits."""
        if self._encoded is not None and self._encoded.is_before(window):
            return float(self._encoded.surprise(window).sum())
        return float(cell_surprise(self.run.world_model, window).sum())


def _resolve(
    candidates: Candidates, likely: list[int], output: PolicyOutput, observation: Observation
) -> dict[int, Action]:
    """Candidates as actions, by index; a click gets the pixel that the policy learned."""
    clicks = [i for i in likely if candidates.types_N[i] == CLICK]
    offsets: dict[int, int | None] = dict.fromkeys(likely)
    if clicks:
        logits = output.offsets([int(candidates.cells_N[i]) for i in clicks])
        if logits is not None:
            offsets |= dict(zip(clicks, logits.argmax(1).tolist(), strict=True))
    frame_HW = observation.frame_HW
    return {i: as_action(candidates, i, frame_HW, offsets[i]) for i in likely}
