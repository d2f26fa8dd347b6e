"""The agent `world-model`: policy, world model and memory of a run, then the explorer.

Any part can be left out, so that its worth is measured: `world-model-without-goal+return` plays
without the action that is expected to win, and does not return to the start of a level.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from arcworld.models.run import Run
from arcworld.play.agents.explorer import ExplorerAgent, ExplorerConfig
from arcworld.play.agents.parts import check_parts, name_without
from arcworld.play.agents.strategy_agent import StrategyAgent
from arcworld.play.strategies.follow_policy import FollowPolicy, FollowPolicyConfig
from arcworld.play.strategies.predicted_clicks import PredictedClicks
from arcworld.play.strategies.restart import RestartWhenLost
from arcworld.play.strategies.return_to_start import ReturnToStart, ReturnToStartConfig
from arcworld.play.strategies.run_advice import RunAdvice, RunAdviceConfig
from arcworld.play.strategies.strategy import Strategy
from arcworld.play.strategies.winning_action import WinningAction, WinningActionConfig

NAME = "world-model"
RETURN, RESTART, GOAL, POLICY = "return", "restart", "goal", "policy"
CLICKS, PRIORS, ADAPTATION = "clicks", "priors", "adaptation"
PARTS = (RETURN, RESTART, GOAL, POLICY, CLICKS, PRIORS, ADAPTATION)
"""What can be left out: the strategies by name (without `policy` nothing is restarted for it),
`clicks` that the world model predicts to change anything, the `priors` of games, and `adaptation`,
the network that learns during play what actions do."""


@dataclass(frozen=True)
class WorldModelAgentConfig:
    """Settings of the strategies, in their order."""

    models: RunAdviceConfig = field(default_factory=RunAdviceConfig)
    back: ReturnToStartConfig = field(default_factory=ReturnToStartConfig)
    goal: WinningActionConfig = field(default_factory=WinningActionConfig)
    policy: FollowPolicyConfig = field(default_factory=FollowPolicyConfig)


def make_world_model_agent(
    run: Run,
    seed: int = 0,
    without: Collection[str] = (),
    config: WorldModelAgentConfig | None = None,
) -> StrategyAgent:
    """Make the agent.

    Args:
        run: with tokenizer, world model and policy.
        seed: of sampling and of the explorer.
        without: names of parts to leave out, of `PARTS`.
        config: of the strategies.

    Raises:
        ArcworldError: a part that does not exist.
    """
    check_parts(NAME, without, PARTS)
    strategies = _strategies(run, seed, without, config or WorldModelAgentConfig())
    learns = ADAPTATION not in without
    priors = {} if PRIORS in without else run.game_priors
    explorer = ExplorerAgent(seed, ExplorerConfig(learns=learns), priors)
    name = name_without(NAME, without)
    return StrategyAgent(strategies, seed, name, explorer=explorer, model=None)


def _strategies(
    run: Run, seed: int, without: Collection[str], config: WorldModelAgentConfig
) -> list[Strategy]:
    """The models, and the strategies that ask them, in order."""
    models = RunAdvice(run, config.models)
    by_name: dict[str, Strategy] = {
        RETURN: ReturnToStart(models, config.back),
        RESTART: RestartWhenLost(models),
        GOAL: WinningAction(models, config.goal),
        POLICY: FollowPolicy(models, seed, config.policy),
        CLICKS: PredictedClicks(models),
    }
    left_out = {*without, RESTART} if POLICY in without else set(without)
    return [models, *(one for name, one in by_name.items() if name not in left_out)]
