"""What holds of every game of ours, played through the toolkit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from arcengine import GameAction as EngineAction
from arcengine import GameState

from arcworld.games.catalogue import entries
from arcworld.games.player import load_player
from arcworld.recordings.episode import CLICK, COLOURS, RESET, SIDE, GameAction

GAMES = sorted(entries())
MAX_GRIDS = 20

type Opener = Callable[[str], Any]


def send(environment: Any, action: GameAction) -> Any:
    """The toolkit's answer; it must have one, made of proper grids."""
    data = {"x": action.x, "y": action.y} if action.id == CLICK else {}
    answer = environment.step(EngineAction.from_id(action.id), data=data)
    assert answer is not None and 1 <= len(answer.frame) <= MAX_GRIDS
    for grid in answer.frame:
        assert grid.shape == (SIDE, SIDE) and grid.min() >= 0 and grid.max() < COLOURS
    return answer


def any_action(rng: np.random.Generator) -> GameAction:
    """Any action but RESET, available or not, clicks anywhere."""
    action_id = int(rng.integers(1, 8))
    if action_id != CLICK and rng.random() < 0.5:
        action_id = CLICK
    place = rng.integers(SIDE, size=2).tolist() if action_id == CLICK else ()
    return GameAction(action_id, *place)


@pytest.mark.parametrize("game", GAMES)
def test_the_player_wins_every_level(offline: Opener, game: str) -> None:
    environment, player, rng = offline(game), load_player(game), np.random.default_rng(0)
    answer, levels = environment.observation_space, len(entries()[game].baseline_actions)
    assert answer.win_levels == levels >= 5
    for level in range(levels):
        actions = player.solution(level, rng)
        assert len(actions) >= 3
        for k, action in enumerate(actions):
            assert action.id in answer.available_actions
            answer = send(environment, action)
            assert answer.levels_completed == level + (k + 1 == len(actions))
    assert answer.state == GameState.WIN


@pytest.mark.parametrize("game", GAMES)
def test_two_wins_differ(game: str) -> None:
    player, last = load_player(game), len(entries()[game].baseline_actions) - 1
    one, other, again = (player.solution(last, np.random.default_rng(k)) for k in (1, 2, 1))
    assert one != other and one == again


@pytest.mark.parametrize("game", GAMES)
def test_the_same_actions_give_the_same_frames(offline: Opener, game: str) -> None:
    def play() -> list[bytes]:
        environment, rng = offline(game), np.random.default_rng(3)
        answers = [send(environment, any_action(rng)) for _ in range(10)]
        return [grid.tobytes() for answer in answers for grid in answer.frame]

    assert play() == play()


@pytest.mark.parametrize("game", GAMES)
def test_reset_restores_the_first_frame_of_any_level(offline: Opener, game: str) -> None:
    environment, player, rng = offline(game), load_player(game), np.random.default_rng(4)
    first = environment.observation_space.frame[-1]
    for level in range(3):
        tries = player.solution(level, rng)[:2]
        changed = [send(environment, action).frame[-1] for action in tries]
        assert any(np.any(frame != first) for frame in changed)
        answer = send(environment, GameAction(RESET))
        assert not answer.full_reset and answer.levels_completed == level
        np.testing.assert_array_equal(answer.frame[-1], first)
        for action in player.solution(level, rng):
            first = send(environment, action).frame[-1]


@pytest.mark.parametrize("game", GAMES)
def test_no_action_is_too_odd(offline: Opener, game: str) -> None:
    environment, rng = offline(game), np.random.default_rng(5)
    for data in ({}, {"x": 3}, {"x": -1, "y": 900}, {"x": "a", "y": None}):
        answer = environment.step(EngineAction.ACTION6, data=data)
        assert answer is not None and answer.frame
    for _ in range(300):
        over = answer.state != GameState.NOT_FINISHED
        answer = send(environment, GameAction(RESET) if over else any_action(rng))


@pytest.mark.parametrize("game", GAMES)
def test_exploring_keeps_to_what_is_available(offline: Opener, game: str) -> None:
    environment, player, rng = offline(game), load_player(game), np.random.default_rng(6)
    answer, seen = environment.observation_space, set[bytes]()
    for _ in range(60):
        if answer.state != GameState.NOT_FINISHED:
            answer = send(environment, GameAction(RESET))
        available = tuple(answer.available_actions)
        action = player.explore(answer.frame[-1], available, rng)
        assert action.id in available
        answer = send(environment, action)
        seen.add(answer.frame[-1].tobytes())
    assert len(seen) > 10, "exploring should find things to change"
