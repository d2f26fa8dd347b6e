"""Strategies that ask a run's models, on advice that is given: restart, winning action, policy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

from arcworld.planning.policy_gate import GateDecision
from arcworld.play.agent import Decision, Source
from arcworld.play.strategies import predicted_clicks
from arcworld.play.strategies.follow_policy import FollowPolicy, FollowPolicyConfig
from arcworld.play.strategies.predicted_clicks import PredictedClicks
from arcworld.play.strategies.restart import RestartWhenLost
from arcworld.play.strategies.run_advice import Advice
from arcworld.play.strategies.winning_action import WinningAction
from arcworld.recordings.episode import CLICK, RESET, Action

ACTIONS = {i: Action(i + 1) for i in range(4)}
PRIOR = np.array([0.0, 0.2, 0.7, 0.1])


class Models:
    """In place of `RunAdvice`: advice that is given."""

    def __init__(
        self, level: list[float], verdict: GateDecision = "follow", useless: tuple[int, ...] = ()
    ) -> None:
        with np.errstate(divide="ignore"):
            scores = np.maximum(np.log(PRIOR), -1e9)
        scores[list(useless)] = -np.inf
        self.given: Advice | None = Advice(ACTIONS, np.array(level), PRIOR, scores, verdict)
        self.gate = SimpleNamespace(is_lost=False, restarts=0)
        self.surprise = 1.5

    def advice(self, context: object) -> Advice | None:
        return self.given


def context(*legal: int) -> Any:
    return SimpleNamespace(observation=SimpleNamespace(legal_actions=legal))


def decide(models: Any) -> Decision | None:
    """The first proposal of winning action and policy."""
    strategies = WinningAction(models), FollowPolicy(models)
    return next(filter(None, (one.propose(context()) for one in strategies)), None)


def chosen(models: Any) -> tuple[int, Source | None] | None:
    decision = decide(models)
    return None if decision is None else (decision.action.id - 1, decision.source)


def test_the_winning_action_is_taken_when_it_clearly_leads() -> None:
    assert chosen(Models([0.1, 0.9, 0.0, 0.0])) == (1, Source.GOAL)
    assert chosen(Models([0.0, 0.8, 0.9, 0.0])) == (2, Source.POLICY), "no clear lead"
    assert chosen(Models([0.0, 0.4, 0.0, 0.0])) == (2, Source.POLICY), "not likely enough"


def test_an_action_that_did_not_win_is_no_longer_expected_to() -> None:
    models: Any = Models([0.0, 0.9, 0.0, 0.8])
    winning = WinningAction(models)
    assert winning.propose(context()) is None, "two lead"
    answered: Any = SimpleNamespace(
        decision=Decision(ACTIONS[1], source=Source.GOAL), other_level=False
    )
    winning.observe(context(), answered)
    decision = winning.propose(context())
    assert decision is not None and decision.action == ACTIONS[3]
    answered.other_level = True
    winning.observe(context(), answered)
    assert winning.propose(context()) is None


def test_where_the_policy_is_not_followed_only_the_winning_action_is_proposed() -> None:
    assert chosen(Models([0.0] * 4, "explore")) is None
    assert chosen(Models([0.9, 0.0, 0.0, 0.0], "explore")) == (0, Source.GOAL)


def test_an_action_that_the_policy_rules_out_is_not_taken_to_win() -> None:
    assert chosen(Models([0.9, 0.0, 0.0, 0.0])) == (2, Source.POLICY)


def test_what_is_useless_is_never_chosen() -> None:
    assert chosen(Models([0.0, 0.9, 0.0, 0.0], useless=(1, 2))) == (3, Source.POLICY)
    assert chosen(Models([0.9] * 4, useless=(0, 1, 2, 3))) is None


def test_sampling_is_bolder_after_each_restart_and_repeatable() -> None:
    models: Any = Models([0.0] * 4)
    policy = FollowPolicy(models, 1, FollowPolicyConfig(temperature=2.0))
    assert {policy.sample(models.given, 0) for _ in range(30)} == {2}
    drawn: list[list[int]] = []
    for _ in range(2):
        policy.begin(context())
        drawn.append([policy.sample(models.given, 2) for _ in range(30)])
    assert drawn[0] == drawn[1] and len(set(drawn[0])) > 1


@pytest.mark.parametrize("verdict", get_args(GateDecision))
def test_it_restarts_when_the_gate_says_so(verdict: GateDecision) -> None:
    models: Any = Models([0.0] * 4, verdict)
    decision = RestartWhenLost(models).propose(context(RESET, 1))
    assert (decision is not None) == (verdict == "start over")
    assert decision is None or (decision.action, decision.source) == (
        Action(RESET),
        Source.RESTART,
    )
    assert RestartWhenLost(models).propose(context(1)) is None, "RESET is not legal"


def test_it_restarts_when_frames_surprise_and_the_models_do_not_decide() -> None:
    models: Any = Models([0.0] * 4)
    models.given, models.gate.is_lost = None, True
    decision = RestartWhenLost(models).propose(context(RESET))
    assert decision is not None and "surprise" in decision.reason


def test_clicks_are_predicted_once_a_level_in_games_of_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(predicted_clicks, "click_prior", lambda *_: "prior")
    given: list[object] = []
    memory = SimpleNamespace(has_click_prior=False, set_click_prior=given.append)
    run = SimpleNamespace(about={"games": ["a-1"]}, world_model=None)
    models: Any = SimpleNamespace(run=run, history=SimpleNamespace(now=lambda: None))
    for game, legal in (("b-1", (CLICK,)), ("a-1", (1,)), ("a-1", (CLICK,))):
        observation = SimpleNamespace(game_id=game, legal_actions=legal)
        now: Any = SimpleNamespace(observation=observation, memory=memory)
        assert PredictedClicks(models).propose(now) is None
    assert given == ["prior"]
    memory.has_click_prior = True
    PredictedClicks(models).propose(now)
    assert given == ["prior"]
