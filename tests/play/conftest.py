"""A tiny game for the tests of play, in the toolkit's layout, written where a test wants it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from arcworld.play.official import import_toolkit
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import GameAction

SOURCE = '''
import numpy as np
from arcengine import ARCBaseGame, Camera, GameAction, Level, Sprite

DOT = Sprite(pixels=[[9]], name="dot")
LIFE = Sprite(pixels=[[8]], name="life", x=63, y=63)


class Tiny(ARCBaseGame):
    """1 moves the dot, 2 wins the level in 3 grids, 3 loses, 4 loses a life (the game itself sets
    the level back), 5 raises, 6 moves the dot to the click, 7 wins a level and loses at once."""

    def __init__(self, seed=0):
        levels = [
            Level(sprites=[DOT.clone().set_position(seed % 50, level), LIFE.clone()],
                  grid_size=(64, 64))
            for level in range(3)
        ]
        self.grids = 0
        super().__init__("tiny", levels, Camera(0, 0, 64, 64, 5, 5),
                         available_actions=[1, 2, 3, 4, 5, 6, 7], seed=seed)

    def dot(self):
        return self.current_level.get_sprites_by_name("dot")[0]

    def step(self):
        action = self.action.id
        self.grids += 1
        if action == GameAction.ACTION1:
            self.dot().move(1, 0)
        elif action == GameAction.ACTION2:
            if self.grids < 3:
                return
            self.next_level()
        elif action == GameAction.ACTION3:
            self.lose()
        elif action == GameAction.ACTION4:
            self.level_reset()
        elif action == GameAction.ACTION5:
            raise RuntimeError("broken\\non purpose")
        elif action == GameAction.ACTION6:
            self.dot().set_position(self.action.data.get("x", 0), self.action.data.get("y", 0))
        elif action == GameAction.ACTION7:
            self.next_level()
            if self._next_level:
                self.lose()
        self.grids = 0
        self.complete_action()
'''

WriteGame = Callable[..., Path]


@pytest.fixture
def write_game(tmp_path: Path) -> WriteGame:
    """Write a game below `tmp_path / "games"` and return that folder."""

    def write(
        game_id: str = "tiny-0001",
        source: str = SOURCE,
        metadata: str | None = None,
        baseline: list[int] | None = None,
        date: str | None = None,
    ) -> Path:
        games = tmp_path / "games"
        folder = games / game_id.replace("-", "/")
        folder.mkdir(parents=True)
        (folder / "tiny.py").write_text(source)
        entries = {
            "game_id": game_id,
            "class_name": "Tiny",
            "baseline_actions": [4, 4, 4] if baseline is None else baseline,
        } | ({"date_downloaded": date} if date else {})
        (folder / "metadata.json").write_text(metadata or json.dumps(entries))
        return games

    return write


@pytest.fixture
def toolkit(write_game: WriteGame) -> Iterator[Toolkit]:
    with Toolkit(write_game()) as opened:
        yield opened


def _raw_arcade(games: Path, **settings: Any) -> Any:
    """The toolkit as it comes, but for its logger, which would print."""
    arc_agi = import_toolkit()
    mode = settings.pop("mode", "offline")
    logger = logging.Logger("raw", logging.CRITICAL)
    return arc_agi.Arcade(
        operation_mode=arc_agi.OperationMode(mode),
        environments_dir=str(games),
        logger=logger,
        **settings,
    )


def _official(action: GameAction) -> Any:
    from arcengine import GameAction as OfficialAction

    return OfficialAction.from_id(action.id)


@pytest.fixture
def raw_arcade() -> Callable[..., Any]:
    """The toolkit as it comes."""
    return _raw_arcade


@pytest.fixture
def official() -> Callable[[GameAction], Any]:
    """Our action as the toolkit's."""
    return _official
