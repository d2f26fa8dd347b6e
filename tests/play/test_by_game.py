"""Known games are played by one agent, all others by another."""

from __future__ import annotations

from dataclasses import dataclass, field

from arcworld.play.agent import Decision
from arcworld.play.agents.by_game import ByGameAgent
from arcworld.play.observation import Observation
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action


@dataclass
class Noting:
    """Records how it is called."""

    name: str
    calls: list[str] = field(default_factory=list[str])

    def begin(self, observation: Observation) -> None:
        self.calls.append("begin")

    def choose_action(self, observation: Observation) -> Decision:
        self.calls.append("choose")
        return Decision(Action(1))

    def observe(self, decision: Decision, observation: Observation) -> None:
        self.calls.append("observe")


def test_each_game_has_its_agent() -> None:
    known, unknown = Noting("known"), Noting("unknown")
    agent = ByGameAgent("both", ["keys-00000000"], known, unknown)
    with Toolkit() as toolkit:
        for game in ("keys", "relay", "keys"):
            session = toolkit.open(game)
            agent.begin(session.observation)
            decision = agent.choose_action(session.observation)
            agent.observe(decision, session.step(decision.action))
    assert known.calls == ["begin", "choose", "observe"] * 2
    assert unknown.calls == ["begin", "choose", "observe"]
