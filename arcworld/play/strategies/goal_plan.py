"""Strategy GoalPlan: plan toward hypotheses about what wins the level.

A hypothesis that became true at the moment a level was won counts as confirmed and is planned for
first on later levels. On a level without a confirmed goal, a few plans are tried within a small
budget; then the level is left to the next strategies. Unconfirmed goals without such a budget
displaced the explorer and cost first levels (docs/LOG.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from arcworld.goals import Belief, Beliefs, GoalTracker, Hypothesis, progress, sentence
from arcworld.planning.goal_search import GoalSearch, GoalSearchConfig, Plan
from arcworld.play.agent import Decision, Source
from arcworld.play.strategies.strategy import Answered, Context
from arcworld.recordings.episode import RESET, UNDO, Action

ACT = 5
"""Action 5; many games use it to confirm."""


@dataclass(frozen=True)
class GoalPlanConfig:
    """Budgets of planning.

    Attributes:
        search: of one search for a plan.
        plans: maximum number of plans for unconfirmed goals on a level.
        actions: maximum number of actions on a level for unconfirmed goals.
        hypotheses: number of hypotheses considered in one decision.
        least: an unconfirmed goal below this probability gets no plan.
        crowd: with more hypotheses than this, and none as likely as `clear`, no plan is made.
        clear: see `crowd`; also the minimum probability of an unconfirmed goal for an experiment.
        experiments: maximum number of experiments (clicks of unknown effect) per round that brought
            the goal no nearer: (for a confirmed goal, for an unconfirmed one).
        again: after this number of actions on a level, plans and actions are granted once more,
            because more is known by then.
        patience: maximum number of actions to wait after a goal became true and nothing was won.
        every: after a search without a plan, this number of decisions pass without a search;
            doubled each time on a level.
    """

    search: GoalSearchConfig = field(default_factory=GoalSearchConfig)
    plans: int = 3
    actions: int = 40
    hypotheses: int = 8
    least: float = 0.05
    crowd: int = 60
    clear: float = 0.15
    experiments: tuple[int, int] = (8, 2)
    again: int = 100
    patience: int = 12
    every: int = 4


class GoalPlan:
    """Follows a plan as long as the game does what was predicted.

    Attributes:
        goals: hypotheses about the goal, and beliefs in them.
        plan: the plan that is followed, if any.
        log: number of plans by (form of the goal, what became of the plan).
    """

    source = Source.PLAN

    def __init__(
        self,
        config: GoalPlanConfig | None = None,
        beliefs: Callable[[], Beliefs] = Beliefs,
    ) -> None:
        self.config, self._beliefs = config or GoalPlanConfig(), beliefs
        self.log: Counter[tuple[str, str]] = Counter()

    def begin(self, context: Context) -> None:
        """Start a game that was just opened."""
        self.goals = GoalTracker(beliefs=self._beliefs())
        observation = context.observation
        self.goals.begin(observation.frame_HW, observation.available_actions)
        self.log.clear()
        self._tried_actions: set[int] = set()
        self._new_level()

    def _new_level(self) -> None:
        self.plan: Plan | None = None
        self._at = 0
        self._waited = 0
        self._plans = self._spent = self._pause = self._round = 0
        self._next_pause = self.config.every
        self._failed: set[Hypothesis] = set()
        self._replanned: set[Hypothesis] = set()
        self._useless: Counter[Hypothesis] = Counter()
        self._clicked: Counter[Action] = Counter()
        self._is_free = False

    # propose

    def propose(self, context: Context) -> Decision | None:
        """Return the next step of the current plan or of a new one; None if there is no plan."""
        if self.plan is None and not self._make_plan(context):
            return None
        assert self.plan is not None
        step = self._next_step(context, self.plan)
        if step is None:
            self._end("finished")
            return self.propose(context) if self._is_free else None
        self._spent += 1
        belief = sentence(self.plan.hypothesis, self.goals.scene)
        left = float(len(self.plan) - self._at)
        return Decision(step, f"plan: {belief}", {"left": left}, source=self.source)

    def _next_step(self, context: Context, plan: Plan) -> Action | None:
        """The next action; at the end of the plan, wait if the goal is true."""
        if self._at < len(plan.actions):
            return plan.actions[self._at]
        holds = self._distance(context, plan.hypothesis) == 0
        if not holds or plan.is_experiment:
            tried = self._at - len(plan.actions)
            return plan.last[tried] if tried < min(len(plan.last), 4) else None
        return self._wait(context)

    def _wait(self, context: Context) -> Action | None:
        """Send ACT once, then wait: some games show a won level for a while."""
        legal = [n for n in context.observation.available_actions if n not in (RESET, UNDO)]
        simple = [n for n in legal if n < 6]
        self._waited += 1
        if self._waited > 1 and (self._waited > self.config.patience or not self._moving):
            return None
        if self._waited == 1 and ACT in legal:
            return Action(ACT)
        return Action(simple[-1]) if simple and self._moving else None

    def _distance(self, context: Context, hypothesis: Hypothesis) -> float:
        memory = self.goals.beliefs.memory(hypothesis)
        return progress(hypothesis, self.goals.scene, context.state.frame_HW, memory).distance

    def _make_plan(self, context: Context) -> bool:
        if self._pause > 0:
            self._pause -= 1
            return False
        beliefs = self._candidates(context)
        if not beliefs:
            return False
        search = GoalSearch(
            context.model, self.goals.scene, context.state, self.config.search, self._clicked
        )
        found: list[tuple[float, Plan]] = []
        for belief in beliefs:
            if search.is_over:
                break
            plan = search.plan(belief.hypothesis, self.goals.beliefs.memory(belief.hypothesis))
            if plan is not None and len(plan) and self._may_try(plan, belief):
                cost = -math.log(max(belief.probability, 1e-3)) + len(plan) / 15
                cost += plan.is_experiment - 100 * belief.confirmed
                found.append((cost, plan))
        if not found:
            self._pause = self._next_pause
            self._next_pause *= 2
            return False
        self._start(min(found, key=lambda pair: pair[0])[1])
        return True

    def _may_try(self, plan: Plan, belief: Belief) -> bool:
        """Whether an experiment is worth an action: the goal is likely, and such clicks helped."""
        if not plan.is_experiment:
            return True
        likely = belief.confirmed or belief.probability >= self.config.clear
        most = self.config.experiments[not belief.confirmed]
        return bool(likely) and self._useless[plan.hypothesis] < most

    def _candidates(self, context: Context) -> list[Belief]:
        """Goals to plan for now: the confirmed ones, else the likeliest within the budget."""
        self._grant(context)
        beliefs = [b for b in self.goals.order() if b.hypothesis not in self._failed]
        confirmed = [b for b in beliefs if b.confirmed]
        if confirmed:
            return confirmed[:3]
        config = self.config
        simple = {n for n in context.observation.available_actions if n < 6}
        if not simple <= self._tried_actions or self._plans >= config.plans:
            return []
        if self._spent >= config.actions or not beliefs:
            return []
        if len(beliefs) > config.crowd and beliefs[0].probability < config.clear:
            return []
        return [b for b in beliefs[: config.hypotheses] if b.probability >= config.least]

    def _grant(self, context: Context) -> None:
        """Begin a new round of plans every `again` actions of a level."""
        if context.level_actions // self.config.again > self._round:
            self._round = context.level_actions // self.config.again
            self._plans = self._spent = 0
            self._next_pause = self.config.every
            self._failed.clear()
            self._replanned.clear()
            self._useless.clear()

    def _start(self, plan: Plan) -> None:
        self.plan, self._at, self._waited, self._moving = plan, 0, 0, False
        if plan.is_experiment:
            self._clicked[plan.last[0]] += 1
            self._before = self.goals.beliefs.memory(plan.hypothesis).distance
            self.log[plan.hypothesis.form, "experiment"] += 1
            return
        self._plans += 1
        self.goals.beliefs.tried(plan.hypothesis)
        self.log[plan.hypothesis.form, "started"] += 1

    def _end(self, how: str) -> None:
        """Close a plan that ended without a win."""
        plan, self.plan = self.plan, None
        assert plan is not None
        self._is_free = plan.is_experiment
        if plan.is_experiment:
            self._next_pause = self.config.every
            now = self.goals.beliefs.memory(plan.hypothesis).distance
            self._useless[plan.hypothesis] += now >= self._before
            return
        self.log[plan.hypothesis.form, how] += 1
        self.goals.beliefs.missed(plan.hypothesis)
        self._failed.add(plan.hypothesis)

    # observe

    def observe(self, context: Context, answered: Answered) -> None:
        """Update the beliefs in goals; compare the distance to the goal with the predicted one."""
        self._tried_actions.add(answered.step.action.id)
        followed = self.plan is not None and answered.decision.source is self.source
        if answered.levels_gained and self.plan is not None and followed:
            self.log[self.plan.hypothesis.form, "won"] += 1
        grids = answered.after.grids
        won_HW = grids[-2] if answered.levels_gained and len(grids) > 1 else None
        if answered.after.full_reset:
            self.goals.begin(answered.after.frame_HW, answered.after.available_actions)
        else:
            self.goals.observe(answered.step, won_HW)
        if answered.new_level:
            self._new_level()
        elif answered.is_lost or answered.step.action.id == RESET:
            self._drop(lost=answered.is_lost and followed)
        elif followed:
            self._compare(answered)
        else:
            self.plan = None

    def _drop(self, *, lost: bool) -> None:
        if self.plan is not None and lost:
            self._end("refuted")
        self.plan = None

    def _compare(self, answered: Answered) -> None:
        """Continue the plan if the goal is as near as predicted, whatever else changed."""
        plan = self.plan
        assert plan is not None
        visible_HW = ~self.goals.scene.rim_HW
        step = answered.step
        self._moving = bool((step.frame_HW != step.next_frame_HW)[visible_HW].any())
        at, self._at = self._at, self._at + 1
        if at >= len(plan.actions):
            return
        memory = self.goals.beliefs.memory(plan.hypothesis)
        if memory.distance > plan.distances[at] + 0.5:
            self._surprise(plan)

    def _surprise(self, plan: Plan) -> None:
        self.log[plan.hypothesis.form, "surprised"] += 1
        if plan.hypothesis in self._replanned:
            self._end("refuted")
        else:
            self._replanned.add(plan.hypothesis)
            self._plans -= 1
            self.plan = None
