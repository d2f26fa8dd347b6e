"""Plans toward goals win a level, have a budget, and end when the game surprises."""

from __future__ import annotations

from itertools import pairwise

import pytest

from arcworld.play.agent import Decision, Source
from arcworld.play.agents.explorer import ExplorerAgent
from arcworld.play.agents.strategy_agent import StrategyAgent
from arcworld.play.session import play_game
from arcworld.play.strategies.goal_plan import GoalPlan, GoalPlanConfig
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET


def play(strategy: GoalPlan, game: str, actions: int) -> StrategyAgent:
    agent = StrategyAgent([strategy])
    with Toolkit() as toolkit:
        play_game(agent, toolkit, game, actions, seed=1)
    return agent


def test_plans_are_made_and_counted() -> None:
    strategy = GoalPlan()
    agent = play(strategy, "taps", 120)
    started = sum(n for (_, what), n in strategy.log.items() if what == "started")
    ended = ("finished", "astray", "nearer", "won")
    done = sum(n for (_, what), n in strategy.log.items() if what in ended)
    assert started and done <= started
    assert 0 < agent.chosen[Source.PLAN] < 120


@pytest.mark.parametrize(
    "config",
    [GoalPlanConfig(gain=1.0, experiments=(0, 0)), GoalPlanConfig(credit=-1, share=0.0)],
)
def test_plans_that_promise_too_little_or_cost_too_much_are_not_made(
    config: GoalPlanConfig,
) -> None:
    agent = play(GoalPlan(config), "mosaic", 40)
    assert agent.chosen[Source.PLAN] == 0


@pytest.mark.parametrize("game", ["keys", "crates"])
def test_a_level_is_never_reset_on_its_first_frame(game: str) -> None:
    """There RESET starts the whole game again."""
    agent = StrategyAgent([GoalPlan()])
    taken: list[tuple[int, int]] = []
    with Toolkit() as toolkit:
        play_game(
            agent,
            toolkit,
            game,
            150,
            on_step=lambda d, o: taken.append((d.action.id, o.levels_completed)),
        )
    for (before, levels), (action, after) in pairwise([(RESET, 0), *taken]):
        assert action != RESET or (before != RESET and levels == after)


def test_decisions_name_the_goal_and_the_beliefs() -> None:
    """Beliefs are in every decision of the agent, and in what the toolkit is sent."""
    reasons: list[str] = []
    decisions: list[Decision] = []
    agent = StrategyAgent([GoalPlan()])
    with Toolkit() as toolkit:
        play_game(
            agent,
            toolkit,
            "taps",
            80,
            on_step=lambda d, _: reasons.append(d.reason) if d.source is Source.PLAN else None,
        )
    assert reasons and all(line.startswith("plan: ") for line in reasons)
    with Toolkit() as toolkit:
        agent.begin(toolkit.open("taps").observation)
        decisions.append(agent.choose_action(agent.context.observation))
    (beliefs,) = (decision.reasoning()["beliefs"] for decision in decisions)
    assert len(beliefs) == 3 and all(" %; tried " in line for line in beliefs)
    assert isinstance(agent.explorer, ExplorerAgent)
