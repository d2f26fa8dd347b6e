"""A toolkit that fails: the action is sent again, or the run ends with all that was played."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcworld.play.agent import Decision
from arcworld.play.agents.random import RandomAgent
from arcworld.play.game_session import GameSession
from arcworld.play.observation import Observation
from arcworld.play.session import FAULTS_IN_A_ROW, GameResult, play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Episode, GameAction
from arcworld.recordings.reader import read_recording

MOVE, WIN_LEVEL, LOSE, LOSE_LIFE, RAISE = (GameAction(action_id) for action_id in range(1, 6))
RESET, WIN_AND_LOSE = GameAction(0), GameAction(7)


class Script:
    """Plays a list of actions, over and over; remembers all that it is told."""

    name = "script"

    def __init__(self, *actions: GameAction) -> None:
        self.actions = actions
        self.asked = 0
        self.told: list[tuple[Decision, Observation]] = []

    def begin(self, observation: Observation) -> None:
        assert observation.full_reset

    def choose_action(self, observation: Observation) -> Decision:
        assert observation.state == "NOT_FINISHED"
        action = self.actions[self.asked % len(self.actions)]
        self.asked += 1
        return Decision(action, "as written", {"asked": float(self.asked)})

    def observe(self, decision: Decision, observation: Observation) -> None:
        self.told.append((decision, observation))


Answer = Callable[[], Any]


class Faulty:
    """A toolkit wrapper that now and then does something else than answer."""

    def __init__(self, wrapper: Any, faults: Callable[[int], str]) -> None:
        self._wrapper = wrapper
        self._faults = faults
        self.steps = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapper, name)

    def step(self, action: Any, data: Any = None, reasoning: Any = None) -> Any:
        self.steps += 1
        fault = self._faults(self.steps)
        if fault == "none":
            return None
        if fault == "raise":
            raise ConnectionResetError("the server\ndied")
        if fault in ("frameless", "over"):
            from arcengine import FrameDataRaw, GameState

            state = GameState.GAME_OVER if fault == "over" else GameState.NOT_FINISHED
            return FrameDataRaw(state=state)
        answer = self._wrapper.step(action, data=data, reasoning=reasoning)
        if fault == "lost":  # carried out, and the answer did not arrive
            return None
        if fault in ("small", "colours"):
            answer = answer.model_copy()
            bad = np.zeros((3, 3)) if fault == "small" else np.full((64, 64), 16)
            answer.frame = [bad]
        return answer


@pytest.fixture
def inject(toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(faults: Callable[[int], str]) -> None:
        opened = toolkit.open

        def open_faulty(game: str, seed: int = 0) -> GameSession:
            session = opened(game, seed)
            session._wrapper = Faulty(session._wrapper, faults)
            return session

        monkeypatch.setattr(toolkit, "open", open_faulty)

    return use


def recorded(result: GameResult) -> tuple[Episode, ...]:
    assert result.recording is not None
    recording = read_recording(Path(result.recording))
    assert recording.dialect == "toolkit"
    if result.actions:
        assert recording.problems == ()
    assert (recording.game_id, recording.guid) == (result.game_id, result.guid)
    return recording.episodes


@pytest.mark.parametrize("kind", ["none", "raise", "frameless", "small", "colours", "lost"])
def test_a_passing_fault_is_tried_again(
    toolkit: Toolkit, inject: Callable[..., None], tmp_path: Path, kind: str
) -> None:
    inject(lambda step: kind if step % 3 == 0 else "")
    script = Script(MOVE)
    result = play_game(script, toolkit, "tiny", max_actions=20, recording=tmp_path)
    assert (result.ended, result.actions, result.faults) == ("max_actions", 20, 9)
    assert len(script.told) == script.asked == 20
    assert sum(len(episode) for episode in recorded(result)) == 20


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("none", "answered None"),
        ("raise", "ConnectionResetError: the server died"),
        ("frameless", "without a frame"),
        ("small", r"shape \[3, 3\]"),
        ("colours", "colours 16 to 16"),
        ("lost", "answered None"),
    ],
)
def test_a_lasting_fault_ends_the_run_with_all_that_was_played(
    toolkit: Toolkit, inject: Callable[..., None], tmp_path: Path, kind: str, reason: str
) -> None:
    inject(lambda step: kind if step > 4 else "")
    script = Script(MOVE, WIN_LEVEL)
    result = play_game(script, toolkit, "tiny", recording=tmp_path)
    carried_out = kind in ("lost", "small", "colours")  # and so counted by the scorecard
    assert result.levels_completed == (3 if carried_out else 2)
    assert (result.actions, result.faults) == (4, FAULTS_IN_A_ROW)
    assert result.ended.startswith("toolkit: tiny-0001: ACTION")
    assert re.search(reason, result.ended)
    assert "\n" not in result.ended
    assert [len(episode) for episode in recorded(result)] == [4]
    assert toolkit.close().levels_completed == result.levels_completed


def test_game_over_without_a_frame_is_believed(
    toolkit: Toolkit, inject: Callable[..., None]
) -> None:
    inject(lambda step: "over" if step == 2 else "")
    script = Script(MOVE)
    result = play_game(script, toolkit, "tiny", max_actions=4)
    assert [decision.action.id for decision, _ in script.told] == [1, 0, 1, 1]
    assert result.faults == 1


def test_a_reset_that_may_have_happened_is_not_sent_twice(
    toolkit: Toolkit, inject: Callable[..., None], tmp_path: Path
) -> None:
    inject(lambda step: "lost" if step == 4 else "")
    script = Script(WIN_LEVEL, MOVE, LOSE)
    result = play_game(script, toolkit, "tiny", max_actions=8, recording=tmp_path)
    assert all(not observation.full_reset for _, observation in script.told)
    assert len(toolkit.close().games[0].runs) == 1
    assert result.levels_completed >= 1


def test_a_service_that_lost_a_reset_is_not_asked_again(
    toolkit: Toolkit, inject: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    inject(lambda step: "lost" if step == 4 else "")
    opened = toolkit.open

    def as_remote(game: str, seed: int = 0) -> GameSession:
        session = opened(game, seed)
        session.local = False
        return session

    monkeypatch.setattr(toolkit, "open", as_remote)
    result = play_game(Script(WIN_LEVEL, MOVE, LOSE), toolkit, "tiny", max_actions=8)
    assert result.ended.startswith("toolkit: tiny-0001: RESET")
    assert (result.levels_completed, result.faults) == (1, 1)


def test_an_action_that_breaks_the_game_is_not_the_end(write_game: Any) -> None:
    source = Path(write_game() / "tiny" / "0001" / "tiny.py").read_text()
    games = write_game("tiny-0002", source.replace("[1, 2, 3, 4, 5, 6, 7]", "[1, 3, 4, 5, 6]"))
    with Toolkit(games) as toolkit:
        result = play_game(RandomAgent(0), toolkit, "tiny-0002", max_actions=50)
    assert (result.ended, result.actions) == ("max_actions", 50)
    assert result.faults >= 8


def test_two_hundred_games_of_faults(
    toolkit: Toolkit, inject: Callable[..., None], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    kinds = ["none", "raise", "frameless", "over", "small", "colours", "lost"]
    rate = 0.0

    def fault(_: int) -> str:
        return str(rng.choice(kinds)) if rng.random() < rate else ""

    inject(fault)
    for game in range(200):
        rate = float(rng.choice([0.05, 0.2, 0.5, 0.9]))
        folder = tmp_path / str(game)
        result = play_game(RandomAgent(game), toolkit, "tiny", 30, seed=game, recording=folder)
        assert 0 <= result.actions <= 30
        assert len(recorded(result)) == 1, "no full reset"
        run = toolkit.scorecard().run_of(result.guid)
        assert run is not None and run.levels_completed == result.levels_completed
    assert len(toolkit.close().games[0].runs) == 200
