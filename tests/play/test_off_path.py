"""Random detours of an agent: as often as asked for, observed by the agent, repeatable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from arcworld.play.agent import Decision
from arcworld.play.agents.off_path import DetourConfig, OffPathAgent
from arcworld.play.observation import NOT_FINISHED, Observation
from arcworld.recordings.episode import CLICK, Action

BLANK = np.zeros((64, 64), np.uint8)
START = Observation(BLANK, (BLANK,), NOT_FINISHED, 0, 2, (1, 2), "a-1", "g", True, (0, 1, 2))


class Steady:
    """Always takes the same action."""

    name = "steady"

    def __init__(self) -> None:
        self.observed: list[Decision] = []

    def begin(self, observation: Observation) -> None: ...

    def choose_action(self, observation: Observation) -> Decision:
        return Decision(Action(1), "steady")

    def observe(self, decision: Decision, observation: Observation) -> None:
        self.observed.append(decision)


def play(agent: OffPathAgent, start: Observation, actions: int, **changes: Any) -> list[Decision]:
    agent.begin(start)
    decisions: list[Decision] = []
    for _ in range(actions):
        decisions.append(agent.choose_action(start))
        agent.observe(decisions[-1], replace(start, **changes))
    return decisions


def test_detours_are_random_legal_actions_that_the_agent_observes() -> None:
    inner = Steady()
    agent = OffPathAgent(inner, 0, DetourConfig(chance=0.2, longest=3))
    decisions = play(agent, START, 400)
    detours = [decision for decision in decisions if decision.reason == "detour"]
    assert 0.15 < len(detours) / len(decisions) < 0.45
    assert {decision.action.id for decision in detours} == {1, 2}, "RESET is no detour"
    assert inner.observed == decisions and agent.name == "steady-perturbed"


def test_the_same_seed_gives_the_same_detours_and_another_one_others() -> None:
    found = [play(OffPathAgent(Steady(), seed), START, 60) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_without_a_chance_it_is_the_agent_alone() -> None:
    agent = OffPathAgent(Steady(), 0, DetourConfig(chance=0.0))
    assert {decision.reason for decision in play(agent, START, 50)} == {"steady"}


def test_clicks_of_a_detour_repeat_those_that_changed_the_frame() -> None:
    start = replace(START, available_actions=(CLICK,), legal_actions=(0, CLICK))
    config = DetourConfig(chance=1.0, known_clicks=1.0)
    changed = play(OffPathAgent(Steady(), 0, config), start, 30, frame_HW=BLANK + 1)
    still = play(OffPathAgent(Steady(), 0, config), start, 30)
    assert len({decision.action for decision in changed}) == 1
    assert len({decision.action for decision in still}) > 20
