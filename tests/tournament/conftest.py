"""Games that fail in different ways, in the toolkit's layout, and hand-made results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from arcworld.tournament.results import PlayResult

SOURCE = '''
import os
import time
from arcengine import ARCBaseGame, Camera, GameAction, Level, Sprite


class Odd(ARCBaseGame):
    """The only action, ACTION1, wins two levels; then it goes wrong in the game's own way."""

    def __init__(self, seed=0):
        levels = [Level(sprites=[Sprite(pixels=[[9]], name="dot", x=i, y=seed % 60)],
                        grid_size=(64, 64)) for i in range(4)]
        super().__init__("odd", levels, Camera(0, 0, 64, 64, 5, 5),
                         available_actions=[1], seed=seed)

    def step(self):
        if self.action.id == GameAction.ACTION1:
            print("games print")
            if self.level_index == 2:
                WRONG
            self.next_level()
        self.complete_action()
'''
WRONG = {
    "fine": "pass",
    "dies": "os._exit(3)",
    "hangs": "time.sleep(120)",
    "loses": "self.lose()",
}

type WriteGames = Callable[..., Path]


@pytest.fixture
def write_games(tmp_path: Path) -> WriteGames:
    """Write games, named by how each fails, into a folder and return it."""

    def write(*kinds: str, folder: str = "games") -> Path:
        for kind in kinds:
            place = tmp_path / folder / kind / "0001"
            place.mkdir(parents=True)
            (place / "odd.py").write_text(SOURCE.replace("WRONG", WRONG[kind]))
            about = {"game_id": f"{kind}-0001", "class_name": "Odd", "baseline_actions": [1] * 4}
            (place / "metadata.json").write_text(json.dumps(about))
        return tmp_path / folder

    return write


type MakePlay = Callable[..., PlayResult]


@pytest.fixture
def make_play() -> MakePlay:
    """A result from the actions of each won level, with ten human actions each."""

    def make(
        *took: int, agent: str = "a", game: str = "g", seed: int = 0, rest: int = 7
    ) -> PlayResult:
        return PlayResult(
            game,
            agent,
            seed,
            levels_completed=len(took),
            win_levels=6,
            actions=sum(took) + rest,
            score=float(len(took)),
            level_actions=(*took, rest),
            human_actions=(10,) * 6,
            ended="max_actions",
            agent_seconds=0.5,
        )

    return make
