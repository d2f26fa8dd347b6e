"""An answer whose fields contradict each other or the previous answer is a fault like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcworld.play.session import FAULTS_IN_A_ROW, play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action

MOVE, WIN_LEVEL = Action(1), Action(2)


class Altered:
    """A wrapper whose answers are changed at some steps."""

    def __init__(self, wrapper: Any, fields: dict[str, Any], steps: Callable[[int], bool]) -> None:
        self._wrapper, self._fields, self._altered, self.steps = wrapper, fields, steps, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapper, name)

    def step(self, action: Any, data: Any = None, reasoning: Any = None) -> Any:
        self.steps += 1
        answer = self._wrapper.step(action, data=data, reasoning=reasoning)
        if not self._altered(self.steps):
            return answer
        frames, answer = answer.frame, answer.model_copy()
        answer.frame = frames
        for name, value in self._fields.items():
            setattr(answer, name, type(answer.state)(value) if name == "state" else value)
        return answer


FALSE: list[tuple[dict[str, Any], str]] = [
    ({"available_actions": [1, 9]}, "available_actions with 9; expected ids 0-7"),
    ({"available_actions": [-1]}, "available_actions with -1"),
    ({"available_actions": [1.5]}, "cannot be read"),
    ({"available_actions": ["ACTION1"]}, "cannot be read"),
    ({"available_actions": [True]}, "available_actions with True"),
    ({"available_actions": None}, "cannot be read"),
    ({"state": "WIN"}, "state WIN contradicts levels_completed 0 of 3"),
    ({"state": "NOT_PLAYED"}, "state NOT_PLAYED; expected"),
    ({"levels_completed": 3}, "state NOT_FINISHED contradicts levels_completed 3 of 3"),
    ({"levels_completed": 4}, "levels_completed 4 of win_levels 3 contradict each other"),
    ({"full_reset": -1}, "full_reset -1; expected true or false"),
    ({"levels_completed": 0.5}, "levels_completed 0.5; expected a whole number"),
    ({"levels_completed": float("inf")}, "levels_completed inf; expected a whole number"),
    ({"win_levels": "3"}, "win_levels '3'; expected a whole number"),
    ({"levels_completed": -1}, "levels_completed -1 of win_levels 3"),
    ({"levels_completed": 1, "full_reset": True}, "full_reset contradicts levels_completed 1"),
    ({"win_levels": 5}, "win_levels 5 contradicts 3 in the previous answer"),
    ({"game_id": "other-0002"}, "game_id other-0002 contradicts tiny-0001"),
    ({"guid": "another"}, "guid another contradicts"),
]


def open_altered(
    monkeypatch: pytest.MonkeyPatch, toolkit: Toolkit, fields: Any, steps: Callable[[int], bool]
) -> None:
    opened = toolkit.open

    def open_game(game: str, seed: int = 0) -> Any:
        session = opened(game, seed)
        session._wrapper = Altered(session._wrapper, fields, steps)
        return session

    monkeypatch.setattr(toolkit, "open", open_game)


@pytest.mark.parametrize(("fields", "message"), FALSE, ids=[message for _, message in FALSE])
def test_a_false_answer_is_a_fault(
    monkeypatch: pytest.MonkeyPatch,
    toolkit: Toolkit,
    script: Any,
    recorded: Any,
    tmp_path: Path,
    fields: dict[str, Any],
    message: str,
) -> None:
    open_altered(monkeypatch, toolkit, fields, lambda step: step % 3 == 0)
    result = play_game(script(MOVE), toolkit, "tiny", max_actions=9, recording=tmp_path)
    assert (result.ended, result.actions, result.faults) == ("max_actions", 9, 4)
    assert (result.state, result.levels_completed) == ("NOT_FINISHED", 0)
    assert sum(len(episode) for episode in recorded(result)) == 9
    open_altered(monkeypatch, toolkit, fields, lambda step: True)
    result = play_game(script(MOVE), toolkit, "tiny", max_actions=9)
    assert result.faults == FAULTS_IN_A_ROW and result.ended.startswith("toolkit: tiny-0001: ")
    assert message in result.ended and "\n" not in result.ended


def test_levels_that_fall_without_reset_are_a_fault(
    monkeypatch: pytest.MonkeyPatch, toolkit: Toolkit, script: Any
) -> None:
    open_altered(monkeypatch, toolkit, {"levels_completed": 0}, lambda step: step == 2)
    result = play_game(script(WIN_LEVEL, MOVE), toolkit, "tiny", max_actions=3)
    assert result.faults == 1 and result.ended == "max_actions"


EARLY_WIN = """
from arcengine import ARCBaseGame, Camera, GameAction, Level, Sprite


class Tiny(ARCBaseGame):
    def __init__(self):
        levels = [Level([Sprite([[3]], name="dot")]) for _ in range(2)]
        super().__init__(game_id="tiny", levels=levels, camera=Camera(), available_actions=[1])

    def step(self):
        if self.action.id == GameAction.ACTION1:
            self.win()
        self.complete_action()
"""


def test_a_game_that_calls_itself_won_on_level_0_is_not_won(
    write_game: Callable[..., Path], script: Any
) -> None:
    with Toolkit(write_game(source=EARLY_WIN)) as opened:
        result = play_game(script(MOVE), opened, "tiny", max_actions=9)
    assert result.ended.startswith("toolkit: ") and result.levels_completed == 0


def test_linked_games_are_found(write_game: Callable[..., Path], tmp_path: Path) -> None:
    games = write_game()
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "tiny").symlink_to(games / "tiny")
    (linked / "loop").symlink_to(linked)
    with Toolkit(linked) as opened:
        assert [str(game) for game in opened.games()] == ["tiny-0001"]
