"""Run one play of a tournament and return its result, whatever happens during it.

Errors become part of the result: a game that cannot be opened, an agent that raises.
"""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.assisted import AssistedAgent
from arcworld.play.agents.catalogue import make_agent
from arcworld.play.agents.perturbed import PerturbedAgent
from arcworld.play.agents.redrawn import RedrawnAgent
from arcworld.play.observation import Observation
from arcworld.play.session import GameResult, play_game
from arcworld.play.toolkit import Toolkit
from arcworld.play.toolkit_compat import describe_error
from arcworld.tournament.held_out_agent import held_out_agent
from arcworld.tournament.results import PlayResult
from arcworld.tournament.settings import Play, Settings

Tell = Callable[[int, int], None]
"""Called after each action with the number of actions and levels so far."""


class TimedAgent:
    """Wraps an agent, measures the time of each action, and keeps the last observation."""

    def __init__(self, agent: Agent) -> None:
        self.agent, self.name = agent, agent.name
        self.seconds, self.actions = 0.0, 0
        self.last: Observation | None = None
        self._thinking = 0.0
        self._spent: list[float] = []

    @property
    def think_ms(self) -> tuple[float, float] | None:
        """Median and 95th percentile of the milliseconds per action."""
        if not self._spent:
            return None
        median, high = np.percentile(self._spent, [50, 95]) * 1000
        return round(float(median), 3), round(float(high), 3)

    def begin(self, observation: Observation) -> None:
        """Call the agent and add the time."""
        self.last = observation
        began = time.perf_counter()
        self.agent.begin(observation)
        self.seconds += time.perf_counter() - began

    def choose_action(self, observation: Observation) -> Decision:
        """Call the agent and add the time."""
        began = time.perf_counter()
        decision = self.agent.choose_action(observation)
        self._thinking = time.perf_counter() - began
        self.seconds += self._thinking
        return decision

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Call the agent, add the time, and count the action."""
        self.last, self.actions = observation, self.actions + 1
        began = time.perf_counter()
        self.agent.observe(decision, observation)
        learning = time.perf_counter() - began
        self.seconds += learning
        self._spent.append(self._thinking + learning)


def play_once(settings: Settings, play: Play, tell: Tell | None = None) -> PlayResult:
    """Run a play. Raises nothing but what stops the process."""
    _seed_everything(play.seed)
    began = time.perf_counter()
    try:
        with Toolkit(play.folder) as toolkit:
            player = _player(settings, play, toolkit)
            timed = TimedAgent(player)
            result = _play(settings, play, timed, toolkit, tell)
    except Exception as error:
        lost = PlayResult(*play.key, error=_line(error))
        return replace(lost, seconds=time.perf_counter() - began)
    return replace(
        result,
        seconds=time.perf_counter() - began,
        agent_seconds=timed.seconds,
        think_ms=timed.think_ms,
        plans=getattr(player, "plans", {}),
        levels_by_chance=player.won if isinstance(player, PerturbedAgent) else 0,
        assisted=tuple(sorted(player.assisted)) if isinstance(player, AssistedAgent) else None,
    )


def _player(settings: Settings, play: Play, toolkit: Toolkit) -> Agent:
    if settings.held_out_levels:
        return held_out_agent(play.agent, play.seed, settings.inputs, toolkit, play.game_id)
    given = settings.inputs
    agent = make_agent(play.agent, play.seed, run=given.run, data=given.data, think=given.think)
    if settings.redraw is not None:
        agent = RedrawnAgent(agent, settings.redraw)
    if settings.start_perturbed:
        return PerturbedAgent(agent, settings.start_perturbed, play.seed)
    return agent


def _play(
    settings: Settings, play: Play, agent: TimedAgent, toolkit: Toolkit, tell: Tell | None
) -> PlayResult:
    def on_step(_: Decision, observation: Observation) -> None:
        if tell is not None:
            tell(agent.actions, observation.levels_completed)

    path = settings.recording_of(play)
    part = path and path.with_name(f".part-{path.name}")
    try:
        if part is not None:
            part.unlink(missing_ok=True)
        result = play_game(
            agent,
            toolkit,
            play.game_id,
            settings.max_actions,
            play.seed,
            part,
            on_step,
            settings.provenance(play) if part is not None else None,
        )
        if part is not None and path is not None:
            part.replace(path)
    except Exception as error:
        if part is not None:
            part.unlink(missing_ok=True)
        return _crashed(play, agent, toolkit, error)
    return _finished(play, result)


def _finished(play: Play, result: GameResult) -> PlayResult:
    return PlayResult(
        *play.key,
        result.levels_completed,
        result.win_levels,
        result.actions,
        result.score,
        result.level_actions,
        result.human_actions,
        result.ended,
        result.faults,
        result.replaced,
    )


def _crashed(play: Play, agent: TimedAgent, toolkit: Toolkit, error: Exception) -> PlayResult:
    """Result of a play that an exception ended, with the numbers of its scorecard."""
    lost = PlayResult(*play.key, error=_line(error))
    if agent.last is None:
        return lost
    score = toolkit.scorecard().run_of(agent.last.guid)
    if score is None:
        return lost
    return replace(
        lost,
        levels_completed=score.levels_completed,
        win_levels=agent.last.win_levels,
        actions=score.actions,
        score=score.score,
        level_actions=score.level_actions[: agent.last.win_levels],
        human_actions=tuple(count for count in score.human_actions if count > 0),
    )


def _seed_everything(seed: int) -> None:
    """Seed the generators shared by the whole process, because games may use them."""
    random.seed(seed)
    np.random.seed(seed)


def _line(error: BaseException) -> str:
    """Describe an exception in one line, with the place where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{describe_error(error)[:300]}{place}"
