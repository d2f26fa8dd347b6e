"""Perturbed starts: the given number of random actions at each level's start, and all observed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from arcworld.play.agent import Decision
from arcworld.play.agents.perturbed import PerturbedAgent
from arcworld.play.agents.replay import ReplayAgent
from arcworld.play.observation import Observation
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action, Episode

MOVE, WIN_LEVEL, LOSE, RESET = (Action(action_id) for action_id in (1, 2, 3, 0))

GENTLE = '''
from arcengine import ARCBaseGame, Camera, GameAction, Level, Sprite


class Tiny(ARCBaseGame):
    """1 does nothing, 2 wins the level after the fourth action, LOST loses."""

    def __init__(self, seed=0):
        levels = [Level(sprites=[Sprite(pixels=[[9]], name="dot", x=i, y=0)], grid_size=(64, 64))
                  for i in range(3)]
        self.taken = 0
        super().__init__("tiny", levels, Camera(0, 0, 64, 64, 5, 5), available_actions=[1, 2])

    def step(self):
        if self.action.id == GameAction.RESET:
            self.taken = 0
        elif self.action.id == GameAction.ACTION2 and self.taken >= 4:
            self.taken = 0
            self.next_level()
        else:
            self.taken += 1
            if self.taken in LOST:
                self.lose()
        self.complete_action()
'''


class Script:
    """Plays actions in turn; records what it chose and what it observed."""

    name = "script"

    def __init__(self, actions: Iterator[Action]) -> None:
        self.actions = actions
        self.chosen: list[Decision] = []
        self.reported: list[Decision] = []

    def begin(self, observation: Observation) -> None:
        pass

    def choose_action(self, observation: Observation) -> Decision:
        self.chosen.append(Decision(next(self.actions)))
        return self.chosen[-1]

    def observe(self, decision: Decision, observation: Observation) -> None:
        self.reported.append(decision)


def forever(*actions: Action) -> Iterator[Action]:
    while True:
        yield from actions


def played(games: Path, agent: PerturbedAgent, actions: int) -> str:
    """`r` a random action, `a` the agent's, `0` a RESET, `+` after one that won a level."""
    kinds: list[str] = []
    levels = 0

    def note(decision: Decision, observation: Observation) -> None:
        nonlocal levels
        perturbed = decision.reason == "perturbed start"
        kinds.append("0" if decision.action == RESET else "r" if perturbed else "a")
        kinds.extend("+" * (observation.levels_completed - levels))
        levels = observation.levels_completed

    with Toolkit(games) as toolkit:
        result = play_game(agent, toolkit, "tiny", actions, on_step=note)
        assert result.actions == toolkit.scorecard().actions == len("".join(kinds).replace("+", ""))
    return "".join(kinds)


def test_a_level_begins_at_the_opening_after_a_win_and_after_a_reset(
    write_game: Callable[..., Path],
) -> None:
    games = write_game(source=GENTLE.replace("LOST", "()"))
    script = Script(iter([MOVE, RESET, MOVE, MOVE, WIN_LEVEL, MOVE, MOVE]))
    agent = PerturbedAgent(script, 3, seed=2)
    assert played(games, agent, 14) == "rrra0rrraaa+rrra"[:15]
    assert agent.won == 0 and len(script.reported) == 14
    assert [d for d in script.reported if d in script.chosen] == script.chosen


def test_what_is_left_follows_a_game_over(write_game: Callable[..., Path]) -> None:
    agent = PerturbedAgent(Script(forever(MOVE)), 3)
    games = write_game(source=GENTLE.replace("LOST", "(2,)"))
    assert played(games, agent, 12) == "rr0ra0rr0ra0"


def test_a_game_over_at_the_last_random_action_does_not_begin_them_anew(
    write_game: Callable[..., Path],
) -> None:
    agent = PerturbedAgent(Script(forever(MOVE)), 2)
    games = write_game(source=GENTLE.replace("LOST", "(2,)"))
    assert played(games, agent, 6) == "rr0aa0"


def test_replay_keeps_its_place_while_others_act(
    toolkit: Toolkit, make_episode: Callable[..., Episode]
) -> None:
    agent = ReplayAgent([])
    agent.paths["tiny-0001"] = {0: (MOVE, MOVE, WIN_LEVEL)}
    observation = toolkit.open("tiny").observation
    agent.begin(observation)
    agent.observe(Decision(MOVE, "of another"), observation)
    for action in (MOVE, MOVE, WIN_LEVEL):
        decision = agent.choose_action(observation)
        assert decision.action == action
        agent.observe(decision, observation)
