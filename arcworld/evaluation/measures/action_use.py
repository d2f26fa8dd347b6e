"""Measure whether the model uses the action: the true action against another legal one.

The model predicts the next frame twice: after the true action, and after another legal action
drawn at random. Both predictions are scored on the cells that truly changed. A status bar changes
after any action, so both predictions get it right and it adds nothing. RESET and level-ups are
left out. In a dream of d actions only the first action is replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.measures.frame_measures import same_cells
from arcworld.evaluation.measures.inference import ProgressCallback
from arcworld.evaluation.measures.open_loop import Dreams, dream, frames_of, histories_at, spread
from arcworld.evaluation.measures.pooling import Ratio, Table
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.evaluation.parts import DEEP
from arcworld.models.run import Run
from arcworld.recordings.episode import CLICK, NO_PLACE, SIDE
from arcworld.tokens.cells import cell_of
from arcworld.tokens.sequence import CodedEpisode

SAMPLE = 64
"""Transitions per game, evenly spread over those where the frame changes and another action is
legal."""
SEED = 0


def other_actions(transitions: Transitions, seed: int = SEED) -> NDArray[np.int16]:
    """Another legal action (id, x, y) for each transition, int16 [N, 3]; id -1 where none exists.

    A click is replaced by a click in one of the 63 other cells; cells and pixels are drawn
    uniformly. Any other action is replaced by another legal type, drawn uniformly. If that type is
    a click, its pixel is uniform over the frame.
    """
    others = np.full((len(transitions), 3), NO_PLACE, dtype=np.int16)
    legal_N8 = transitions.legal_types()
    for i, (kind, x, y) in enumerate(transitions.actions_N3.tolist()):
        rng = np.random.default_rng([seed, i])
        if kind != CLICK:
            legal_N8[i, kind] = False
            types = np.flatnonzero(legal_N8[i])
            if not len(types):
                continue
            others[i, 0] = rng.choice(types)
            if others[i, 0] == CLICK:
                others[i, 1:] = rng.integers(0, SIDE, 2)
            continue
        pixel = (x, y)
        while cell_of(*pixel) == cell_of(x, y):
            pixel = (int(rng.integers(SIDE)), int(rng.integers(SIDE)))
        others[i] = (CLICK, *pixel)
    return others


@dataclass(frozen=True, eq=False)
class Counterfactuals:
    """M transitions with the frames that the model predicts after another action.

    Attributes:
        transitions: all transitions.
        at_M: indices of the M chosen ones in `transitions`.
        actions_M3: the other actions (id, x, y).
        frames_MHW: the predicted frames after them, uint8 [M, 64, 64].
    """

    transitions: Transitions
    at_M: NDArray[np.intp]
    actions_M3: NDArray[np.int16]
    frames_MHW: NDArray[np.uint8]


def other_answers(
    run: Run, transitions: Transitions, coded: Sequence[CodedEpisode], progress: ProgressCallback
) -> Counterfactuals:
    """Predict the next frame after another action, for `SAMPLE` transitions per game."""
    others = other_actions(transitions)
    changed = (transitions.frames_NHW != transitions.next_NHW).any((1, 2))
    wanted = changed & _sayable(run, others) & transitions.subsets()["ordinary"]
    at = spread(transitions, wanted, SAMPLE)
    frames = _dream_other(run, transitions, coded, at, others[at][:, None], progress)
    return Counterfactuals(transitions, at, others[at], frames)


def _sayable(run: Run, others_N3: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Whether another action exists and the run's token scheme can encode it, bool [N]."""
    kinds = others_N3[:, 0]
    return (kinds >= 0) & (kinds < run.world_model.vocabulary.actions)


def _dream_other(
    run: Run,
    transitions: Transitions,
    coded: Sequence[CodedEpisode],
    at_M: NDArray[np.intp],
    actions_MD3: NDArray[np.int16],
    progress: ProgressCallback,
) -> NDArray[np.uint8]:
    """Last frame of each dream, uint8 [M, 64, 64]."""
    model = run.world_model
    histories = histories_at(model, transitions, coded, at_M)
    name = f"another action, {actions_MD3.shape[1]} deep"
    indices_DMC = dream(model, histories, actions_MD3, partial(progress, name))
    return frames_of(run, indices_DMC[-1:])[0]


def use_table(
    transitions: Transitions, true_NHW: NDArray[np.uint8], other_NHW: NDArray[np.uint8]
) -> Table:
    """Table of the measures of `use_ratios`, on the subsets `all` and `novel`."""
    known = transitions.subsets()
    grouping = transitions.grouping({name: known[name] for name in ("all", "novel")})
    return grouping.table(use_ratios(transitions, true_NHW, other_NHW))


def use_ratios(
    transitions: Transitions, true_NHW: NDArray[np.uint8], other_NHW: NDArray[np.uint8]
) -> dict[str, Ratio]:
    """Accuracy on truly changed cells with the true action and with another, and the difference.

    The measures are `true_action_acc`, `other_action_acc` and `action_use` (the first minus the
    second; higher is better).

    Args:
        transitions: from a start frame to a true later frame.
        true_NHW: predicted with the true actions.
        other_NHW: predicted with another first action.
    """
    changed = ~same_cells(transitions.frames_NHW, transitions.next_NHW)
    among = changed.sum(1)
    true = (same_cells(transitions.next_NHW, true_NHW) & changed).sum(1)
    other = (same_cells(transitions.next_NHW, other_NHW) & changed).sum(1)
    return {
        "action_use": Ratio(true - other, among),
        "true_action_acc": Ratio(true, among),
        "other_action_acc": Ratio(other, among),
    }


def use_one_deep(uses: Counterfactuals, per_frame_NHW: NDArray[np.uint8]) -> Table:
    """Table of part `action_use/1`: one action, from the true frame.

    Args:
        uses: predictions after other actions.
        per_frame_NHW: predicted next frames of all transitions after the true actions.
    """
    true = per_frame_NHW[uses.at_M]
    return use_table(uses.transitions.take(uses.at_M), true, uses.frames_MHW)


def use_deep(
    run: Run, dreams: Dreams, coded: Sequence[CodedEpisode], progress: ProgressCallback
) -> Table:
    """Table of part `action_use/4`: dreams of four actions from the start frames of the open loop.

    Dreams that cross a RESET or a level-up are left out.
    """
    transitions = dreams.transitions
    others_S3 = other_actions(transitions)[dreams.starts_S]
    kept = dreams.ordinary_S(DEEP) & _sayable(run, others_S3)
    at = dreams.starts_S[kept]
    actions_MD3 = transitions.actions_N3[at[:, None] + np.arange(DEEP)]
    actions_MD3[:, 0] = others_S3[kept]
    other = _dream_other(run, transitions, coded, at, actions_MD3, progress)
    return use_table(
        dreams.at(DEEP).take(np.flatnonzero(kept)), dreams.frames_DSHW[DEEP - 1][kept], other
    )
