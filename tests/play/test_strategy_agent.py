"""An agent made of strategies: the first proposal is followed; all learn from every action."""

from __future__ import annotations

import pytest

from arcworld.errors import ArcworldError
from arcworld.play.agent import Decision, Source
from arcworld.play.agents.explorer import ExplorerAgent
from arcworld.play.agents.strategy_agent import StrategyAgent
from arcworld.play.observation import Observation
from arcworld.play.session import play_game
from arcworld.play.strategies.strategy import Answered, Context
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action


class Fixed:
    """Proposes one action, `times` times."""

    source = Source.PROBE

    def __init__(self, action: Action, times: int) -> None:
        self.action, self.left = action, times
        self.answers: list[Answered] = []

    def begin(self, context: Context) -> None:
        self.answers.clear()

    def propose(self, context: Context) -> Decision | None:
        if not self.left:
            return None
        self.left -= 1
        return Decision(self.action, "fixed", source=self.source)

    def observe(self, context: Context, answered: Answered) -> None:
        assert (context.state.frame_HW == answered.after.frame_HW).all()
        self.answers.append(answered)


def actions_of(agent: ExplorerAgent | StrategyAgent) -> list[Action]:
    taken: list[Action] = []

    def note(decision: Decision, _: Observation) -> None:
        taken.append(decision.action)

    with Toolkit() as toolkit:
        play_game(agent, toolkit, "keys", 150, seed=1, on_step=note)
    return taken


def test_without_other_strategies_it_plays_as_the_explorer() -> None:
    assert actions_of(StrategyAgent(seed=3)) == actions_of(ExplorerAgent(3))


def test_the_first_proposal_is_followed_and_all_observe() -> None:
    first, second = Fixed(Action(1), 3), Fixed(Action(2), 5)
    agent = StrategyAgent([first, second])
    taken = actions_of(agent)
    assert taken[:8] == [Action(1)] * 3 + [Action(2)] * 5
    assert agent.chosen[Source.PROBE] == 8 and agent.chosen[Source.EXPLORE] == len(taken) - 8
    assert len(first.answers) == len(second.answers) == len(taken)


def test_an_action_without_an_answer_is_left_to_the_next_until_one_is_answered() -> None:
    first = Fixed(Action(1), 9)
    agent = StrategyAgent([first])
    with Toolkit() as toolkit:
        observation = toolkit.open("keys", 1).observation
    agent.begin(observation)
    assert agent.choose_action(observation).action == Action(1)
    other = agent.choose_action(observation)  # no answer came
    assert other.source is Source.EXPLORE and other.action != Action(1)
    agent.observe(other, observation)
    assert agent.choose_action(observation).action == Action(1)


def test_what_is_not_legal_is_left_to_the_next() -> None:
    illegal = Fixed(Action(6, 1, 1), 4)  # `keys` offers no clicks
    taken = actions_of(StrategyAgent([illegal], seed=3))
    assert Action(6, 1, 1) not in taken


def test_without_a_model_that_learns_a_strategy_that_asks_for_it_is_refused() -> None:
    class Asks(Fixed):
        def propose(self, context: Context) -> Decision | None:
            context.model.predict(context.state, [Action(1)])
            return None

    assert actions_of(StrategyAgent(seed=3, model=None)) == actions_of(ExplorerAgent(3))
    with pytest.raises(ArcworldError, match="make the StrategyAgent without model=None"):
        actions_of(StrategyAgent([Asks(Action(1), 1)], model=None))


def test_an_action_of_the_caller_is_not_the_agents_own() -> None:
    noting = Fixed(Action(1), 1)
    agent = StrategyAgent([noting])
    with Toolkit() as toolkit:
        session = toolkit.open("keys")
        agent.begin(session.observation)
        agent.observe(Decision(Action(2)), session.step(Action(2)))
        decision = agent.choose_action(session.observation)
        agent.observe(decision, session.step(decision.action))
    assert [answered.own for answered in noting.answers] == [False, True]
