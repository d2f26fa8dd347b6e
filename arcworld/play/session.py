"""Play one game with one agent, from opening to scorecard, and handle the toolkit's faults.

Every answered action is one row of the recording and one count on the scorecard. An action without
an answer is neither; it is sent again, or the run ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from arcworld.errors import ArcworldError
from arcworld.play.agent import Agent, Decision
from arcworld.play.agents.catalogue import make_agent
from arcworld.play.agents.random import in_place_of
from arcworld.play.game_session import GameSession
from arcworld.play.observation import GAME_OVER, WIN, Observation, ToolkitError
from arcworld.play.toolkit import Toolkit
from arcworld.play.toolkit_compat import wait
from arcworld.recordings.episode import RESET, Action
from arcworld.recordings.provenance import Provenance
from arcworld.recordings.writer import RecordingWriter

FAULTS_IN_A_ROW = 5
"""After this number of consecutive faults, a run of a local game ends."""
FAULTS_OF_A_SERVICE = 9
"""The same for a game on a service; with the pauses, a little over a minute."""
TRIES_OF_ONE_DECISION = 2
"""Faults until the agent decides again: an action that breaks a game breaks it each time."""

OnStep = Callable[[Decision, Observation], None]


@dataclass(frozen=True, slots=True)
class GameResult:
    """The result of one game.

    Attributes:
        levels_completed, actions, score: from the scorecard, of the game's best run.
        level_actions: actions on each level; the last entry is the level that was not won, if any.
        human_actions: the human baseline of each level; empty if the toolkit has none.
        state: of the last observation.
        ended: "won", "max_actions", "only a full reset is left", "no action is legal", or "toolkit:
            ..." with the last fault.
        faults: number of answers that could not be used.
        replaced: number of illegal decisions, each replaced by a random legal action.
    """

    game_id: str
    guid: str
    agent: str
    levels_completed: int
    win_levels: int
    actions: int
    score: float
    state: str
    seconds: float
    level_actions: tuple[int, ...]
    human_actions: tuple[int, ...]
    ended: str
    faults: int
    replaced: int
    seed: int
    recording: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def play(
    agent: Agent | str,
    game: str,
    *,
    games: str | Path | None = None,
    max_actions: int = 2_000,
    seed: int = 0,
    recording: str | Path | None = None,
) -> GameResult:
    """Play one game of a folder of games; `play_game` says how.

    >>> result = arcworld.play("explorer", "keys", max_actions=20)
    >>> result.game_id, result.actions, result.win_levels
    ('keys-3d1f7a92', 20, 6)

    Args:
        agent: an agent, or the name of one that needs no run (`make_agent`).
        game: a name or a full id.
        games: a folder of games in the toolkit's layout, None for the project's own. Games are
            Python code that is executed: name only folders that you trust.
        max_actions: at most this many actions.
        seed: of the game and of an agent given by name.
        recording: a file or a folder; None keeps none.

    Raises:
        ArcworldError: no such game or agent, or one that cannot be opened.
    """
    player = make_agent(agent, seed) if isinstance(agent, str) else agent
    with Toolkit(games) as toolkit:
        return play_game(player, toolkit, game, max_actions, seed, recording)


def play_game(
    agent: Agent,
    toolkit: Toolkit,
    game: str,
    max_actions: int = 2_000,
    seed: int = 0,
    recording: str | Path | None = None,
    on_step: OnStep | None = None,
    provenance: Provenance | None = None,
) -> GameResult:
    """Play a game until it is won, `max_actions` are spent, or the toolkit stops answering.

    After GAME_OVER the level is reset without asking the agent, which then observes the RESET. A
    RESET counts as an action.

    Args:
        agent: chooses every action except that RESET. If it raises, the run ends, and its recording
            and scorecard are complete.
        toolkit: an open toolkit; it stays open, so that several games share its scorecard.
        game: a name or a full id.
        max_actions: maximum number of actions, counted as the scorecard does.
        seed: of the game, if it takes one, and of the random actions that replace illegal ones.
        recording: a file (`.jsonl`, `.jsonl.gz`), or a folder in which `{game_id}-{guid}.jsonl` is
            written; None writes none.
        on_step: called after each answered action.
        provenance: written into the recording, which then has its guid, too.

    Raises:
        ArcworldError: the game does not exist or cannot be opened.
    """
    if max_actions < 1:
        raise ArcworldError(f"max_actions is {max_actions}; expected 1 or more")
    started = time.perf_counter()
    session = toolkit.open(game, seed)
    path = recording_path(recording, session)
    with _writer(path, session, provenance) as writer:
        run = _Play(agent, session, max_actions, np.random.default_rng(seed), writer, on_step)
        ended = run.play()
    score = toolkit.scorecard().run_of(session.guid)
    return GameResult(
        game_id=session.game_id,
        guid=session.guid,
        agent=agent.name,
        levels_completed=score.levels_completed if score else 0,
        win_levels=session.win_levels,
        actions=session.actions,
        score=score.score if score else 0.0,
        state=session.observation.state,
        seconds=time.perf_counter() - started,
        level_actions=session.level_actions[: session.win_levels],
        human_actions=session.human_actions,
        ended=ended,
        faults=run.faults,
        replaced=run.replaced,
        seed=seed,
        recording=None if path is None else str(path),
    )


def recording_path(recording: str | Path | None, session: GameSession) -> Path | None:
    """The file to write: `recording` if it is named as a recording, else a file in that folder."""
    recording = None if recording is None else Path(recording)
    if recording is None or recording.name.endswith((".jsonl", ".jsonl.gz")):
        return recording
    return recording / f"{session.game_id}-{session.guid}.jsonl"


def _writer(
    path: Path | None, session: GameSession, provenance: Provenance | None
) -> AbstractContextManager[RecordingWriter | None]:
    if path is None:
        return nullcontext()
    guid = session.guid if provenance is None else provenance.guid
    return RecordingWriter(path, session.game_id, guid, session.win_levels, provenance)


class _Play:
    """The loop of one game. One turn sends one action, which is answered or fails."""

    def __init__(
        self,
        agent: Agent,
        session: GameSession,
        max_actions: int,
        rng: np.random.Generator,
        writer: RecordingWriter | None,
        on_step: OnStep | None,
    ) -> None:
        self._agent = agent
        self._session = session
        self._max_actions = max_actions
        self._rng = rng
        self._writer = writer
        self._on_step = on_step
        self._again: Decision | None = None
        self._faults_in_a_row = 0
        self._dead: str | None = None
        self.faults = 0
        self.replaced = 0

    def play(self) -> str:
        """Play to the end and return why the game ended."""
        opening = self._session.observation
        self._record(Action(RESET), opening, None)
        self._agent.begin(opening)
        while (ended := self._ended()) is None:
            self._turn()
        return ended

    def _ended(self) -> str | None:
        observation = self._session.observation
        if observation.state == WIN:
            return "won"
        if self._dead is not None:
            return self._dead
        if self._session.actions >= self._max_actions:
            return "max_actions"
        if not observation.legal_actions:
            over = observation.state == GAME_OVER
            return "only a full reset is left" if over else "no action is legal"
        return None

    def _turn(self) -> None:
        decision = self._again or self._decide()
        reasoning = decision.reasoning()
        try:
            observation = self._session.step(decision.action, reasoning or None)
        except ToolkitError as fault:
            self._handle_fault(decision, fault)
            return
        self._again, self._faults_in_a_row = None, 0
        self._record(decision.action, observation, reasoning or None)
        self._agent.observe(decision, observation)
        if self._on_step is not None:
            self._on_step(decision, observation)

    def _decide(self) -> Decision:
        observation = self._session.observation
        if observation.state == GAME_OVER:
            return Decision(Action(RESET), "game over")
        decision = self._agent.choose_action(observation)
        if decision.action.id in observation.legal_actions:
            return decision
        self.replaced += 1
        return in_place_of(decision, observation.legal_actions, self._rng)

    def _handle_fault(self, decision: Decision, fault: ToolkitError) -> None:
        self.faults += 1
        self._faults_in_a_row += 1
        legal = decision.action.id in self._session.observation.legal_actions
        tries_left = self._faults_in_a_row % TRIES_OF_ONE_DECISION > 0
        self._again = decision if legal and tries_left else None
        unsafe = legal and not self._session.may_retry(decision.action)
        limit = FAULTS_IN_A_ROW if self._session.local else FAULTS_OF_A_SERVICE
        if unsafe or self._faults_in_a_row >= limit:
            self._dead = f"toolkit: {fault}"
        elif not self._session.local:
            wait(self._faults_in_a_row - 1)

    def _record(
        self, action: Action, observation: Observation, reasoning: dict[str, Any] | None
    ) -> None:
        if self._writer is not None:
            self._writer.write(
                observation.grids,
                action,
                observation.state,
                observation.levels_completed,
                observation.available_actions,
                observation.full_reset,
                reasoning,
            )
