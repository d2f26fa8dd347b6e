"""An agent that fails is replaced by the next, and only the last one's failure is seen."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from arcworld.integrations.fallback import FallbackAgent
from arcworld.play.agent import Decision
from arcworld.play.agents.random import RandomAgent
from arcworld.play.observation import Observation
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit


class Fails(RandomAgent):
    """Random play that breaks at a method's nth call."""

    name = "fails"

    def __init__(self, method: str, call: int = 1) -> None:
        super().__init__(7)
        self.method, self.left = method, call

    def _count(self, method: str) -> None:
        self.left -= method == self.method
        if self.left == 0 and method == self.method:
            raise RuntimeError(f"{method} broke")

    def begin(self, observation: Observation) -> None:
        self._count("begin")
        super().begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        self._count("choose_action")
        return super().choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        self._count("observe")


@pytest.mark.parametrize("method", ["begin", "choose_action", "observe"])
@pytest.mark.parametrize("call", [1, 5])
def test_the_next_agent_plays_on(
    toolkit: Toolkit, caplog: pytest.LogCaptureFixture, method: str, call: int
) -> None:
    agent = FallbackAgent(lambda: Fails(method, call), RandomAgent)
    result = play_game(agent, toolkit, "keys", max_actions=20)
    assert (result.actions, result.ended) == (20, "max_actions")
    broke = method != "begin" or call == 1
    assert agent.name == ("random" if broke else "fails")
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * broke


def test_one_that_cannot_be_made_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    def no_weights() -> Any:
        raise FileNotFoundError("no run.json")

    agent = FallbackAgent(no_weights, no_weights, RandomAgent)
    assert agent.name == "random"
    assert caplog.messages == ["no such agent here (FileNotFoundError: no run.json)"] * 2
    with pytest.raises(FileNotFoundError):
        FallbackAgent(no_weights)


def test_what_the_last_one_raises_is_raised(toolkit: Toolkit) -> None:
    agent = FallbackAgent(lambda: Fails("begin"), lambda: Fails("observe", 3))
    with pytest.raises(RuntimeError, match="observe broke"):
        play_game(agent, toolkit, "keys", max_actions=20)
    assert toolkit.scorecard().actions == 3
