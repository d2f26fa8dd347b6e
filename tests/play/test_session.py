"""A game is played to its end, whatever the agent and the toolkit do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.play.agent import Decision
from arcworld.play.agents.random import RandomAgent
from arcworld.play.observation import Observation
from arcworld.play.session import GameResult, play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action, Outcome
from arcworld.recordings.reader import read_recording

MOVE, WIN_LEVEL, LOSE, LOSE_LIFE, RAISE = (Action(action_id) for action_id in range(1, 6))
RESET, WIN_AND_LOSE = Action(0), Action(7)


def test_a_won_game_and_its_recording(
    toolkit: Toolkit, tmp_path: Path, script: Any, recorded: Any
) -> None:
    player = script(MOVE, Action(6, 20, 30), WIN_LEVEL)
    seen: list[int] = []
    result = play_game(
        player,
        toolkit,
        "tiny",
        recording=tmp_path,
        on_step=lambda decision, observation: seen.append(decision.action.id),
    )
    assert (result.ended, result.state) == ("won", "WIN")
    assert (result.levels_completed, result.win_levels, result.actions) == (3, 3, 9)
    assert result.level_actions == (3, 3, 3) and result.human_actions == (4, 4, 4)
    assert result.score == toolkit.close().score == 100
    assert seen == [1, 6, 2] * 3
    json.dumps(result.as_dict())

    (episode,) = recorded(result)
    assert [episode.action(t) for t in range(len(episode))] == [
        d.action for d, _ in player.reported
    ]
    assert [observation.levels_completed for _, observation in player.reported] == list(
        episode.levels_T[1:]
    )
    for t, (_, observation) in enumerate(player.reported):
        assert np.array_equal(observation.frame_HW, episode.frames_THW[t + 1])
        assert len(observation.grids) == episode.grids_T[t + 1]
    assert list(np.flatnonzero(episode.outcomes_A == Outcome.LEVEL_WON)) == [2, 5, 8]
    rows = Path(str(result.recording)).read_text().splitlines()
    reasoning = json.loads(rows[3])["data"]["action_input"]["reasoning"]
    assert reasoning == {"reason": "as written", "expected": {"asked": 3.0}}


def test_game_over_is_reset_here_and_the_agent_observes_it(
    toolkit: Toolkit, tmp_path: Path, script: Any, recorded: Any
) -> None:
    player = script(WIN_LEVEL, MOVE, LOSE)
    path = tmp_path / "one.jsonl.gz"
    result = play_game(player, toolkit, "tiny-0001", max_actions=5, recording=path)
    assert [decision.action.id for decision, _ in player.reported] == [2, 1, 3, 0, 2]
    assert (result.ended, result.levels_completed, result.actions) == ("max_actions", 2, 5)
    assert result.level_actions == (1, 4, 0)
    (episode,) = recorded(result)
    assert list(episode.outcomes_A) == [1, 0, 2, 0, 1]
    assert result.recording == str(path)


def test_a_game_that_only_a_full_reset_continues_is_left(toolkit: Toolkit, script: Any) -> None:
    result = play_game(script(WIN_LEVEL, WIN_AND_LOSE), toolkit, "tiny")
    assert (result.ended, result.state) == ("only a full reset is left", "GAME_OVER")
    assert (result.levels_completed, result.actions) == (2, 2)


def test_illegal_decisions_are_replaced_and_counted(
    toolkit: Toolkit, tmp_path: Path, script: Any
) -> None:
    def play() -> GameResult:
        return play_game(script(RESET), toolkit, "tiny", max_actions=60, seed=3)

    first, second = play(), play()
    assert first.replaced >= 1
    assert (first.level_actions, first.replaced) == (second.level_actions, second.replaced)
    card = toolkit.close()
    assert len(card.games[0].runs) == 2, "each game is one run: no full reset was sent"


def test_random_play_is_one_run_and_counted_alike(
    toolkit: Toolkit, tmp_path: Path, recorded: Any
) -> None:
    for seed in range(8):
        result = play_game(RandomAgent(seed), toolkit, "tiny", 40, seed=seed, recording=tmp_path)
        run = toolkit.scorecard().run_of(result.guid)
        assert run is not None
        assert (run.actions, run.levels_completed) == (result.actions, result.levels_completed)
        assert run.level_actions[: len(result.level_actions)] == result.level_actions
        assert sum(len(episode) for episode in recorded(result)) == result.actions
    assert all(len(game.runs) == 8 for game in toolkit.close().games)


def test_an_agent_that_crashes_leaves_scorecard_and_recording(
    toolkit: Toolkit, tmp_path: Path, script: Any
) -> None:
    class Crashing(script):
        def choose_action(self, observation: Observation) -> Decision:
            if self.asked == 3:
                raise KeyboardInterrupt
            return super().choose_action(observation)

    path = tmp_path / "broken.jsonl"
    with pytest.raises(KeyboardInterrupt):
        play_game(Crashing(MOVE), toolkit, "tiny", recording=path)
    assert toolkit.close().actions == 3
    assert len(read_recording(path).episodes[0]) == 3


def test_bad_limits_and_names(toolkit: Toolkit, tmp_path: Path, script: Any) -> None:
    with pytest.raises(ArcworldError, match="max_actions is 0"):
        play_game(script(MOVE), toolkit, "tiny", max_actions=0)
    with pytest.raises(ArcworldError, match="no game 'big'"):
        play_game(script(MOVE), toolkit, "big", recording=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_session_counts_an_unexpected_full_reset(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    session.step(WIN_LEVEL)
    session.game_status.observation = replace(session.observation, legal_actions=(0,))
    after = session.step(RESET)
    assert after.full_reset and after.levels_completed == 0
    assert session.level_actions == (0,) and session.actions == 2
