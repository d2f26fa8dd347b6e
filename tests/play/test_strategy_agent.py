"""An agent made of strategies: the first proposal is followed; all learn from every action."""

from __future__ import annotations

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


def test_what_is_not_legal_is_left_to_the_next() -> None:
    illegal = Fixed(Action(6, 1, 1), 4)  # `keys` offers no clicks
    taken = actions_of(StrategyAgent([illegal], seed=3))
    assert Action(6, 1, 1) not in taken
