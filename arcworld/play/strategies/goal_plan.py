"""Strategy GoalPlan: plan toward hypotheses about what wins the level.

Each plan has a gain: the probability of its goal divided by the number of its actions, lowered for
each earlier plan for this goal that ended elsewhere than predicted. The plan with the highest gain
is followed if the gain is above a minimum, which is about that of exploring. If no plan exists from
the current state, plans that begin with a RESET are considered. A goal that became true at the
moment a level was won is confirmed and has a high probability on later levels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from arcworld.goals import START, Belief, Beliefs, GoalTracker, Hypothesis, progress, sentence
from arcworld.online.scene import OnlineState
from arcworld.planning.click_effects import ClickEffects
from arcworld.planning.goal_search import GoalSearch, Plan, after_reset
from arcworld.planning.imagined_steps import ImaginedSteps
from arcworld.play.agent import Decision, Source
from arcworld.play.strategies.plan_budget import GoalPlanConfig, PlanBudget
from arcworld.play.strategies.strategy import Answered, Context
from arcworld.play.strategies.waiting import Waiting
from arcworld.recordings.episode import RESET, Action, Outcome, Step


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
        self._waiting = Waiting(self.config.patience)
        self._new_level(context)

    def _new_level(self, context: Context) -> None:
        self._first, self._since_reset = context.state, 0
        self.plan: Plan | None = None
        self._at = 0
        self.budget = PlanBudget(self.config)
        self._steps = ImaginedSteps[OnlineState]()
        self._is_free = False
        self._clicks = ClickEffects()

    # propose

    def propose(self, context: Context) -> Decision | None:
        """Return the next step of the current plan or of a new one; None if there is no plan."""
        if self.plan is None and not self._make_plan(context):
            return None
        assert self.plan is not None
        step = self._next_step(context, self.plan)
        if step is None:
            reached = self._distance(context, self.plan.hypothesis) == 0
            self._end(context, "finished" if reached else "astray")
            return self.propose(context) if self._is_free else None
        self.budget.spent += 1
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
        legal = context.observation.available_actions
        return self._waiting.action(legal, context.model.status_bars())

    def _distance(self, context: Context, hypothesis: Hypothesis) -> float:
        memory = self.goals.beliefs.memory(hypothesis)
        return progress(hypothesis, self.goals.scene, context.state.frame_HW, memory).distance

    def _make_plan(self, context: Context) -> bool:
        confirmed = self.goals.beliefs.confirmed
        if not self.budget.may_think(context.level_actions, confirmed=bool(confirmed)):
            return False
        beliefs = self._candidates(context)
        if not beliefs:
            return False
        best = self._best_plan(context, beliefs, context.state)
        if best is None and self._may_reset(context):
            best = self._best_plan(context, beliefs, self._first)
        if best is not None:
            self.budget.debt *= best.is_experiment and not confirmed
            self._start(best)
        return best is not None

    def _best_plan(
        self, context: Context, beliefs: Sequence[Belief], start: OnlineState
    ) -> Plan | None:
        """The plan with the highest gain from the present state, or from the level's first."""
        resets = start is not context.state
        search = GoalSearch(
            context.model,
            self.goals.scene,
            start,
            self.config.search,
            self._steps,
            self.budget.clicked,
        )
        best: tuple[float, Plan] | None = None
        for belief in beliefs:
            if search.is_over:
                break
            memory = START if resets else self.goals.beliefs.memory(belief.hypothesis)
            plan = None if resets else self._sum_of_clicks(context, belief)
            if plan is None:
                plan = search.plan(belief.hypothesis, memory)
            if plan is None or not len(plan) or (resets and plan.is_experiment):
                continue
            plan = after_reset(plan) if resets else plan
            gain = self.budget.gain(belief, len(plan))
            if self.budget.allows(plan, belief, gain) and (best is None or gain > best[0]):
                best = gain, plan
        self.budget.debt += search.imagined
        return best and best[1]

    def _sum_of_clicks(self, context: Context, belief: Belief) -> Plan | None:
        """Clicks whose observed effects add up to a goal, or one more click to observe."""
        likely = belief.confirmed or belief.probability >= self.config.clear
        if not (likely and self.config.sums):
            return None
        hypothesis, frame_HW = belief.hypothesis, context.state.frame_HW
        memory = self.goals.beliefs.memory(hypothesis)
        clicks = self._clicks.solution(hypothesis, self.goals.scene, frame_HW, memory)
        if clicks is None or len(clicks) > self.config.search.longest:
            return None
        if clicks:
            far = (math.inf,) * (len(clicks) - 1)
            return Plan(hypothesis, clicks, (*far, 0.0))
        untried = self._clicks.untried(frame_HW)
        survey = Plan(hypothesis, (), (), untried[:1], is_experiment=True, is_survey=True)
        return survey if untried else None

    def _may_reset(self, context: Context) -> bool:
        """Whether RESET resets the level only; on its first frame it would reset the whole game."""
        return self._since_reset > 0 and RESET in context.observation.legal_actions

    def _candidates(self, context: Context) -> list[Belief]:
        """Goals worth a plan now, once every simple action was tried or a goal is confirmed."""
        self.budget.begin_round()
        beliefs = self.goals.order()
        simple = {n for n in context.observation.available_actions if n < 6}
        if not self.goals.beliefs.confirmed and not simple <= self._tried_actions:
            return []
        best = beliefs[: self.config.hypotheses]
        return [belief for belief in best if self.budget.gain(belief, 1) >= self.budget.least_gain]

    def _start(self, plan: Plan) -> None:
        self.plan, self._at, self._moving = plan, 0, False
        self._waiting.restart()
        if plan.is_experiment:
            self.budget.clicked.update(plan.last[:1])
            self._before = self.goals.beliefs.memory(plan.hypothesis).distance
            self.log[plan.hypothesis.form, "experiment"] += 1
            return
        self.goals.beliefs.tried(plan.hypothesis)
        self.log[plan.hypothesis.form, "started"] += 1

    def _end(self, context: Context, how: str) -> None:
        """Close a plan that ended without a win."""
        plan, self.plan = self.plan, None
        assert plan is not None
        self._is_free = plan.is_experiment
        if plan.is_experiment:
            now = self.goals.beliefs.memory(plan.hypothesis).distance
            taught = context.model.surprised and plan.hypothesis in self.goals.beliefs.confirmed
            helped = now < self._before or plan.is_survey or taught
            self.budget.useless[plan.hypothesis] += not helped
            return
        self.log[plan.hypothesis.form, how] += 1
        if how == "finished":
            self.goals.beliefs.missed(plan.hypothesis)
        elif how == "astray":
            self.budget.astray[plan.hypothesis] += 1

    # observe

    def observe(self, context: Context, answered: Answered) -> None:
        """Update the beliefs in goals; compare the distance to the goal with the predicted one."""
        self._tried_actions.add(answered.step.action.id)
        self._learn_step(context, answered.step)
        self._since_reset = 0 if answered.step.action.id == RESET else self._since_reset + 1
        followed = self.plan is not None and answered.decision.source is self.source
        if answered.levels_gained and self.plan is not None and followed:
            self.log[self.plan.hypothesis.form, "won"] += 1
            self._waiting.won(answered.step.action)
        grids = answered.after.grids
        won_HW = grids[-2] if answered.levels_gained and len(grids) > 1 else None
        if answered.after.full_reset:
            self.goals.begin(answered.after.frame_HW, answered.after.available_actions)
        else:
            self.goals.observe(answered.step, won_HW)
        if answered.new_level:
            self._new_level(context)
        elif followed and answered.is_lost:
            self._end(context, "astray")
        elif followed:
            self._compare(context, answered)
        else:
            self.plan = None

    def _learn_step(self, context: Context, step: Step) -> None:
        """Keep the observed step for searches; forget imagined ones that may be wrong now."""
        if context.model.relearned:  # earlier states are of another kind
            self._steps = ImaginedSteps[OnlineState]()
            self._first = context.model.reset(self._first.frame_HW, self._first.available)
        self._steps.renew(context.model.surprised)
        if step.action.id != RESET:
            visible_HW, continues = ~self.goals.scene.rim_HW, step.outcome == Outcome.NOTHING
            if continues:
                self._clicks.observe(step.frame_HW, step.action, step.next_frame_HW, visible_HW)
            self._steps.note(
                step.frame_HW, step.action, context.state, visible_HW, continues=continues
            )

    def _compare(self, context: Context, answered: Answered) -> None:
        """Continue the plan if the goal is as near as predicted, whatever else changed."""
        plan = self.plan
        assert plan is not None
        visible_HW = ~self.goals.scene.rim_HW
        step = answered.step
        self._moving = bool((step.frame_HW != step.next_frame_HW)[visible_HW].any())
        self._waiting.observe(step, moves=self._moving, surprises=context.model.surprised)
        at, self._at = self._at, self._at + 1
        distance = self.goals.beliefs.memory(plan.hypothesis).distance
        if at < len(plan.actions):
            if distance > plan.distances[at] + 0.5:
                self._end(context, "astray")
        elif self._moving and distance > 0 and not plan.is_experiment:
            self._end(context, "nearer" if distance < plan.remaining else "astray")
