"""What plans toward goals may cost on a level: actions, imagined steps, experiments, and doubt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from arcworld.goals import Belief, Hypothesis
from arcworld.planning.goal_search import GoalSearchConfig, Plan
from arcworld.recordings.episode import Action


@dataclass(frozen=True)
class GoalPlanConfig:
    """Budgets of planning.

    Attributes:
        search: of one search for a plan.
        hypotheses: number of hypotheses considered in one decision.
        gain: minimum chance to win by action of a plan on a new level, about what exploring gives.
        falls: after this number of actions on a level, half of that is enough: where exploring did
            not win in n actions, the next one wins with a chance of about 1 / n.
        doubt: factor of that chance for each plan for the same goal that ended elsewhere than it
            was predicted to.
        credit: number of actions of plans that a level is granted at once.
        share: and for each action on the level, so that exploring continues where plans do not win.
        clear: minimum probability of an unconfirmed goal for an experiment.
        experiments: maximum number of experiments (clicks of unknown effect) per round that brought
            the goal no nearer: (for a confirmed goal, for an unconfirmed one).
        again: after this number of actions on a level, doubts are dropped and experiments granted
            once more, because more is known by then.
        patience: maximum number of actions to wait after a goal became true and nothing was won.
        thought: imagined steps that each action pays of the last search, if it found no plan or an
            experiment only; the next one begins when it is paid, so that cheap ones are frequent.
            Falls as `gain` does.
        known: factor of `thought` where a goal is confirmed.
        sums: whether effects of clicks are added up (`planning.click_effects`).
    """

    search: GoalSearchConfig = field(default_factory=GoalSearchConfig)
    hypotheses: int = 8
    gain: float = 0.01
    falls: int = 100
    doubt: float = 0.6
    credit: int = 40
    share: float = 0.3
    clear: float = 0.15
    experiments: tuple[int, int] = (8, 2)
    again: int = 100
    patience: int = 12
    thought: int = 40
    known: float = 3.0
    sums: bool = True


class PlanBudget:
    """The budget of one level.

    Attributes:
        spent: actions of plans so far.
        debt: imagined steps that are not yet paid.
        astray: plans that ended elsewhere than predicted, by goal.
        useless: experiments that brought a goal no nearer.
        clicked: how often each click was an experiment.
    """

    def __init__(self, config: GoalPlanConfig) -> None:
        self.config = config
        self.spent, self.debt, self._round, self._actions = 0, 0.0, 0, 0
        self.astray: Counter[Hypothesis] = Counter()
        self.useless: Counter[Hypothesis] = Counter()
        self.clicked: Counter[Action] = Counter()

    @property
    def least_gain(self) -> float:
        """Minimum chance to win by action of a plan now."""
        return self.config.gain / self._age

    @property
    def _age(self) -> float:
        """1 on a new level, 2 after `falls` actions: what did not win so far will hardly soon."""
        return 1 + self._actions / self.config.falls

    def may_think(self, level_actions: int, *, confirmed: bool) -> bool:
        """Whether a search may begin, after this many actions on the level.

        Args:
            level_actions: actions on the level so far.
            confirmed: whether a goal is; thinking about it costs less.
        """
        self._actions = level_actions
        if self.spent > self.config.credit + self.config.share * level_actions:
            return False
        thought = self.config.thought * (self.config.known if confirmed else 1 / self._age)
        self.debt = max(0.0, self.debt - thought)
        return not self.debt

    def begin_round(self) -> None:
        """Begin a new round of plans every `again` actions of a level."""
        if self._actions // self.config.again > self._round:
            self._round = self._actions // self.config.again
            self.astray.clear()
            self.useless.clear()

    def gain(self, belief: Belief, length: int) -> float:
        """Chance to win by action: the goal is the true one, and the plan arrives there."""
        doubt = self.config.doubt ** self.astray[belief.hypothesis]
        return belief.probability * doubt / (length + 1)

    def allows(self, plan: Plan, belief: Belief, gain: float) -> bool:
        """Whether a plan is worth its actions; of experiments also: whether such ones helped."""
        if not plan.is_experiment:
            return gain >= self.least_gain
        likely = belief.confirmed or belief.probability >= self.config.clear
        most = self.config.experiments[not belief.confirmed]
        return bool(likely) and (plan.is_survey or self.useless[plan.hypothesis] < most)
