"""Two hundred games with random faults: what reaches the engine, and what is recorded.

They play the project's own games with all agents that need no model, and with the engine in this
process or hidden as if a service had it. A judge before each engine notes what should never have
been sent.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import arcworld.play.toolkit_compat as official_module
from arcworld.games.demo_player import load_demo_player
from arcworld.integrations.arc_agents import ArcworldMixin
from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.catalogue import make_agent
from arcworld.play.agents.replay import ReplayAgent
from arcworld.play.game_session import GameSession
from arcworld.play.game_status import GameStatus
from arcworld.play.observation import Observation
from arcworld.play.session import GameResult, play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET, Action, Outcome, game_name
from arcworld.recordings.reader import read_recording

STAND_IN = Path(__file__).parents[1] / "integrations" / "arc_agents_stand_in.py"
GAMES = {"random": 60, "restless": 60, "replay": 40, "explorer": 20, "frame-change": 20}
ASKED = 20
"""Games for each agent; and for each that another program asks."""
MAX_ACTIONS = 30
OF_LOST_ANSWERS = ("games continued without RESET", "several levels completed")
"""What the reader notes where an action was carried out and its answer lost."""
ENDS = ("won", "max_actions", "toolkit: ", "only a full reset is left", "no action is legal")


class Judge:
    """Stands before a game's engine; `verdicts` lists actions that should not have been sent.

    `blind` counts actions carried out since the player last had an answer. If a service has the
    engine, the player cannot know their results.
    """

    def __init__(self, engine: Any, *, hidden: bool) -> None:
        self._engine, self._perform, self._hidden = engine, engine.perform_action, hidden
        self.verdicts: list[str] = []
        self.performed = self.full_resets = self.blind = 0
        engine.perform_action = self.perform_action

    def perform_action(self, action_input: Any, raw: bool = False) -> Any:
        state, action = self._engine._state.value, action_input.id.value
        unknown = self._hidden and self.blind > 0
        if action not in (0, *self._engine._available_actions):
            self.verdicts.append(f"{action} is not offered")
        if action == 6 and not {action_input.data["x"], action_input.data["y"]} <= set(range(64)):
            self.verdicts.append(f"a click at {action_input.data}")
        if action != 0 and state in ("GAME_OVER", "WIN") and not unknown:
            self.verdicts.append(f"{action} in {state}")
        if action == 0 and (state == "WIN" or self._engine._action_count == 0):
            lost_nothing = unknown and self._engine._score == 0
            self.verdicts += [] if lost_nothing else ["a full reset"]
            self.full_resets += 1
        self.performed += state == "NOT_FINISHED" or action == 0
        self.blind += 1
        return self._perform(action_input, raw)


class Table:
    """One toolkit, its judges, and the faults of the game being played."""

    def __init__(self, faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.toolkit = Toolkit()
        self.games = self.toolkit.games()
        self._faulty, self._opened, self._take = faulty, self.toolkit.open, GameStatus.take
        self.seed = 0
        monkeypatch.setattr(self.toolkit, "open", self._open)
        monkeypatch.setattr(GameStatus, "take", lambda *given: self._see(*given))
        monkeypatch.setattr(official_module, "PAUSE", 0.0)

    def play(self, agent: Agent, seed: int, folder: Path) -> GameResult:
        """The project's own loop asks the agent."""
        self.seed = seed
        return play_game(agent, self.toolkit, self._game, MAX_ACTIONS, seed, recording=folder)

    def answer(self, agent_class: Any, seed: int) -> Any:
        """The loop of ARC-AGI-3-Agents asks the agent."""
        self.seed = seed
        wrapper = self._open(self._game, seed)._wrapper
        asked = agent_class("card", self._game, "name", "http://localhost", False, wrapper)
        asked.main()
        return asked

    @property
    def _game(self) -> str:
        return self.games[self.seed % len(self.games)]

    def _open(self, game: str, seed: int = 0) -> GameSession:
        session = self._opened(game, seed)
        hidden = self.seed % 2 == 1
        self.judge = Judge(session.game_status.engine, hidden=hidden)
        session._wrapper = self._faulty(session._wrapper, self._plan(), hidden=hidden)
        if hidden:
            session.game_status.engine = None
        return session

    def _see(self, *given: Any) -> Observation:
        seen = self._take(*given)
        self.judge.blind = 0
        return seen

    def _plan(self) -> Callable[[int], str]:
        """Random faults at some rate, or a toolkit that stops for good at some step."""
        rng = np.random.default_rng(self.seed)
        rate = float(rng.choice([0.05, 0.2, 0.5, 0.9]))
        dies = int(rng.integers(1, 2 * MAX_ACTIONS)) if rng.random() < 0.3 else 10**9
        return lambda step: (
            "raise"
            if step >= dies
            else str(rng.choice(self._faulty.ALL))
            if rng.random() < rate
            else ""
        )


def check_whole(result: GameResult, judge: Judge, toolkit: Toolkit) -> None:
    """Result, recording and scorecard must agree; only the scorecard has unanswered actions."""
    assert judge.verdicts == []
    assert result.ended.startswith(ENDS) and "\n" not in result.ended
    recording = read_recording(Path(str(result.recording)))
    assert (recording.game_id, recording.guid) == (result.game_id, result.guid)
    notes = [problem.message for problem in recording.problems]
    lost = [note for note in notes if note.startswith(OF_LOST_ANSWERS)]
    assert recording.usable and (notes == lost or recording.steps == 0)
    opened_anew = max(len(recording.episodes), 1) - 1
    assert opened_anew <= judge.full_resets
    assert recording.steps + opened_anew == result.actions <= MAX_ACTIONS

    run = toolkit.scorecard().run_of(result.guid)
    assert run is not None and run.levels_completed == result.levels_completed
    seen = max([int(episode.levels_T.max()) for episode in recording.episodes], default=0)
    won = sum((e.outcomes_A == Outcome.LEVEL_WON).any() for e in recording.episodes)
    assert won <= seen <= run.levels_completed <= result.win_levels
    if result.faults == 0:
        levels = len(result.level_actions)
        assert (run.actions, run.level_actions[:levels]) == (result.actions, result.level_actions)
    assert result.actions <= judge.performed


class Restless(ReplayAgent):
    """Wins levels, and at random times resets one that is half played, if that is legal."""

    name = "restless"

    def choose_action(self, observation: Observation) -> Decision:
        if RESET in observation.legal_actions and self._rng.random() < 0.15:
            return Decision(Action(RESET), "again")
        return super().choose_action(observation)


def make_player(name: str, games: list[str]) -> Agent:
    """Make a player; `replay` and `self_moving` can win two levels of each game."""
    if name not in ("replay", "restless"):
        return make_agent(name)
    agent = ReplayAgent(()) if name == "replay" else Restless(())
    for game in games:
        player, rng = load_demo_player(game_name(game)), np.random.default_rng(0)
        agent.paths[game] = {level: tuple(player.solution(level, rng)) for level in (0, 1)}
    return agent


@pytest.mark.parametrize("name", GAMES)
def test_two_hundred_games_of_faults_of_every_kind(
    name: str,
    faulty: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = Table(faulty, monkeypatch)
    agent = make_player(name, table.games)
    results: list[GameResult] = []
    for seed in range(GAMES[name]):
        results.append(table.play(agent, seed, tmp_path))
        check_whole(results[-1], table.judge, table.toolkit)
    card = table.toolkit.close()
    assert sum(len(game.runs) for game in card.games) >= GAMES[name]
    assert {game_name(result.game_id) for result in results} == {
        game_name(game) for game in table.games
    }
    assert sum(result.faults for result in results) > 2 * GAMES[name]
    assert {result.ended.split(":")[0] for result in results} >= {"max_actions", "toolkit"}


@pytest.mark.parametrize("name", ["random", "restless", "explorer"])
def test_games_of_faults_asked_by_another_program(
    name: str, faulty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table(faulty, monkeypatch)

    class Asked(ArcworldMixin, runpy.run_path(str(STAND_IN))["Agent"]):
        MAX_ACTIONS = MAX_ACTIONS

        def make_agent(self) -> Agent:
            return make_player(name, table.games)

    faults, ends = 0, set[str]()
    for seed in range(ASKED):
        player = table.answer(Asked, seed).player
        assert table.judge.verdicts == []
        assert (player.ended or "max_actions").startswith(ENDS) and "\n" not in player.ended
        faults += player.faults
        ends.add(player.ended.split(":")[0])
    assert faults > 2 * ASKED and ends >= {"", "toolkit"}
    assert sum(len(game.runs) for game in table.toolkit.close().games) >= ASKED
