from __future__ import annotations

from typing import Any

import pytest
from arcengine import ActionInput
from arcengine import GameAction as EngineAction

from arcworld.games.catalogue import entries, entry, game_source

ODD = ({}, {"x": 3}, {"x": -1, "y": 900}, {"x": 64, "y": 64}, {"x": "a", "y": None})


@pytest.mark.parametrize("data", ODD, ids=str)
@pytest.mark.parametrize("name", sorted(entries()))
def test_a_click_with_no_place_is_answered(name: str, data: dict[str, Any]) -> None:
    game = getattr(game_source(name), entry(name).class_name)()
    game.perform_action(ActionInput(id=EngineAction.RESET), raw=True)
    answer = game.perform_action(ActionInput(id=EngineAction.ACTION6, data=data), raw=True)
    assert len(answer.frame) == 1 and answer.levels_completed == 0
