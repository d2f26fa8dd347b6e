"""Agents of arcworld behind the `Agent` class of ARC-AGI-3-Agents."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from arcworld.games.demo_player import load_demo_player
from arcworld.integrations.arc_agents import ArcworldMixin, as_official
from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.catalogue import make_agent
from arcworld.play.agents.replay import ReplayAgent
from arcworld.play.observation import Observation
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action
from arcworld.recordings.reader import read_recording

Seat = Callable[..., Any]


class Logged:
    """An agent that records what it observes."""

    def __init__(self, agent: Agent) -> None:
        self.agent, self.name = agent, agent.name
        self.reported: list[tuple[Action, bytes, int]] = []
        self.begun = 0

    def begin(self, observation: Observation) -> None:
        self.begun += 1
        self.agent.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        return self.agent.choose_action(observation)

    def observe(self, decision: Decision, observation: Observation) -> None:
        seen = (decision.action, observation.frame_HW.tobytes(), observation.levels_completed)
        self.reported.append(seen)
        self.agent.observe(decision, observation)


def player_class(base: Any, make: Callable[[], Any], actions: int) -> Any:
    class Arcworld(ArcworldMixin, base):
        MAX_ACTIONS = actions

        def make_agent(self) -> Agent:
            return make()

    return Arcworld


def solver(game: str) -> ReplayAgent:
    """Can win two levels."""
    agent = ReplayAgent(())
    player, rng = load_demo_player(game.split("-")[0]), np.random.default_rng(0)
    agent.paths[game] = {level: tuple(player.solution(level, rng)) for level in (0, 1)}
    return agent


@pytest.mark.parametrize("name", ["random", "explorer", "solver"])
@pytest.mark.parametrize("game", ["keys", "taps"])
def test_plays_as_play_game_does(
    agents_agent: ModuleType, toolkit: Toolkit, seat: Seat, game: str, name: str
) -> None:
    (game_id,) = [known for known in toolkit.games() if known.startswith(game)]
    own, theirs = [
        Logged(solver(game_id) if name == "solver" else make_agent(name)) for _ in range(2)
    ]
    result = play_game(own, toolkit, game_id, max_actions=60)
    env = toolkit.open(game_id)._wrapper
    agent = seat(player_class(agents_agent.Agent, lambda: theirs, 59), env)
    agent.main()
    assert own.reported == theirs.reported and theirs.begun == 1
    assert agent.player.faults == 0 and len(agent.frames) == 1
    assert agent.frames[0].levels_completed == own.reported[-1][2]
    assert name != "solver" or result.levels_completed >= 2
    first, second = toolkit.scorecard().games[0].runs
    assert (first.actions, first.level_actions) == (second.actions, second.level_actions)


class Clicks:
    name = "clicks"

    def __init__(self, x: int, y: int) -> None:
        self.place = (x, y)

    def begin(self, observation: Observation) -> None: ...

    def choose_action(self, observation: Observation) -> Decision:
        return Decision(Action(6, *self.place), f"at {self.place}", {"p_level": 0.5})

    def observe(self, decision: Decision, observation: Observation) -> None: ...


def test_a_click_is_the_agents_own_though_the_action_is_shared(
    agents_agent: ModuleType, toolkit: Toolkit, seat: Seat
) -> None:
    """Two agents of one process decide by turns before either's click is sent."""
    envs = [toolkit.open("taps")._wrapper for _ in range(2)]
    agents = [
        seat(player_class(agents_agent.Agent, lambda place=place: Clicks(*place), 9), env)
        for place, env in zip([(10, 20), (30, 40)], envs, strict=True)
    ]
    actions = [
        agent.choose_action(agent.frames, agent._convert_raw_frame_data(env.observation_space))
        for agent, env in zip(agents, envs, strict=True)
    ]
    assert actions[0] is actions[1]
    for agent, action in zip(agents, actions, strict=True):
        agent.append_frame(agent.take_action(action))
    sent = [env.observation_space.action_input for env in envs]
    assert [action.data for action in sent] == [{"x": 10, "y": 20}, {"x": 30, "y": 40}]
    assert sent[1].reasoning == {"reason": "at (30, 40)", "expected": {"p_level": 0.5}}


def test_a_program_that_sends_by_itself_finds_all_on_the_action(
    agents_agent: ModuleType, toolkit: Toolkit, seat: Seat
) -> None:
    env = toolkit.open("taps")._wrapper
    agent = seat(player_class(agents_agent.Agent, lambda: make_agent("explorer"), 9), env)
    frames = [agent._convert_raw_frame_data(env.observation_space)]
    for _ in range(30):
        assert not agent.is_done(frames, frames[-1])
        action = agent.choose_action(frames, frames[-1])
        raw = env.step(action, data=action.action_data.model_dump(), reasoning=action.reasoning)
        frames.append(agent._convert_raw_frame_data(raw))
    assert agent.player.faults == 0
    assert len(agent.player.agent.memory.graph) > 1


def test_data_and_reasoning_of_an_action() -> None:
    action = as_official(Decision(Action(6, 3, 4), "why", {"surprise": float("nan")}))
    assert (action.name, action.action_data.x, action.action_data.y) == ("ACTION6", 3, 4)
    assert action.reasoning == {"reason": "why", "expected": {"surprise": None}}
    assert as_official(Decision(Action(1))).reasoning == {}


class Unopened:
    """A service that was busy when the game should have been opened."""

    def __init__(self, wrapper: Any, busy: int) -> None:
        self._wrapper, self.busy = wrapper, busy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapper, name)

    @property
    def observation_space(self) -> Any:
        return None if self.busy else self._wrapper.observation_space

    def reset(self) -> Any:
        self.busy -= 1
        return None if self.busy else self._wrapper.observation_space

    def step(self, *args: Any, **kwargs: Any) -> Any:
        assert not self.busy, "Cannot step: game not reset"
        return self._wrapper.step(*args, **kwargs)


def test_a_game_that_opens_late(agents_agent: ModuleType, toolkit: Toolkit, seat: Seat) -> None:
    env = Unopened(toolkit.open("keys")._wrapper, busy=3)
    agent = seat(player_class(agents_agent.Agent, lambda: make_agent("random"), 20), env)
    agent.main()
    assert agent.player.faults == 2
    assert toolkit.scorecard().actions == 21 - 3


def test_a_game_that_never_opens(agents_agent: ModuleType, seat: Seat, toolkit: Toolkit) -> None:
    random_player = player_class(agents_agent.Agent, lambda: make_agent("random"), 80)
    unmade = seat(random_player, None, "keys")
    unmade.main()
    assert unmade.action_counter == 0
    silent = seat(random_player, Unopened(toolkit.open("keys")._wrapper, busy=10**9))
    silent.main()
    assert silent.player.ended == "toolkit: ConnectionError: the toolkit answered None"


def test_ends_at_a_win(agents_agent: ModuleType, toolkit: Toolkit, seat: Seat) -> None:
    (game_id,) = [known for known in toolkit.games() if known.startswith("taps")]
    levels = toolkit.open(game_id).win_levels
    player, rng = load_demo_player("taps"), np.random.default_rng(0)
    agent = ReplayAgent(())
    agent.paths[game_id] = {n: tuple(player.solution(n, rng)) for n in range(levels)}
    theirs = seat(
        player_class(agents_agent.Agent, lambda: agent, 500), toolkit.open(game_id)._wrapper
    )
    theirs.main()
    assert theirs.player.ended == "won" and theirs.state.value == "WIN"


class Recorder:
    """What the repository's recorder writes: a row for each frame."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def record(self, data: dict[str, Any]) -> None:
        row = {"timestamp": datetime.now(UTC).isoformat(), "data": data}
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def recording_class(base: Any, path: Path) -> Any:
    class Recording(base):
        recorder = Recorder(path)

        def append_frame(self, frame: Any) -> None:
            super().append_frame(frame)
            self.recorder.record(json.loads(frame.model_dump_json()))

    return Recording


@pytest.mark.parametrize(
    ("game", "name"), [("keys", "random"), ("taps", "random"), ("keys", "solver")]
)
def test_its_recorder_keeps_the_true_actions(
    agents_agent: ModuleType, toolkit: Toolkit, seat: Seat, tmp_path: Path, game: str, name: str
) -> None:
    """Without the mixin every row would say RESET, and `check` refuses such a file."""
    (game_id,) = [known for known in toolkit.games() if known.startswith(game)]
    agent = Logged(solver(game_id) if name == "solver" else make_agent(name))
    path = tmp_path / f"{game_id}.arcworld.60.{uuid4()}.recording.jsonl"
    base = recording_class(agents_agent.Agent, path)
    seat(player_class(base, lambda: agent, 59), toolkit.open(game_id)._wrapper).main()
    recording = read_recording(path)
    assert recording.dialect == "agents" and not recording.problems
    (episode,) = recording.episodes
    assert [episode.action(t) for t in range(len(episode))] == [one[0] for one in agent.reported]
    assert [frame.tobytes() for frame in episode.frames_THW[1:]] == [
        one[1] for one in agent.reported
    ]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        row["data"]["action_input"] = {"id": 0, "data": {}, "reasoning": None}
        row["data"]["full_reset"] = False
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert not read_recording(path, strict=False).usable
