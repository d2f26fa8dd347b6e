"""Try choices in the real game, in the state in which the demo acted.

A recording is replayed action by action in the toolkit's engine. At the given transitions a copy of
the engine takes the choice instead. It is a hit if frame, level and state equal those after the
demo's action.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arcworld.diagnosis.estimates import Measure, line
from arcworld.diagnosis.inputs import DiagnosisInputs
from arcworld.errors import ArcworldError
from arcworld.recordings.episode import Action, Episode

if TYPE_CHECKING:
    from arcworld.play.game_session import GameSession
    from arcworld.play.toolkit import Toolkit

type Choices = Mapping[str, Action]
"""Source of the choice -> action."""
type ReplayOutcome = tuple[bytes, int, str]
"""(settled frame, levels completed, state)."""


@dataclass(frozen=True, eq=False)
class Replayed:
    """Result of a replay; NaN where a game was not found.

    Attributes:
        same_N: whether each transition's frame was reproduced (0 after the first difference).
        hits: source of the choice -> whether its result was the demo's, [N]; NaN where nothing was
            tried.
        missing: games that were not found, with the reason.
    """

    same_N: NDArray[np.float64]
    hits: Mapping[str, NDArray[np.float64]]
    missing: Mapping[str, str]

    def line(self, inputs: DiagnosisInputs) -> Measure:
        """Share of frames that the engine reproduced."""
        groups = inputs.groups_N
        name = "frames replayed as recorded"
        return line(name, "share", self.same_N, None, inputs.games_N, groups)


def replay(
    inputs: DiagnosisInputs, games: str | Path | None, asked: Mapping[int, Choices]
) -> Replayed:
    """Replay every recording whose game is found, and try the `asked` choices.

    Args:
        inputs: the transitions.
        games: folder of games; None: the project's own.
        asked: index of a transition -> the choices to try there.

    Raises:
        ArcworldError: the folder does not exist.
    """
    from arcworld.play.toolkit import Toolkit

    t = inputs.transitions
    names = {name for choices in asked.values() for name in choices}
    same, missing = np.full(len(t), np.nan), dict[str, str]()
    hits = {name: np.full(len(t), np.nan) for name in sorted(names)}
    with Toolkit(games) as toolkit:
        known = set(toolkit.games())
        for e, episode in enumerate(t.episodes):
            at = np.flatnonzero(t.episode_N == e)
            if episode.game_id not in known:
                missing[episode.game_id] = "this version was not found"
                continue
            try:
                _replay_one(toolkit, episode, at, asked, same, hits)
            except ArcworldError as error:
                missing[episode.game_id] = str(error)
            inputs.progress("engine", int(at[-1]) + 1, len(t))
    return Replayed(same, hits, missing)


def _replay_one(
    toolkit: Toolkit,
    episode: Episode,
    at: NDArray[np.intp],
    asked: Mapping[int, Choices],
    same: NDArray[np.float64],
    hits: Mapping[str, NDArray[np.float64]],
) -> None:
    """Replay one episode as long as the engine reproduces its frames."""
    session = toolkit.open(episode.game_id)
    if not np.array_equal(session.observation.frame_HW, episode.frames_THW[0]):
        same[at] = 0.0
        return
    for t, place in enumerate(at.tolist()):
        action, choices = episode.action(t), asked.get(place, {})
        others = {choice for choice in choices.values() if choice != action}
        engine: Any = getattr(session._wrapper, "_game", None)  # the toolkit cannot copy a game
        tried = {choice: _try(engine, choice) for choice in others}
        came = _step(session, action)
        same[place] = float(came is not None and came[0] == episode.frames_THW[t + 1].tobytes())
        if not same[place]:
            same[at[t:]] = 0.0
            return
        for name, choice in choices.items():
            hits[name][place] = float(choice == action or tried[choice] == came)


def _step(session: GameSession, action: Action) -> ReplayOutcome | None:
    if action.id not in session.observation.legal_actions:
        return None
    after = session.step(action)
    return after.frame_HW.tobytes(), after.levels_completed, after.state


def _try(engine: Any, action: Action) -> ReplayOutcome | None:
    """Result of an action on a copy of the engine; None if there is no frame."""
    from arcengine import ActionInput
    from arcengine import GameAction as OfficialAction

    place = {} if action.x is None else {"x": action.x, "y": action.y}
    clean = engine._clean_levels  # the engine only clones them, so they need no copy
    answer = copy.deepcopy(engine, {id(clean): clean}).perform_action(
        ActionInput(id=OfficialAction.from_id(action.id), data=place)
    )
    if not answer.frame:
        return None
    frame = np.asarray(answer.frame[-1]).astype(np.uint8)
    return frame.tobytes(), int(answer.levels_completed), str(answer.state.value)
