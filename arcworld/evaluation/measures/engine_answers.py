"""Compare the model's prediction after another action with what the game itself does.

The recorded actions are replayed in the game and every frame is checked against the recording.
Then the other action is taken. The toolkit is imported only here and only on demand, because most
evaluations do not play.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.evaluation.measures.action_use import Counterfactuals, use_ratios
from arcworld.evaluation.measures.frame_measures import frame_table
from arcworld.evaluation.measures.inference import ProgressCallback
from arcworld.evaluation.measures.pooling import Table
from arcworld.recordings.episode import Action, Episode
from arcworld.recordings.novelty import NoveltyIndex

if TYPE_CHECKING:
    from arcworld.play.toolkit import Toolkit


@dataclass(frozen=True, eq=False)
class EngineAnswers:
    """True frames after another action.

    Attributes:
        frames_MHW: what the game showed, uint8 [M, 64, 64]; zeros where `known_M` is False.
        known_M: whether the game could be asked.
    """

    frames_MHW: NDArray[np.uint8]
    known_M: NDArray[np.bool_]


def ask_engine(
    uses: Counterfactuals, games: str | Path, progress: ProgressCallback
) -> EngineAnswers:
    """Take each other action in the game itself.

    A transition is left out if `games` lacks the version of its game or the replay differs from
    the recording. It is also left out if the other action wins a level.

    Args:
        uses: transitions and their other actions.
        games: folder of games.
        progress: called after each transition.

    Raises:
        ArcworldError: the folder contains none of the games.
    """
    from arcworld.play.toolkit import Toolkit

    transitions = uses.transitions.take(uses.at_M)
    frames = np.zeros_like(uses.frames_MHW)
    known = np.zeros(len(transitions), dtype=np.bool_)
    with Toolkit(games) as toolkit:
        wanted = {episode.game_id for episode in transitions.episodes}
        here = wanted & set(toolkit.games())
        if not here:
            names = ", ".join(sorted(wanted))
            raise ArcworldError(
                f"{games}: found none of the games {names}; expected at least one;"
                " name the folder that contains them"
            )
        for i in range(len(transitions)):
            episode = transitions.episodes[int(transitions.episode_N[i])]
            if episode.game_id in here:
                t, action = int(transitions.t_N[i]), Action.from_row(uses.actions_M3[i])
                answer = _answer(toolkit, episode, t, action)
                if answer is not None:
                    frames[i], known[i] = answer, True
            progress("another action in the game", i + 1, len(transitions))
    return EngineAnswers(frames, known)


def _answer(toolkit: Toolkit, episode: Episode, t: int, action: Action) -> NDArray[np.uint8] | None:
    """The frame after `action` in recorded frame t, uint8 [64, 64].

    None where the replay up to t differs from the recording, or where the action wins a level.
    """
    session = toolkit.open(episode.game_id)
    for step in range(t + 1):
        before = session.observation
        if not np.array_equal(before.frame_HW, episode.frames_THW[step]):
            return None
        chosen = episode.action(step) if step < t else action
        if chosen.id not in before.legal_actions:
            return None
        after = session.step(chosen)
        if step == t and after.levels_completed == before.levels_completed:
            return after.frame_HW
    return None


def engine_tables(
    uses: Counterfactuals, answers: EngineAnswers, seen: NoveltyIndex
) -> dict[str, Table]:
    """Part `action_engine` and its baseline `copy`, by part name.

    `ceiling` is the highest `action_use/1` that these transitions allow. A perfect model also
    gets cells right with the other action, where both actions change a cell alike.
    """
    at = np.flatnonzero(answers.known_M)
    true = uses.transitions.take(uses.at_M[at])
    actions = uses.actions_M3[at]
    novel = seen.novel_pairs(true.frames_NHW, actions)
    other = replace(true, next_NHW=answers.frames_MHW[at], actions_N3=actions, novel_N=novel)
    ceiling = use_ratios(true, true.next_NHW, answers.frames_MHW[at])["action_use"]
    subsets = {"all": np.ones(len(at), dtype=np.bool_), "novel": novel}
    return {
        "action_engine": frame_table(
            other, uses.frames_MHW[at], {"ceiling": ceiling}, subsets=subsets
        ),
        "baselines/copy/action_engine": frame_table(other, other.frames_NHW, subsets=subsets),
    }
