"""Search in a world model for actions that make a goal true.

Best-first search (Hart et al., 1968; with a weight on the heuristic, Pohl, 1970). Nodes are
imagined states; the heuristic is the distance to the goal, computed from the goal hypothesis. Only
steps with sufficient confidence are followed (`imagined_steps`), but for the last one beside the
goal. Plans that end farther away, with what is guessed to lead nearer, won nothing (docs/LOG.md).
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from arcworld.goals import GoalMemory, Hypothesis, Scene, progress, proposals
from arcworld.models.interface import WorldModel, WorldModelState
from arcworld.planning.imagined_steps import ImaginedStep, ImaginedSteps, Limits, place
from arcworld.recordings.episode import CLICK, RESET, UNDO, Action

TOUCHING = 1.5
"""Distance of a mover beside its goal: the next action may reach it."""


@dataclass(frozen=True)
class GoalSearchConfig(Limits):
    """Limits of the search.

    Attributes:
        steps: maximum number of imagined steps of one search, all hypotheses together. 300 take
            about 0.6 s on one core. A decision makes two searches at most: from the present state
            and, if there is no plan, from the level's start.
        seconds: maximum seconds of one search. None: only `steps` limits, so that the same seed
            gives the same play on every machine.
        nodes: maximum number of nodes expanded for one hypothesis.
        longest: maximum number of actions of a plan.
        weight: of the distance, relative to the number of actions so far.
        clicks: maximum number of clicks tried in one state.
    """

    steps: int | None = 300
    seconds: float | None = None
    nodes: int = 300
    longest: int = 40
    weight: float = 2.0
    clicks: int = 12


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Actions toward a goal.

    Attributes:
        hypothesis: the goal.
        actions: in order.
        distances: predicted distance to the goal after each action.
        last: actions to try at the end, one by one, each with low confidence, because the first
            contact with a goal cannot be predicted before it was observed. Empty if the goal is
            predicted to be true.
        remaining: distance to the goal where the sure steps end; 0 if it is predicted to be true.
        is_experiment: whether the plan is one advised click whose effect is not known.
        is_survey: whether it is one of those that show what each click does.
    """

    hypothesis: Hypothesis
    actions: tuple[Action, ...]
    distances: tuple[float, ...]
    last: tuple[Action, ...] = ()
    remaining: float = 0.0
    is_experiment: bool = False
    is_survey: bool = False

    def __len__(self) -> int:
        """Number of actions, with those that are still to be found."""
        return len(self.actions) + max(len(self.last[:1]), math.ceil(self.remaining))


@dataclass(slots=True, eq=False)
class _Node[S]:
    state: S
    memory: GoalMemory
    distance: float
    parent: _Node[S] | None = None
    action: Action | None = None
    length: int = 0

    def path(self) -> list[_Node[S]]:
        """Nodes from the first step to this one."""
        found: list[_Node[S]] = []
        node = self
        while node.parent is not None:
            found.append(node)
            node = node.parent
        return found[::-1]


@dataclass(eq=False)
class GoalSearch[S: WorldModelState]:
    """Searches from one state; imagined steps are shared between hypotheses.

    Attributes:
        model: any world model.
        scene: of the level.
        start: state where the plans begin.
        config: limits of the search.
        steps: observed, and imagined in this decision and earlier ones.
        clicked: how often each click was an experiment; rarely clicked places come first.
    """

    model: WorldModel[S]
    scene: Scene
    start: S
    config: GoalSearchConfig = GoalSearchConfig()
    steps: ImaginedSteps[S] = field(default_factory=ImaginedSteps[S])
    clicked: Mapping[Action, int] = field(default_factory=dict[Action, int])
    _began: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self._visible_HW = ~self.scene.rim_HW
        self._before = self.steps.imagined
        self._simple = tuple(
            Action(n) for n in self.scene.available if n not in (RESET, CLICK, UNDO)
        )

    @property
    def imagined(self) -> int:
        """Number of steps imagined in this search."""
        return self.steps.imagined - self._before

    @property
    def is_over(self) -> bool:
        """Whether the steps or the seconds of this decision are used up."""
        steps, seconds = self.config.steps, self.config.seconds
        if steps is not None and self.imagined >= steps:
            return True
        return seconds is not None and time.perf_counter() - self._began >= seconds

    def plan(self, hypothesis: Hypothesis, memory: GoalMemory) -> Plan | None:
        """Return a plan for one goal, or None; None also where the goal is true already.

        The plan ends where the goal is true, or one action before it. If no such plan is found, it
        is one click that the goal advises and whose effect the model does not know.

        Args:
            hypothesis: the goal.
            memory: state of the goal in the start state.
        """
        first = progress(hypothesis, self.scene, self.start.frame_HW, memory)
        if first.distance == 0:
            return None
        root = _Node(self.start, first.memory, first.distance)
        queue = [(self._rank(root), 0, root)]
        visited = {(self._key(self.start), root.memory.done)}
        contact: tuple[float, Plan] | None = None
        for count in range(1, self.config.nodes + 1):
            if not queue or self.is_over:
                break
            _, _, node = heapq.heappop(queue)
            if node.distance == 0 and node.parent is not None:
                return self._plan_to(hypothesis, node, ())
            steps = self._expand(hypothesis, node)
            unsure = self._unsure(hypothesis, node, steps) if node.distance <= TOUCHING else []
            if unsure and (contact is None or unsure[0][0] < contact[0]):
                last = tuple(action for _, action in unsure)
                contact = unsure[0][0], self._plan_to(hypothesis, node, last)
            for number, child in enumerate(self._children(hypothesis, node, steps)):
                key = (self._key(child.state), child.memory.done)
                if key not in visited and child.length <= self.config.longest:
                    visited.add(key)
                    heapq.heappush(queue, (self._rank(child), count * 100 + number, child))
        if contact is not None and contact[0] < max(first.distance, TOUCHING):
            return contact[1]
        return self._experiment(hypothesis)

    def _unsure(
        self, hypothesis: Hypothesis, node: _Node[S], steps: Sequence[ImaginedStep[S]]
    ) -> list[tuple[float, Action]]:
        """Actions with low confidence, and the distance to the goal after each as it is guessed."""
        found: list[tuple[float, Action]] = []
        for step in steps:
            if not step.sure:
                guess = progress(hypothesis, self.scene, step.guess.frame_HW, node.memory)
                found.append((guess.distance, step.action))
        return sorted(found, key=lambda one: one[0])

    def _experiment(self, hypothesis: Hypothesis) -> Plan | None:
        """One advised click that was not tried here: its effect is unknown, or may be wrong."""
        advised = proposals(hypothesis, self.scene, self.start.frame_HW)[: self.config.clicks]
        key = self._key(self.start)
        open_to = [a for a in advised if (key, a) not in self.steps.observed]
        steps = [step for a in open_to if (step := self.steps.get(key, a)) is not None]
        steps.sort(
            key=lambda step: (self.clicked.get(step.action, 0), step.sure, step.state is not None)
        )
        return Plan(hypothesis, (), (), (steps[0].action,), is_experiment=True) if steps else None

    def _rank(self, node: _Node[S]) -> float:
        return node.length + self.config.weight * node.distance

    def _key(self, state: S) -> bytes:
        return place(state.frame_HW, self._visible_HW)

    def _plan_to(self, hypothesis: Hypothesis, node: _Node[S], last: tuple[Action, ...]) -> Plan:
        path = node.path()
        actions = tuple(step.action for step in path if step.action is not None)
        distances = tuple(step.distance for step in path)
        return Plan(hypothesis, actions, distances, last, node.distance)

    def _children(
        self, hypothesis: Hypothesis, node: _Node[S], steps: Sequence[ImaginedStep[S]]
    ) -> list[_Node[S]]:
        found: list[_Node[S]] = []
        for step in steps:
            if step.state is None:
                continue
            after = progress(hypothesis, self.scene, step.state.frame_HW, node.memory)
            found.append(
                _Node(step.state, after.memory, after.distance, node, step.action, node.length + 1)
            )
        return found

    def _expand(self, hypothesis: Hypothesis, node: _Node[S]) -> list[ImaginedStep[S]]:
        """Imagine every candidate action once."""
        actions = self._simple + self._clicks(hypothesis, node.state)
        return self.steps.after(self.model, node.state, actions, self._visible_HW, self.config)

    def _clicks(self, hypothesis: Hypothesis, state: S) -> tuple[Action, ...]:
        if not self.scene.clicks:
            return ()
        advised = proposals(hypothesis, self.scene, state.frame_HW)
        return (advised or self._usual_clicks)[: self.config.clicks]

    @cached_property
    def _usual_clicks(self) -> tuple[Action, ...]:
        """Clicks where a goal advises none: those that changed something, else one a class."""
        return self.steps.useful_clicks or unit_clicks(self.scene)


def after_reset(plan: Plan) -> Plan:
    """The plan that sets the level back first; `plan` begins in the level's first frame."""
    actions = (Action(RESET), *plan.actions)
    return replace(plan, actions=actions, distances=(math.inf, *plan.distances))


def unit_clicks(scene: Scene) -> tuple[Action, ...]:
    """One click on a unit of each class, the rarest classes first."""
    classes = sorted(scene.classes, key=lambda key: (scene.count(key), key))
    places = [scene.units[key][0] for key in classes if scene.count(key)]
    return tuple(Action(CLICK, int(x), int(y)) for y, x in places)
