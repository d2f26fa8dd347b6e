from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.errors import ArcworldError
from arcworld.games.catalogue import entries, entry, game_source, game_split
from arcworld.games.demo_player import load_demo_player
from arcworld.play.observation import GAME_OVER, WIN, Observation
from arcworld.play.toolkit import GameSession, Toolkit
from arcworld.recordings.episode import CLICK, RESET, Action

NAMES = ["crates", "keys", "mosaic", "relay", "taps"]
LONGEST_ANIMATION = 20


def playing(toolkit: Toolkit, name: str, level: int) -> GameSession:
    """A session at the first frame of a level."""
    session = toolkit.open(name)
    for earlier in range(level):
        play_solution(session, earlier)
    return session


def play_solution(session: GameSession, level: int, seed: int = 0) -> list[Observation]:
    player = load_demo_player(session.game_id)
    actions = player.solution(level, np.random.default_rng([seed, level]))
    return [session.step(action) for action in actions]


def engine(name: str) -> Any:
    """The bare game, without the toolkit's wrapper; it has been reset."""
    game = getattr(game_source(name), entry(name).class_name)()
    act(game, RESET)
    return game


def act(game: Any, action_id: int, **data: int) -> Any:
    from arcengine import ActionInput
    from arcengine import GameAction as OfficialAction

    action = ActionInput(id=OfficialAction.from_id(action_id), data=dict(data))
    return game.perform_action(action, raw=True)


def test_there_are_five_games_and_two_are_held_out() -> None:
    split = game_split()
    assert sorted(entries()) == NAMES == sorted(split.train + split.unseen)
    assert len(split.unseen) == 2
    assert [one.game_id.split("-")[0] for one in entries().values()] == NAMES


def test_toolkit_lists_the_same_games() -> None:
    with Toolkit() as toolkit:
        assert toolkit.games() == sorted(one.game_id for one in entries().values())


def test_held_out_games_differ_in_their_actions() -> None:
    with Toolkit() as toolkit:
        offers = {toolkit.open(name).observation.available_actions for name in game_split().unseen}
    assert any(CLICK in offer for offer in offers) and any(CLICK not in offer for offer in offers)


def test_an_unknown_game_is_named_with_its_nearest() -> None:
    with pytest.raises(ArcworldError, match=r"no game 'keyz'; did you mean 'keys'\?"):
        entry("keyz")
    with pytest.raises(ArcworldError, match="no game 'keys-00000000'"):
        entry("keys-00000000")
    assert entry("keys") == entry(entry("keys").game_id)


@pytest.mark.parametrize("name", NAMES)
def test_folder_and_metadata_agree(name: str) -> None:
    one = entry(name)
    assert one.source.is_file()
    assert one.game_id == f"{name}-{one.folder.name}" and len(one.folder.name) == 8
    assert int(one.folder.name, 16) >= 0
    fields = json.loads((one.folder / "metadata.json").read_text())
    assert fields["class_name"] == name.capitalize() and fields["title"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1])
def test_solutions_win_every_level(name: str, seed: int) -> None:
    with Toolkit() as toolkit:
        session = toolkit.open(name)
        assert session.win_levels >= 5
        assert len(session.human_actions) == session.win_levels
        for level in range(session.win_levels):
            seen = play_solution(session, level, seed)
            assert [one.levels_completed for one in seen] == [level] * (len(seen) - 1) + [level + 1]
            assert 3 <= len(seen) <= 1.5 * session.human_actions[level], f"level {level}"
            assert max(len(one.grids) for one in seen) <= LONGEST_ANIMATION
        assert session.observation.state == WIN
        score = toolkit.close().games[0]
    assert score.levels_completed == session.win_levels and score.score > 0


@pytest.mark.parametrize("name", NAMES)
def test_ways_to_win_differ(name: str) -> None:
    player = load_demo_player(name)
    ways = {tuple(player.solution(1, np.random.default_rng(seed))) for seed in range(8)}
    assert len(ways) > 1


@pytest.mark.parametrize("name", NAMES)
def test_reset_restores_the_first_frame_of_each_level(name: str) -> None:
    player, rng = load_demo_player(name), np.random.default_rng(0)
    with Toolkit() as toolkit:
        session = toolkit.open(name)
        for level in range(session.win_levels):
            first = session.observation
            for _ in range(12):
                now = session.observation
                if now.state == GAME_OVER or now.levels_completed > level:
                    break
                session.step(player.explore(now.frame_HW, now.available_actions, rng))
            if session.observation.levels_completed == level:
                again = session.step(Action(RESET))
                np.testing.assert_array_equal(again.frame_HW, first.frame_HW)
                assert again.levels_completed == level and not again.full_reset
                play_solution(session, level)


@pytest.mark.parametrize("name", NAMES)
def test_any_action_in_any_order_is_answered_with_frames(name: str) -> None:
    rng = np.random.default_rng(7)
    for level in (0, len(entry(name).baseline_actions) - 1):
        game = engine(name)
        game.set_level(level)
        for _ in range(300):
            x, y = (int(place) for place in rng.integers(0, 64, 2))
            answer = act(game, int(rng.integers(1, 8)), x=x, y=y)
            check_frames(answer)
            if answer.state.value in (GAME_OVER, WIN):
                act(game, RESET)
                game.set_level(level)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    actions=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 63), st.integers(0, 63)), max_size=30
    )
)
def test_the_same_actions_give_the_same_frames(
    name: str, actions: list[tuple[int, int, int]]
) -> None:
    first, second = engine(name), engine(name)
    for action_id, x, y in actions:
        one, other = act(first, action_id, x=x, y=y), act(second, action_id, x=x, y=y)
        assert one.state == other.state
        np.testing.assert_array_equal(np.array(one.frame), np.array(other.frame))
        if one.frame:
            check_frames(one)


def check_frames(answer: Any) -> None:
    frames = np.array(answer.frame)
    assert 1 <= len(frames) <= LONGEST_ANIMATION and frames.shape[1:] == (64, 64)
    assert frames.min() >= 0 and frames.max() <= 15


@pytest.mark.parametrize("name", NAMES)
def test_an_action_that_is_not_offered_changes_nothing(name: str) -> None:
    game = engine(name)
    before = act(game, RESET).frame[-1]
    for action_id in set(range(1, 8)) - set(game._available_actions):
        answer = act(game, action_id, x=30, y=30)
        np.testing.assert_array_equal(answer.frame[-1], before)


@pytest.mark.parametrize("name", NAMES)
def test_exploring_chooses_offered_actions(name: str) -> None:
    player, rng = load_demo_player(name), np.random.default_rng(3)
    with Toolkit() as toolkit:
        seen = toolkit.open(name).observation
    tries = [player.explore(seen.frame_HW, seen.available_actions, rng) for _ in range(200)]
    assert {action.id for action in tries} == set(seen.available_actions)
    assert len(set(tries)) >= 4
