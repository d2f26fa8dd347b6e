"""An agent made of strategies: the first that proposes a decision is followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from arcworld.online.model import OnlineWorldModel
from arcworld.play.agent import Decision, Source
from arcworld.play.agents.explorer import ExplorerAgent
from arcworld.play.observation import Observation
from arcworld.play.strategies.explore import Explore
from arcworld.play.strategies.strategy import Answered, Context, Learned, Strategy
from arcworld.recordings.episode import RESET, Action, Step


class StrategyAgent:
    """Plays with an ordered list of strategies; the last is always Explore.

    Attributes:
        context: state shared by the strategies; set by `begin`.
        chosen: number of decisions by source, in this game.
    """

    context: Context

    def __init__(
        self,
        strategies: Sequence[Strategy] = (),
        seed: int = 0,
        name: str = "online",
        explorer: ExplorerAgent | None = None,
        model: Callable[[], OnlineWorldModel] | None = OnlineWorldModel,
    ) -> None:
        """Make an agent.

        Args:
            strategies: in the order in which they are asked.
            seed: of the explorer.
            name: for tables and recordings.
            explorer: acts when no strategy proposes anything; None: one with this seed.
            model: makes the world model that learns a game during play; None: there is none.
        """
        self.name, self._make_model = name, model
        self.explorer = explorer or ExplorerAgent(seed)
        self.strategies: tuple[Strategy, ...] = (*strategies, Explore(self.explorer))
        self.chosen: Counter[Source] = Counter()
        self._pending: Decision | None = None
        self._unanswered: set[Action] = set()

    @property
    def plans(self) -> dict[str, dict[str, int]]:
        """What became of the plans in this game: form of goal -> fate -> how many."""
        found: dict[str, dict[str, int]] = {}
        for strategy in self.strategies:
            log: Mapping[tuple[str, str], int] = getattr(strategy, "log", {})
            for (form, fate), count in log.items():
                found.setdefault(form, {})[fate] = count
        return found

    @property
    def beliefs(self) -> tuple[str, ...]:
        """What the strategies take for the goal, one line each."""
        goals = [getattr(strategy, "goals", None) for strategy in self.strategies]
        return tuple(line for one in goals if one is not None for line in one.explain())

    def begin(self, observation: Observation) -> None:
        """Start a game that was just opened; drop all state of the previous game."""
        self.explorer.begin(observation)
        self.context = Context(observation, self.explorer.memory, self._open(observation))
        self.chosen.clear()
        self._pending = None
        self._unanswered.clear()
        for strategy in self.strategies:
            strategy.begin(self.context)

    def choose_action(self, observation: Observation) -> Decision:
        """Return the first proposal. An action that got no answer is not tried again here."""
        if self._pending is not None:
            self.explorer.give_up(self._pending.action)
            self._unanswered.add(self._pending.action)
        self.context.observation = observation
        decision = next(
            decision
            for strategy in self.strategies
            if (decision := strategy.propose(self.context)) is not None
            and self._may_follow(decision, observation)
        )
        self._pending = decision = replace(decision, beliefs=self.beliefs)
        return decision

    def _may_follow(self, decision: Decision, observation: Observation) -> bool:
        """Whether a proposal is legal and was answered; what explores knows that by itself."""
        unanswered = decision.action in self._unanswered and decision.source is not Source.EXPLORE
        return decision.action.id in observation.legal_actions and not unanswered

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Learn from an answered action, also from one that the agent did not choose."""
        context, own, self._pending = self.context, decision is self._pending, None
        self._unanswered.clear()
        if decision.source is not None:
            self.chosen[decision.source] += 1
        before = context.observation
        step = Step(
            before.frame_HW,
            decision.action,
            observation.outcome_after(before.levels_completed),
            observation.frame_HW,
        )
        answered = Answered(decision, own, step, before, observation)
        self.explorer.observe(decision, observation)
        self._advance(answered)
        for strategy in self.strategies:
            strategy.observe(context, answered)

    def _open(self, observation: Observation) -> Learned | None:
        """An untrained world model, at the first frame of a game."""
        if self._make_model is None:
            return None
        return Learned.opened(self._make_model(), observation)

    def _advance(self, answered: Answered) -> None:
        """Update the context to the state after an answered action."""
        context, after = self.context, answered.after
        if context.learned is not None:
            context.learned.observe(answered.step, after)
        context.observation = after
        if answered.new_level:
            context.level_actions, context.lives = 0, 1
        else:
            context.level_actions += 1
            context.lives += answered.decision.action.id == RESET
