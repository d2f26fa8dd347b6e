"""The agent `online`: a world model and goals that are learned while it plays, then the explorer.

Any part can be left out, so that its worth is measured: `online-without-reach+experiments` plays
without goals of the form `reach` and without experiments.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from arcworld.errors import ArcworldError
from arcworld.goals import FORMS, Beliefs, Prior
from arcworld.online.ensemble import EXPERTS
from arcworld.online.model import OnlineWorldModel
from arcworld.planning.goal_search import GoalSearchConfig
from arcworld.play.agents.parts import check_parts, name_without
from arcworld.play.agents.strategy_agent import StrategyAgent
from arcworld.play.strategies.goal_plan import GoalPlan, GoalPlanConfig

NAME = "online"
PLANS, EXPERIMENTS, ROUNDS, SUMS, PRIOR = "plans", "experiments", "rounds", "sums", "prior"
PARTS = (PLANS, EXPERIMENTS, ROUNDS, SUMS, PRIOR, *FORMS, *EXPERTS)
"""What can be left out: all plans, clicks of unknown effect, further rounds of plans on a level,
sums of clicks, the fitted prior, each form of goal, each expert of the world model."""
NEVER = 1_000_000


def make_online_agent(
    seed: int = 0, without: Collection[str] = (), think: float | None = None
) -> StrategyAgent:
    """Make the agent.

    Args:
        seed: of the explorer.
        without: names of parts to leave out, of `PARTS`.
        think: most seconds of one search, of which an action needs two at most; None: a number of
            imagined steps, so that the same seed gives the same play.

    Raises:
        ArcworldError: a part that does not exist.
    """
    check_parts(NAME, without, PARTS)
    name = name_without(NAME, without)
    experts = set(without) & set(EXPERTS)

    def model() -> OnlineWorldModel:
        return OnlineWorldModel(seed=seed, without=experts)

    def beliefs() -> Beliefs:
        forms = tuple(form for form in FORMS if form in without)
        return Beliefs(Prior({}) if PRIOR in without else None, without=forms)

    strategies = [] if PLANS in without else [GoalPlan(_config(without, think), beliefs)]
    return StrategyAgent(strategies, seed, name, model=model)


def is_online(name: Path | str) -> bool:
    """Whether a run is named `online`: not a run, but the model that learns while it is played.

    Raises:
        ArcworldError: a run lies in a folder of that name, so it is not clear which is meant.
    """
    if str(name) != NAME:
        return False
    if (Path(name) / "run.json").is_file():
        raise ArcworldError(
            f"found a run in the folder `{NAME}`, which also names the model that learns during"
            " play; expected another name; rename the folder, or give its absolute path"
        )
    return True


def _config(without: Collection[str], think: float | None) -> GoalPlanConfig:
    config = GoalPlanConfig()
    if think is not None:
        config = replace(config, search=GoalSearchConfig(steps=None, seconds=think))
    if EXPERIMENTS in without:
        config = replace(config, experiments=(0, 0))
    if SUMS in without:
        config = replace(config, sums=False)
    return replace(config, again=NEVER) if ROUNDS in without else config
