"""An agent made of strategies: the first that proposes a decision is followed.

It needs no trained run: its world model learns the game during play.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from arcworld.online.model import OnlineWorldModel
from arcworld.play.agent import Decision, Source
from arcworld.play.agents.explorer import ExplorerAgent, ExplorerConfig
from arcworld.play.observation import Observation
from arcworld.play.strategies.explore import Explore
from arcworld.play.strategies.strategy import Answered, Context, Strategy
from arcworld.recordings.episode import RESET, Step


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
        explorer: ExplorerConfig | None = None,
        model: Callable[[], OnlineWorldModel] = OnlineWorldModel,
    ) -> None:
        """Make an agent.

        Args:
            strategies: in the order in which they are asked.
            seed: of the explorer.
            name: for tables and recordings.
            explorer: settings of the explorer, which acts when no strategy proposes anything.
            model: makes the world model of a game.
        """
        self.name, self._make_model = name, model
        self.explorer = ExplorerAgent(seed, explorer)
        self.strategies: tuple[Strategy, ...] = (*strategies, Explore(self.explorer))
        self.chosen: Counter[Source] = Counter()
        self._pending: Decision | None = None

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
        model = self._make_model()
        state = model.reset(observation.frame_HW, observation.available_actions)
        self.context = Context(observation, self.explorer.memory, model, state)
        self.chosen.clear()
        self._pending = None
        for strategy in self.strategies:
            strategy.begin(self.context)

    def choose_action(self, observation: Observation) -> Decision:
        """Return the first proposal. An action that got no answer is not tried again here."""
        if self._pending is not None:
            self.explorer.give_up(self._pending.action)
        self.context.observation = observation
        decision = next(
            decision
            for strategy in self.strategies
            if (decision := strategy.propose(self.context)) is not None
            and decision.action.id in observation.legal_actions
        )
        self._pending = decision = replace(decision, beliefs=self.beliefs)
        return decision

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Learn from an answered action, also from one that the agent did not choose."""
        context, self._pending = self.context, None
        if decision.source is not None:
            self.chosen[decision.source] += 1
        before = context.observation
        step = Step(
            before.frame_HW,
            decision.action,
            observation.outcome_after(before.levels_completed),
            observation.frame_HW,
        )
        answered = Answered(decision, step, before, observation)
        self.explorer.observe(decision, observation)
        self._advance(answered)
        for strategy in self.strategies:
            strategy.observe(context, answered)

    def _advance(self, answered: Answered) -> None:
        """Update the context to the state after an answered action."""
        context, after = self.context, answered.after
        state = context.model.observe(context.state, answered.step)
        if answered.after.full_reset:
            state = context.model.reset(after.frame_HW, after.available_actions)
        context.state = replace(state, available=after.available_actions)
        context.observation = after
        if answered.new_level:
            context.level_actions, context.lives = 0, 1
        else:
            context.level_actions += 1
            context.lives += answered.decision.action.id == RESET
