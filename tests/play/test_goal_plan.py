"""Plans toward goals win a level, have a budget, and end when the game surprises."""

from __future__ import annotations

from arcworld.play.agent import Source
from arcworld.play.agents.explorer import ExplorerAgent
from arcworld.play.agents.strategy_agent import StrategyAgent
from arcworld.play.session import play_game
from arcworld.play.strategies.goal_plan import GoalPlan, GoalPlanConfig
from arcworld.play.toolkit import Toolkit


def play(strategy: GoalPlan, game: str, actions: int) -> StrategyAgent:
    agent = StrategyAgent([strategy])
    with Toolkit() as toolkit:
        play_game(agent, toolkit, game, actions, seed=1)
    return agent


def test_plans_are_made_and_counted() -> None:
    strategy = GoalPlan()
    agent = play(strategy, "taps", 120)
    started = sum(n for (_, what), n in strategy.log.items() if what == "started")
    ended = ("finished", "refuted", "won")
    done = sum(n for (_, what), n in strategy.log.items() if what in ended)
    assert started and done <= started
    assert 0 < agent.chosen[Source.PLAN] < 120


def test_unconfirmed_goals_have_a_budget() -> None:
    strategy = GoalPlan(GoalPlanConfig(plans=0))
    agent = play(strategy, "mosaic", 40)
    assert agent.chosen[Source.PLAN] == 0


def test_decisions_name_the_goal() -> None:
    reasons: list[str] = []
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
    assert isinstance(agent.explorer, ExplorerAgent)
