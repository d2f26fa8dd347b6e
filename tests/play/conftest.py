"""A tiny game for the tests of play, in the toolkit's layout, and an agent that plays a script."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import arcworld.play.toolkit_compat as official_module
from arcworld.play.agent import Decision
from arcworld.play.game_session import GameSession
from arcworld.play.observation import Observation
from arcworld.play.session import GameResult
from arcworld.play.toolkit import Toolkit
from arcworld.play.toolkit_compat import import_toolkit
from arcworld.recordings.episode import Action, Episode
from arcworld.recordings.reader import read_recording

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
    """The unmodified toolkit, except for its logger, which would print."""
    arc_agi = import_toolkit()
    mode = settings.pop("mode", "offline")
    logger = logging.Logger("raw", logging.CRITICAL)
    return arc_agi.Arcade(
        operation_mode=arc_agi.OperationMode(mode),
        environments_dir=str(games),
        logger=logger,
        **settings,
    )


def _official(action: Action) -> Any:
    from arcengine import GameAction as OfficialAction

    return OfficialAction.from_id(action.id)


class Script:
    """Plays a list of actions in a loop; records everything it observes."""

    name = "script"

    def __init__(self, *actions: Action, reason: str = "as written") -> None:
        self.actions = actions
        self.reason = reason
        self.asked = 0
        self.reported: list[tuple[Decision, Observation]] = []

    def begin(self, observation: Observation) -> None:
        assert observation.full_reset

    def choose_action(self, observation: Observation) -> Decision:
        assert observation.state == "NOT_FINISHED"
        action = self.actions[self.asked % len(self.actions)]
        self.asked += 1
        return Decision(action, self.reason, {"asked": float(self.asked)})

    def observe(self, decision: Decision, observation: Observation) -> None:
        self.reported.append((decision, observation))


def _recorded(result: GameResult) -> tuple[Episode, ...]:
    assert result.recording is not None
    recording = read_recording(Path(result.recording))
    assert recording.dialect == "toolkit"
    if result.actions:
        assert recording.problems == ()
    assert (recording.game_id, recording.guid) == (result.game_id, result.guid)
    return recording.episodes


@pytest.fixture
def script() -> type[Script]:
    """`Script`, the agent of these tests."""
    return Script


@pytest.fixture
def recorded() -> Callable[[GameResult], tuple[Episode, ...]]:
    """The episodes of a result's recording, which must be complete."""
    return _recorded


class Faulty:
    """A toolkit wrapper that sometimes fails instead of answering.

    `faults` gives the fault of each step: "" answers; `BEFORE` does nothing; `AFTER` and `OVER`
    carry the action out and spoil the answer. A `hidden` engine cannot be reached, like that of a
    service.
    """

    BEFORE = ("none", "raise", "timeout", "frameless")
    AFTER = ("lost", "raised", "small", "ragged", "fractions", "colours", "fields", "cut")
    OVER = ("mid", "over")
    """Game over in the midst of the animation, with the frames till then or with none."""
    ALL = (*BEFORE, *AFTER, *OVER)

    def __init__(self, wrapper: Any, faults: Callable[[int], str], *, hidden: bool = False) -> None:
        self._wrapper = wrapper
        self._faults = faults
        self._hidden = hidden
        self.steps = 0

    def __getattr__(self, name: str) -> Any:
        if name == "_game" and self._hidden:
            raise AttributeError(name)
        return getattr(self._wrapper, name)

    def step(self, action: Any, data: Any = None, reasoning: Any = None) -> Any:
        self.steps += 1
        fault = self._faults(self.steps)
        if fault in self.BEFORE:
            return _no_answer(fault)
        answer = self._wrapper.step(action, data=data, reasoning=reasoning)
        return self._spoil(fault, answer) if fault and answer is not None else answer

    def _spoil(self, fault: str, answer: Any) -> Any:
        if fault == "lost":
            return None
        if fault == "raised":
            raise KeyError("frame")
        frames = answer.frame
        answer = answer.model_copy()
        answer.frame = _BAD_FRAMES.get(fault, frames[:1])
        if fault == "fields":
            answer.available_actions = answer.levels_completed = None
        engine = self._wrapper._game
        if fault in self.OVER and engine._action_count and answer.state.value == "NOT_FINISHED":
            engine.lose()
            answer.state = type(answer.state).GAME_OVER
        return answer


_BAD_FRAMES: dict[str, list[Any]] = {
    "over": [],
    "small": [np.zeros((3, 3), np.int8)],
    "ragged": [[[1, 2], [3]]],
    "fractions": [np.full((64, 64), 1.5)],
    "colours": [np.full((64, 64), 16)],
}


def _no_answer(fault: str) -> Any:
    from arcengine import FrameDataRaw, GameState

    if fault == "raise":
        raise ConnectionResetError("the server\ndied")
    if fault == "timeout":
        raise TimeoutError
    return FrameDataRaw(state=GameState.NOT_FINISHED) if fault == "frameless" else None


@pytest.fixture
def faulty() -> type[Faulty]:
    """`Faulty`, a wrapper around the toolkit's."""
    return Faulty


@pytest.fixture
def inject(toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Open games of `toolkit` with faults; `remote` ones as if a service ran the engine."""
    monkeypatch.setattr(official_module, "PAUSE", 0.0)

    def use(faults: Callable[[int], str], *, remote: bool = False) -> None:
        opened = toolkit.open

        def open_faulty(game: str, seed: int = 0) -> GameSession:
            session = opened(game, seed)
            session._wrapper = Faulty(session._wrapper, faults)
            if remote:
                session.game_status.engine = None
            return session

        monkeypatch.setattr(toolkit, "open", open_faulty)

    return use


@pytest.fixture
def raw_arcade() -> Callable[..., Any]:
    """The unmodified toolkit."""
    return _raw_arcade


@pytest.fixture
def official() -> Callable[[Action], Any]:
    """Convert our action to the toolkit's."""
    return _official
