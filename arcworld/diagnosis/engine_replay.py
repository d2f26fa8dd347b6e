"""Does the policy act? Its choice tried in the real game, in the very state the demo was in.

Knows recordings and the toolkit's engine; knows nothing of models. A recording is replayed action
by action; at the places asked about, a copy of the engine takes the choice instead, and what comes
is compared with what came of the demo's own action: the same frame, level and state is a hit.
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
"""Who chooses -> what."""
type ReplayOutcome = tuple[bytes, int, str]
"""The settled frame, levels completed, state."""


@dataclass(frozen=True, eq=False)
class Replayed:
    """What came of replaying: NaN where a game is not at hand, or the recording had left it.

    Attributes:
        same_N: whether each transition's frame came out as recorded.
        hits: who chose -> whether the outcome was the demo's, [N]; NaN where nothing was asked.
        missing: games not at hand, with the reason.
    """

    same_N: NDArray[np.float64]
    hits: Mapping[str, NDArray[np.float64]]
    missing: Mapping[str, str]

    def line(self, inputs: DiagnosisInputs) -> Measure:
        """The share of frames that the engine gives as recorded."""
        groups = inputs.groups_N
        name = "frames replayed as recorded"
        return line(name, "share", self.same_N, None, inputs.games_N, groups)


def replay(inputs: DiagnosisInputs, games: Path | None, asked: Mapping[int, Choices]) -> Replayed:
    """Replay every recording whose game is at hand, and try what was `asked` at its places.

    Args:
        inputs: the transitions.
        games: folder of games; None: the project's own.
        asked: place among the transitions -> the choices to try there.

    Raises:
        ArcworldError: there is no such folder.
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
                missing[episode.game_id] = "not at hand in this version"
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
    """Follow one episode for as long as the engine gives its frames."""
    session = toolkit.open(episode.game_id)
    if not np.array_equal(session.observation.frame_HW, episode.frames_THW[0]):
        same[at] = 0.0
        return
    for t, place in enumerate(at.tolist()):
        action, choices = episode.action(t), asked.get(place, {})
        others = {choice for choice in choices.values() if choice != action}
        engine: Any = getattr(session._wrapper, "_game", None)  # the toolkit offers no look ahead
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
    """What an action would lead to, on a copy of the engine; None where it gives no frame."""
    from arcengine import ActionInput
    from arcengine import GameAction as OfficialAction

    place = {} if action.x is None else {"x": action.x, "y": action.y}
    clean = engine._clean_levels  # the engine only ever clones from them: no need of a copy
    answer = copy.deepcopy(engine, {id(clean): clean}).perform_action(
        ActionInput(id=OfficialAction.from_id(action.id), data=place)
    )
    if not answer.frame:
        return None
    frame = np.asarray(answer.frame[-1]).astype(np.uint8)
    return frame.tobytes(), int(answer.levels_completed), str(answer.state.value)
