"""After the limit the helper plays and wins the level as recordings show; this is marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from arcworld.play.agent import Decision
from arcworld.play.agents.assisted import AssistedAgent
from arcworld.play.agents.replay import ReplayAgent
from arcworld.play.observation import Observation
from arcworld.play.session import GameResult, play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET, Action, Episode, Outcome

STEP, WIN_LEVEL = Action(1), Action(2)


class Player:
    """Can win some levels; walks on all others."""

    name = "player"

    def __init__(self, *levels: int, resets: bool = False) -> None:
        self.levels, self.resets = levels, resets
        self.begun: list[int] = []
        self.reported: list[tuple[int, int]] = []

    def begin(self, observation: Observation) -> None:
        self.begun.append(observation.levels_completed)

    def choose_action(self, observation: Observation) -> Decision:
        if observation.levels_completed in self.levels:
            return Decision(WIN_LEVEL)
        turn = len(self.reported) % 2 == 1  # the second action of the third level, then every other
        return Decision(Action(RESET) if self.resets and turn else STEP)

    def observe(self, decision: Decision, observation: Observation) -> None:
        self.reported.append((decision.action.id, observation.levels_completed))


def shown() -> Episode:
    """Recordings in which each of three levels takes two steps and the action that wins."""
    actions = [1, 1, 2] * 3
    won = [Outcome.NOTHING, Outcome.NOTHING, Outcome.LEVEL_WON] * 3
    return Episode(
        game_id="tiny-0001",
        guid="guid",
        frames_THW=np.zeros((10, 64, 64), np.uint8),
        actions_A3=np.array([(action, -1, -1) for action in actions], np.int16),
        outcomes_A=np.array(won, np.uint8),
        grids_T=np.ones(10, np.uint16),
        levels_T=np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3], np.uint8),
        available_T=np.full(10, 0b11110, np.uint8),
        win_levels=3,
    )


def played(
    toolkit: Toolkit, first: Player, second: Player, tmp_path: Path
) -> tuple[AssistedAgent, GameResult]:
    players = [(range(2), first), (range(2, 3), second)]
    agent = AssistedAgent(players, ReplayAgent([shown()]), [3, 3, 4])
    return agent, play_game(agent, toolkit, "tiny", 60, recording=tmp_path)


def test_a_level_that_took_too_long_is_won_with_help(toolkit: Toolkit, tmp_path: Path) -> None:
    first, second = Player(0), Player()
    agent, result = played(toolkit, first, second, tmp_path)
    assert agent.assisted == {1, 2} and result.ended == "won"
    # its own actions, RESET, and the path of three
    assert result.level_actions == (1, 3 + 1 + 3, 4 + 1 + 3)
    assert first.begun == second.begun == [0] and first.reported == second.reported
    second_level = [(1, 1), (1, 1), (1, 1), (0, 1), (1, 1), (1, 1), (2, 2)]
    assert first.reported[:8] == [(2, 1), *second_level]
    assert first.reported[-4:] == [(0, 2), (1, 2), (1, 2), (2, 3)]


def test_a_level_just_reset_is_not_reset_again(toolkit: Toolkit, tmp_path: Path) -> None:
    """Two RESETs in a row would reset the whole game."""
    agent, result = played(toolkit, Player(0, 1), Player(resets=True), tmp_path)
    assert agent.assisted == {2} and result.ended == "won"
    assert result.level_actions == (1, 1, 4 + 3)


def test_who_wins_all_is_not_helped(toolkit: Toolkit, tmp_path: Path) -> None:
    agent, result = played(toolkit, Player(0, 1), Player(2), tmp_path)
    assert agent.assisted == set() and result.level_actions == (1, 1, 1)
