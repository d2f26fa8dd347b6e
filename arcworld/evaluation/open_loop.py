"""Open loop: the model dreams with the true actions, feeding itself its own frames.

Knows start frames, dreams and their baselines; knows nothing of files. A dream begins with the true
history up to its start frame; from then on frames and level-up marks are the model's own, and its
context slides over them. Measured at depth d is the frame after d actions, and *changed* means
changed against the start frame. A dream of which RESET or a level-up is part is told apart from
that depth on (`crossing`): a level never seen cannot be dreamt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.baselines import FrameBaselines
from arcworld.evaluation.frame_measures import frame_ratios, frame_table
from arcworld.evaluation.inference import ProgressCallback, predict_all, window_at
from arcworld.evaluation.parts import DEPTHS
from arcworld.evaluation.pooling import Table
from arcworld.evaluation.transitions import Transitions
from arcworld.frames.tokenizer import CELLS
from arcworld.models.run import Run
from arcworld.models.world_model import WorldModel
from arcworld.recordings.episode import SIDE, Outcome
from arcworld.tokens.sequence import CodedEpisode, cells_of

HORIZON = DEPTHS[-1]
STARTS = 20
"""Dreams a game, their start frames evenly spread over its episodes."""


def spread(
    transitions: Transitions, wanted_N: NDArray[np.bool_], per_game: int
) -> NDArray[np.intp]:
    """Places of `per_game` wanted transitions of each game, evenly spread; all where they are few.

    The same for every model, and in order.
    """
    chosen: list[NDArray[np.intp]] = []
    for game in np.unique(transitions.games_N):
        places = np.flatnonzero(wanted_N & (transitions.games_N == game))
        count = min(len(places), per_game)
        chosen.append(places[np.linspace(0, len(places) - 1, count).round().astype(np.intp)])
    return np.sort(np.concatenate(chosen))


def has_future(transitions: Transitions, depth: int) -> NDArray[np.bool_]:
    """Whether a transition and the `depth` - 1 after it stand in one episode, bool [N]."""
    lengths = np.array([len(episode) for episode in transitions.episodes])
    return transitions.t_N + depth <= lengths[transitions.episode_N]


@dataclass(frozen=True, eq=False)
class Dreams:
    """S dreams of `HORIZON` actions.

    Attributes:
        transitions: all that were laid out; `starts_S` are places in it.
        frames_DSHW: what was dreamt after 1, 2, ... actions.
    """

    transitions: Transitions
    starts_S: NDArray[np.intp]
    frames_DSHW: NDArray[np.uint8]

    @property
    def depth(self) -> int:
        """How many actions the dreams go on for."""
        return len(self.frames_DSHW)

    @property
    def games_S(self) -> NDArray[np.str_]:
        """The game of each dream."""
        return self.transitions.games_N[self.starts_S]

    def at(self, depth: int) -> Transitions:
        """The frames after `depth` actions as transitions from the start frames."""
        last = self.transitions.take(self.starts_S + depth - 1)
        return replace(last, frames_NHW=self.transitions.frames_NHW[self.starts_S])

    def ordinary_S(self, depth: int) -> NDArray[np.bool_]:
        """Dreams whose first `depth` actions are no RESET and win no level."""
        odd_N = self.transitions.is_reset_N | self.transitions.level_up_N
        return ~odd_N[self.starts_S[:, None] + np.arange(depth)].any(1)

    def subsets(self, depth: int) -> dict[str, NDArray[np.bool_]]:
        """`all`; `novel`, where the last action in its true frame is; `ordinary`, `crossing`."""
        novel_S = self.transitions.novel_N[self.starts_S + depth - 1]
        ordinary_S = self.ordinary_S(depth)
        every = np.ones(len(self.starts_S), dtype=np.bool_)
        return {"all": every, "novel": novel_S, "ordinary": ordinary_S, "crossing": ~ordinary_S}

    def table(self, depth: int) -> Table:
        """Part `open_loop/DEPTH`."""
        frames = self.frames_DSHW[depth - 1]
        return frame_table(self.at(depth), frames, subsets=self.subsets(depth))

    def curve(self, measure: str) -> list[float | None]:
        """A measure over all dreams at each depth from 1."""
        every = np.ones(len(self.starts_S), dtype=np.bool_)
        reported: list[float | None] = []
        for depth in range(1, self.depth + 1):
            true = self.at(depth)
            ratios = frame_ratios(true.frames_NHW, true.next_NHW, self.frames_DSHW[depth - 1])
            reported.append(ratios[measure].of(every))
        return reported


def dream_all(
    run: Run, transitions: Transitions, coded: Sequence[CodedEpisode], progress: ProgressCallback
) -> Dreams:
    """Dream from `STARTS` frames a game."""
    starts_S = spread(transitions, has_future(transitions, HORIZON), STARTS)
    at_SD = starts_S[:, None] + np.arange(HORIZON)
    actions_SD3 = transitions.actions_N3[at_SD]
    histories = histories_at(run.world_model, transitions, coded, starts_S)
    indices_DSC = dream(run.world_model, histories, actions_SD3, partial(progress, "open loop"))
    return Dreams(transitions, starts_S, frames_of(run, indices_DSC))


def frames_of(run: Run, indices_DSC: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Dreamt codes as frames, uint8 [D, S, 64, 64]."""
    shape = (*indices_DSC.shape[:2], SIDE, SIDE)
    if not indices_DSC.size:
        return np.zeros(shape, np.uint8)
    return run.tokenizer.decode_frames(indices_DSC.reshape(-1, CELLS)).reshape(shape)


def histories_at(
    model: WorldModel,
    transitions: Transitions,
    coded: Sequence[CodedEpisode],
    places_S: NDArray[np.intp],
) -> list[CodedEpisode]:
    """All true history that fits, up to each place's frame."""
    frames = model.config.context_frames
    return [window_at(transitions, coded, int(i), frames) for i in places_S]


def dream(
    model: WorldModel,
    histories: Sequence[CodedEpisode],
    actions_SD3: NDArray[np.int16],
    progress: Callable[[int, int], None],
) -> NDArray[np.int32]:
    """Codes of the frames that D actions lead each of S histories to, int32 [D, S, 64]."""
    now = list(histories)
    indices: list[NDArray[np.int32]] = []
    total = actions_SD3.shape[1]
    for depth in range(total):
        asked = [_ask(h, a) for h, a in zip(now, actions_SD3[:, depth], strict=True)]
        reported = predict_all(model, asked, lambda _done, _total: None)
        rows = zip(asked, reported.indices_BC, reported.level_token_B.tolist(), strict=True)
        now = [_go_on(*row) for row in rows]
        indices.append(reported.indices_BC)
        progress(depth + 1, total)
    return np.stack(indices)


def _ask(history: CodedEpisode, action_3: NDArray[np.int16]) -> CodedEpisode:
    """The history with an action that awaits its frame."""
    return replace(
        history,
        types_A=np.append(history.types_A, action_3[0]),
        cells_A=np.append(history.cells_A, cells_of(action_3)),
        outcomes_A=np.append(history.outcomes_A, np.uint8(Outcome.NOTHING)),
        winning_A=np.append(history.winning_A, False),
    )


def _go_on(asked: CodedEpisode, codes_C: NDArray[np.int32], won: bool) -> CodedEpisode:
    """The history with the frame, and the level-up, that the model itself predicted."""
    outcomes = asked.outcomes_A.copy()
    outcomes[-1] = Outcome.LEVEL_WON if won else Outcome.NOTHING
    indices = np.concatenate([asked.indices_TC, codes_C[None]])
    return replace(asked, indices_TC=indices, outcomes_A=outcomes)


def baseline_dreams(dreams: Dreams, baselines: FrameBaselines | None) -> dict[str, Dreams]:
    """What is had for nothing at each depth: `copy` is the start frame again; `majority`; `lookup`
    goes on from what it found itself, as the model does. Without training only `copy`.
    """
    transitions, starts_S = dreams.transitions, dreams.starts_S
    frames = transitions.frames_NHW[starts_S]
    copy = np.broadcast_to(frames, (dreams.depth, *frames.shape))
    found = {"copy": replace(dreams, frames_DSHW=copy)}
    if baselines is None:
        return found
    majority = baselines.predictions(transitions.take(starts_S))["majority"]
    looked: list[NDArray[np.uint8]] = []
    for depth in range(dreams.depth):
        frames = baselines.look_up(frames, transitions.actions_N3[starts_S + depth])
        looked.append(frames)
    same = np.broadcast_to(majority, copy.shape)
    return found | {
        "majority": replace(dreams, frames_DSHW=same),
        "lookup": replace(dreams, frames_DSHW=np.stack(looked)),
    }
