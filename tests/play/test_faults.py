"""Toolkit faults: the action is sent again, or the run ends with everything that was played."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcworld.play.agents.random import RandomAgent
from arcworld.play.session import FAULTS_IN_A_ROW, FAULTS_OF_A_SERVICE, play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action

MOVE, WIN_LEVEL, LOSE, LOSE_LIFE, RAISE = (Action(action_id) for action_id in range(1, 6))
RESET, WIN_AND_LOSE = Action(0), Action(7)


@pytest.mark.parametrize("kind", ["none", "raise", "frameless", "small", "colours", "lost"])
def test_a_passing_fault_is_tried_again(
    toolkit: Toolkit,
    inject: Callable[..., None],
    tmp_path: Path,
    kind: str,
    script: Any,
    recorded: Any,
) -> None:
    inject(lambda step: kind if step % 3 == 0 else "")
    player = script(MOVE)
    result = play_game(player, toolkit, "tiny", max_actions=20, recording=tmp_path)
    assert (result.ended, result.actions, result.faults) == ("max_actions", 20, 9)
    assert len(player.reported) == player.asked == 20
    assert sum(len(episode) for episode in recorded(result)) == 20


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("none", "answered None"),
        ("raise", "ConnectionResetError: the server died"),
        ("frameless", "without a frame"),
    ],
)
def test_a_lasting_fault_ends_the_run_with_all_that_was_played(
    toolkit: Toolkit,
    inject: Callable[..., None],
    tmp_path: Path,
    kind: str,
    reason: str,
    script: Any,
    recorded: Any,
) -> None:
    inject(lambda step: kind if step > 4 else "")
    player = script(MOVE, WIN_LEVEL)
    result = play_game(player, toolkit, "tiny", recording=tmp_path)
    assert (result.levels_completed, result.actions) == (2, 4)
    assert result.faults == FAULTS_IN_A_ROW
    assert result.ended.startswith("toolkit: tiny-0001: ACTION")
    assert re.search(reason, result.ended)
    assert "\n" not in result.ended
    assert [len(episode) for episode in recorded(result)] == [4]
    assert toolkit.close().levels_completed == result.levels_completed


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("small", r"shape \[3, 3\]"),
        ("ragged", "unequal length"),
        ("fractions", "of float64"),
        ("colours", "colours 16 to 16"),
        ("fields", "cannot be read"),
        ("lost", "answered None"),
    ],
)
@pytest.mark.parametrize("remote", [False, True])
def test_what_is_carried_out_without_an_answer_counts_on_the_scorecard_alone(
    toolkit: Toolkit,
    inject: Callable[..., None],
    tmp_path: Path,
    kind: str,
    reason: str,
    remote: bool,
    script: Any,
    recorded: Any,
) -> None:
    inject(lambda step: kind if step > 4 else "", remote=remote)
    result = play_game(script(MOVE), toolkit, "tiny", recording=tmp_path)
    assert result.actions == 4
    assert result.faults == (FAULTS_OF_A_SERVICE if remote else FAULTS_IN_A_ROW)
    assert re.search(rf"^toolkit: tiny-0001: ACTION.*{reason}", result.ended)
    assert [len(episode) for episode in recorded(result)] == [4]
    assert toolkit.close().actions == 4 + result.faults


def test_a_win_without_an_answer_is_a_win(
    toolkit: Toolkit, inject: Callable[..., None], tmp_path: Path, script: Any, recorded: Any
) -> None:
    inject(lambda step: "lost" if step == 3 else "")
    result = play_game(script(WIN_LEVEL), toolkit, "tiny", recording=tmp_path)
    assert (result.ended, result.levels_completed, result.actions) == ("won", 3, 2)
    assert [len(episode) for episode in recorded(result)] == [2]


def test_game_over_before_the_answer_is_lost_is_seen(
    toolkit: Toolkit, inject: Callable[..., None], script: Any
) -> None:
    inject(lambda step: "lost" if step == 2 else "")
    player = script(MOVE, LOSE)
    result = play_game(player, toolkit, "tiny", max_actions=4)
    assert [decision.action.id for decision, _ in player.reported] == [1, 0, 1, 3]
    assert result.faults == 1


def test_game_over_without_a_frame_is_believed_of_a_service(
    toolkit: Toolkit, inject: Callable[..., None], script: Any
) -> None:
    inject(lambda step: "over" if step == 2 else "", remote=True)
    player = script(MOVE)
    result = play_game(player, toolkit, "tiny", max_actions=4)
    assert [decision.action.id for decision, _ in player.reported] == [1, 0, 1, 1]
    assert result.faults == 1


def test_a_reset_that_may_have_happened_is_not_sent_twice(
    toolkit: Toolkit, inject: Callable[..., None], tmp_path: Path, script: Any
) -> None:
    inject(lambda step: "lost" if step == 4 else "")
    player = script(WIN_LEVEL, MOVE, LOSE)
    result = play_game(player, toolkit, "tiny", max_actions=8, recording=tmp_path)
    assert (result.ended, result.actions) == ("won", 8)
    assert all(not observation.full_reset for _, observation in player.reported)
    assert len(toolkit.close().games[0].runs) == 1


def test_a_service_that_lost_a_reset_is_not_asked_again(
    toolkit: Toolkit, inject: Callable[..., None], script: Any
) -> None:
    inject(lambda step: "lost" if step == 4 else "", remote=True)
    result = play_game(script(WIN_LEVEL, MOVE, LOSE), toolkit, "tiny", max_actions=8)
    assert result.ended.startswith("toolkit: tiny-0001: RESET")
    assert (result.levels_completed, result.faults) == (1, 1)


def test_an_action_that_breaks_the_game_is_not_the_end(write_game: Any) -> None:
    source = Path(write_game() / "tiny" / "0001" / "tiny.py").read_text()
    games = write_game("tiny-0002", source.replace("[1, 2, 3, 4, 5, 6, 7]", "[1, 3, 4, 5, 6]"))
    with Toolkit(games) as toolkit:
        result = play_game(RandomAgent(0), toolkit, "tiny-0002", max_actions=50)
    assert (result.ended, result.actions) == ("max_actions", 50)
    assert result.faults >= 8
