"""Open-loop evaluation: the model gets the true actions but only its own predicted frames.

Such a rollout is called a dream. It begins with the true history up to its start frame. After that,
frames and level-up tokens are the model's own predictions, and the context window slides over them.
At depth d the frame after d actions is scored. *Changed* means changed since the start frame.
From the first RESET or level-up on, a dream counts as `crossing`: the model cannot predict a level
that it has never seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.measures.baselines import FrameBaselines
from arcworld.evaluation.measures.frame_measures import frame_ratios, frame_table
from arcworld.evaluation.measures.inference import ProgressCallback, predict_all, window_at
from arcworld.evaluation.measures.pooling import Table
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.evaluation.parts import DEPTHS
from arcworld.frames.tokenizer import CELLS
from arcworld.models.run import Run
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings.episode import SIDE, Outcome
from arcworld.tokens.sequence import CodedEpisode, cells_of

HORIZON = DEPTHS[-1]
STARTS = 20
"""Dreams per game; their start frames are evenly spread over its episodes."""


def spread(
    transitions: Transitions, wanted_N: NDArray[np.bool_], per_game: int
) -> NDArray[np.intp]:
    """Sorted indices of up to `per_game` wanted transitions of each game, evenly spread.

    The choice does not depend on the model.
    """
    chosen: list[NDArray[np.intp]] = []
    for game in np.unique(transitions.games_N):
        places = np.flatnonzero(wanted_N & (transitions.games_N == game))
        count = min(len(places), per_game)
        chosen.append(places[np.linspace(0, len(places) - 1, count).round().astype(np.intp)])
    return np.sort(np.concatenate(chosen))


def has_future(transitions: Transitions, depth: int) -> NDArray[np.bool_]:
    """Whether the `depth` - 1 transitions after each are in the same episode, bool [N]."""
    lengths = np.array([len(episode) for episode in transitions.episodes])
    return transitions.t_N + depth <= lengths[transitions.episode_N]


@dataclass(frozen=True, eq=False)
class Dreams:
    """S dreams of `HORIZON` actions.

    Attributes:
        transitions: all evaluated transitions.
        starts_S: index in `transitions` of each dream's first transition.
        frames_DSHW: predicted frames after 1, 2, ... actions, uint8 [D, S, 64, 64].
    """

    transitions: Transitions
    starts_S: NDArray[np.intp]
    frames_DSHW: NDArray[np.uint8]

    @property
    def depth(self) -> int:
        """Number of actions per dream."""
        return len(self.frames_DSHW)

    @property
    def games_S(self) -> NDArray[np.str_]:
        """Game of each dream."""
        return self.transitions.games_N[self.starts_S]

    def at(self, depth: int) -> Transitions:
        """Transitions from the start frames to the true frames after `depth` actions."""
        last = self.transitions.take(self.starts_S + depth - 1)
        return replace(last, frames_NHW=self.transitions.frames_NHW[self.starts_S])

    def ordinary_S(self, depth: int) -> NDArray[np.bool_]:
        """Whether the first `depth` actions have no RESET and win no level, bool [S]."""
        odd_N = self.transitions.is_reset_N | self.transitions.level_up_N
        return ~odd_N[self.starts_S[:, None] + np.arange(depth)].any(1)

    def subsets(self, depth: int) -> dict[str, NDArray[np.bool_]]:
        """Subsets of the dreams at a depth: `all`, `novel`, `ordinary` and `crossing`.

        A dream is novel if its last action in the true frame before it is novel.
        """
        novel_S = self.transitions.novel_N[self.starts_S + depth - 1]
        ordinary_S = self.ordinary_S(depth)
        every = np.ones(len(self.starts_S), dtype=np.bool_)
        return {"all": every, "novel": novel_S, "ordinary": ordinary_S, "crossing": ~ordinary_S}

    def table(self, depth: int) -> Table:
        """Table of part `open_loop/DEPTH`."""
        frames = self.frames_DSHW[depth - 1]
        return frame_table(self.at(depth), frames, subsets=self.subsets(depth))

    def curve(self, measure: str) -> list[float | None]:
        """Value of a measure over all dreams at each depth, from depth 1."""
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
    """Dream from `STARTS` start frames per game."""
    starts_S = spread(transitions, has_future(transitions, HORIZON), STARTS)
    at_SD = starts_S[:, None] + np.arange(HORIZON)
    actions_SD3 = transitions.actions_N3[at_SD]
    histories = histories_at(run.world_model, transitions, coded, starts_S)
    indices_DSC = dream(run.world_model, histories, actions_SD3, partial(progress, "open loop"))
    return Dreams(transitions, starts_S, frames_of(run, indices_DSC))


def frames_of(run: Run, indices_DSC: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Decode dreamt codes to frames, uint8 [D, S, 64, 64]."""
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
    """True history up to the frame of each transition in `places_S`, as long as the context."""
    frames = model.config.context_frames
    return [window_at(transitions, coded, int(i), frames) for i in places_S]


def dream(
    model: WorldModel,
    histories: Sequence[CodedEpisode],
    actions_SD3: NDArray[np.int16],
    progress: Callable[[int, int], None],
) -> NDArray[np.int32]:
    """Predicted codes after each of D actions, for each of S histories, int32 [D, S, 64]."""
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
    """The history with one more action, whose frame is still to be predicted."""
    return replace(
        history,
        types_A=np.append(history.types_A, action_3[0]),
        cells_A=np.append(history.cells_A, cells_of(action_3)),
        outcomes_A=np.append(history.outcomes_A, np.uint8(Outcome.NOTHING)),
        winning_A=np.append(history.winning_A, False),
    )


def _go_on(asked: CodedEpisode, codes_C: NDArray[np.int32], won: bool) -> CodedEpisode:
    """The history with the predicted frame and the predicted level-up appended."""
    outcomes = asked.outcomes_A.copy()
    outcomes[-1] = Outcome.LEVEL_WON if won else Outcome.NOTHING
    indices = np.concatenate([asked.indices_TC, codes_C[None]])
    return replace(asked, indices_TC=indices, outcomes_A=outcomes)


def baseline_dreams(dreams: Dreams, baselines: FrameBaselines | None) -> dict[str, Dreams]:
    """Dreams of the frame baselines, by name; without training recordings only `copy`.

    `copy` repeats the start frame. `lookup` continues from the frames that it found, as the model
    continues from its own.
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
