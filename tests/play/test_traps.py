"""Traps of play: each test shows that the raw toolkit has the trap and our wrapper avoids it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.play.toolkit import GameSession, IllegalActionError, Toolkit
from arcworld.recordings.episode import Action

MOVE, WIN_LEVEL, LOSE, LOSE_LIFE, RAISE = (Action(action_id) for action_id in range(1, 6))
WIN_AND_LOSE = Action(7)
RESET = Action(0)


class NetworkUsedError(Exception):
    pass


# -- RESET -----------------------------------------------------------------------------------


@pytest.fixture
def play_raw(raw_arcade: Any, official: Any) -> Any:
    def play(games: Path, *actions: Action) -> Any:
        wrapper = raw_arcade(games).make("tiny")
        return [wrapper.step(official(action)) for action in actions][-1]

    return play


@pytest.mark.parametrize(
    "last",
    [
        pytest.param((WIN_LEVEL, RESET), id="right after a level was won"),
        pytest.param((WIN_LEVEL, MOVE, RESET, RESET), id="two in a row"),
        pytest.param((WIN_LEVEL, MOVE, LOSE_LIFE, RESET), id="after the game set the level back"),
        pytest.param((WIN_AND_LOSE, RESET), id="game over in the animation of a won level"),
        pytest.param((WIN_LEVEL, WIN_LEVEL, WIN_LEVEL, RESET), id="after the game was won"),
    ],
)
def test_resets_that_reset_the_whole_game_are_never_sent(
    write_game: Any, last: tuple[Action, ...], play_raw: Any
) -> None:
    games = write_game()
    answer = play_raw(games, *last)
    assert answer.full_reset and answer.levels_completed == 0
    with Toolkit(games) as toolkit:
        session = toolkit.open("tiny")
        for action in last[:-1]:
            session.step(action)
        assert 0 not in session.observation.legal_actions
        with pytest.raises(IllegalActionError, match=r"would reset the whole game|is won"):
            session.step(RESET)
        levels = session.observation.levels_completed
        if session.observation.state == "NOT_FINISHED":
            assert session.reset_level().levels_completed == levels > 0
        else:
            with pytest.raises(IllegalActionError):
                session.reset_level()
        assert session.actions == toolkit.close().actions == len(last) - 1


def test_reset_after_one_action_resets_the_level_alone(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    fresh = session.step(WIN_LEVEL)
    session.step(MOVE)
    back = session.step(RESET)
    assert back.levels_completed == 1 and not back.full_reset
    assert np.array_equal(back.frame_HW, fresh.frame_HW)
    assert session.level_actions == (1, 2)


# -- GAME_OVER and illegal actions -----------------------------------------------------------


def test_after_game_over_an_action_is_frameless_raw_and_refused_here(
    write_game: Any, play_raw: Any
) -> None:
    games = write_game()
    answer = play_raw(games, WIN_LEVEL, MOVE, LOSE, MOVE)
    assert (len(answer.frame), answer.levels_completed, answer.win_levels) == (0, 0, 0)
    with Toolkit(games) as toolkit:
        session = toolkit.open("tiny")
        session.step(WIN_LEVEL)
        session.step(MOVE)
        over = session.step(LOSE)
        assert (over.state, over.legal_actions) == ("GAME_OVER", (0,))
        with pytest.raises(IllegalActionError, match="legal ids: 0"):
            session.step(MOVE)
        again = session.step(RESET)
        assert (again.state, again.levels_completed) == ("NOT_FINISHED", 1)


def test_raw_scorecard_keeps_game_over_after_a_reset(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    for action in (MOVE, LOSE, RESET, MOVE):
        session.step(action)
    assert session.observation.state == "NOT_FINISHED"
    assert toolkit.close().games[0].runs[0].state == "GAME_OVER"


def test_bad_clicks_and_unavailable_actions_count_raw_and_cannot_be_sent_here(
    write_game: Any, raw_arcade: Any, official: Any
) -> None:
    source = Path(write_game() / "tiny" / "0001" / "tiny.py").read_text()
    only_click = source.replace("[1, 2, 3, 4, 5, 6, 7]", "[6]")
    games = write_game("tiny-0002", source=only_click)
    arcade = raw_arcade(games)
    wrapper = arcade.make("tiny-0002")
    assert wrapper.step(official(MOVE)).frame
    assert wrapper.step(official(Action(6, 0, 0)), data={}).frame
    assert wrapper.step(official(Action(6, 0, 0)), data={"x": 99, "y": -1}).frame
    assert arcade.close_scorecard().total_actions == 3

    with Toolkit(games) as toolkit:
        session = toolkit.open("tiny-0002")
        with pytest.raises(IllegalActionError, match=r"ACTION1 is not legal.*legal ids: 6"):
            session.step(MOVE)
        for place in ((None, None), (64, 0), (0, -1)):
            with pytest.raises(ValueError, match="needs x and y in 0-63"):
                session.step(Action(6, *place))
        session.step(Action(6, 1, 1))
        assert toolkit.close().actions == 1


def test_official_actions_by_value_and_their_shared_data(toolkit: Toolkit) -> None:
    from arcengine import GameAction as OfficialAction

    with pytest.raises(ValueError, match="6 is not a valid GameAction"):
        OfficialAction(6)
    OfficialAction.ACTION6.set_data({"x": 1, "y": 2})
    assert OfficialAction.from_id(6).action_data.model_dump() == {"game_id": "", "x": 1, "y": 2}
    session = toolkit.open("tiny")
    assert session.step(Action(6, 30, 40)).frame_HW[40, 30] == 9
    assert OfficialAction.from_id(6).action_data.model_dump() == {"game_id": "", "x": 1, "y": 2}
    OfficialAction.ACTION6.set_data({"x": 0, "y": 0})


# -- reasoning, frames, scorecard ------------------------------------------------------------


@pytest.mark.parametrize(
    "reasoning",
    [
        pytest.param({"log": "x" * 20_000, "p": 0.5}, id="too long"),
        pytest.param({"p": 0.5, "log": np.float32(2)}, id="not JSON"),
    ],
)
def test_reasoning_that_turns_a_raw_step_into_none_is_fitted_here(
    write_game: Any, toolkit: Toolkit, reasoning: dict[str, Any], raw_arcade: Any, official: Any
) -> None:
    wrapper = raw_arcade(write_game("tiny-0002")).make("tiny-0002")
    assert wrapper.step(official(MOVE), reasoning=reasoning) is None
    session = toolkit.open("tiny-0001")
    session.step(MOVE, reasoning=reasoning)
    kept = session._wrapper.observation_space.action_input.reasoning
    assert kept["p"] == 0.5 and kept["log"]


def test_frames_are_ours(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    first = session.observation.frame_HW
    assert first.dtype == np.uint8 and first.shape == (64, 64)
    kept = first.copy()
    won = session.step(WIN_LEVEL)
    assert len(won.grids) == 4 and won.grids[-1] is not first
    assert np.array_equal(won.frame_HW, won.grids[-1])
    assert np.array_equal(first, kept)


def test_available_actions_alias_the_game_raw_and_not_here(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    answer = session._wrapper.observation_space
    assert answer.available_actions is session._wrapper._game._available_actions
    session._wrapper._game._available_actions.append(9)
    assert 9 not in session.observation.available_actions


def test_steps_after_close_are_lost_raw_and_refused_here(
    write_game: Any, raw_arcade: Any, official: Any
) -> None:
    games = write_game()
    arcade = raw_arcade(games)
    wrapper = arcade.make("tiny")
    arcade.close_scorecard()
    assert wrapper.step(official(MOVE)).frame  # played, and on no scorecard
    toolkit = Toolkit(games)
    session: GameSession = toolkit.open("tiny")
    assert toolkit.close() is toolkit.close()
    with pytest.raises(IllegalActionError, match="toolkit is closed"):
        session.step(MOVE)
    with pytest.raises(ArcworldError, match="toolkit is closed"):
        toolkit.open("tiny")


def test_scores_follow_the_baselines_of_the_game(write_game: Any) -> None:
    games = write_game(baseline=[2, 1, 5])
    with Toolkit(games) as toolkit:
        session = toolkit.open("tiny")
        assert session.human_actions == (2, 1, 5)
        for action in (MOVE, MOVE, MOVE, WIN_LEVEL, WIN_LEVEL, MOVE):
            session.step(action)
        run = toolkit.scorecard().games[0].runs[0]
        assert run.level_actions == (4, 1, 1)
        assert run.level_scores == (100 * (2 / 4) ** 2, 100.0, 0.0)
        assert run.score == pytest.approx((25 * 1 + 100 * 2 + 0 * 3) / 6)
        session.step(WIN_LEVEL)
        card = toolkit.close()
        assert card.games[0].runs[0].level_scores == (25.0, 100.0, 115.0)
        assert card.score == pytest.approx((25 + 200 + 345) / 6)
        assert toolkit.scorecard() is card


def test_a_game_without_baselines_says_so(write_game: Any) -> None:
    with Toolkit(write_game(baseline=[])) as toolkit:
        session = toolkit.open("tiny")
        session.step(WIN_LEVEL)
        run = toolkit.close().games[0].runs[0]
        assert session.human_actions == () and run.score == 0 and run.levels_completed == 1
        assert "baseline actions are not available" in run.message


def test_nothing_played_is_an_empty_scorecard(write_game: Any) -> None:
    card = Toolkit(write_game()).close()
    assert (card.games, card.score, card.as_dict()["games"]) == ((), 0.0, {})
