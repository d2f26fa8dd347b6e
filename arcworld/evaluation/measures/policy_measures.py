"""Accuracy of a policy: how often it chooses the recorded action.

The policy of scheme v2 has masked heads; that of v1 is the world model's next-token head.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.evaluation.measures.baselines import choices
from arcworld.evaluation.measures.inference import ProgressCallback, batches_by_length, window_at
from arcworld.evaluation.measures.pooling import Ratio, Table, share
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.frames.tokenizer import CELLS
from arcworld.models.policies.policy import MaskedPolicy
from arcworld.models.policies.shared_head import SharedHeadPolicy
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings.episode import CLICK, RESET
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.sequence import CodedEpisode, to_token_ids


def greedy_choices(
    model: WorldModel,
    policy: MaskedPolicy | SharedHeadPolicy,
    transitions: Transitions,
    coded: Sequence[CodedEpisode],
    progress: ProgressCallback,
) -> NDArray[np.int16]:
    """Most likely legal type, and most likely cell if a click is legal (else 64), int16 [N, 2]."""
    chosen = np.full((len(transitions), 2), NO_CELL, dtype=np.int16)
    frames = model.config.context_frames
    rows = [window_at(transitions, coded, i, frames) for i in range(len(transitions))]
    legal = transitions.legal_types()
    done = 0
    for at in batches_by_length([len(to_token_ids(model.vocabulary, row)) for row in rows]):
        types, places = policy.prior_logits(model, [rows[i] for i in at])
        shut = torch.from_numpy(~legal[at]).to(types.device)
        chosen[at, 0] = types.masked_fill(shut, -torch.inf).argmax(-1).cpu().numpy()
        cells = places[:, :CELLS].argmax(-1).cpu().numpy()
        chosen[at, 1] = np.where(legal[at, CLICK], cells, NO_CELL)
        done += len(at)
        progress("policy", done, len(rows))
    return chosen


def policy_table(transitions: Transitions, chosen_N2: NDArray[np.int16]) -> Table:
    """Table of `type_acc`, `loc_acc`, `action_acc` and the recall of each action type.

    Args:
        transitions: the recorded actions.
        chosen_N2: chosen type and cell.
    """
    types, cells = choices(transitions)
    type_right = chosen_N2[:, 0] == types
    click = types == CLICK
    both = type_right & ((chosen_N2[:, 1] == cells) | ~click)
    measures = {
        "type_acc": share(type_right),
        "loc_acc": share(chosen_N2[:, 1] == cells, click),
        "action_acc": share(both),
    }
    for kind in np.unique(types[types != RESET]):
        among = types == kind
        measures[f"recall_{kind}"] = Ratio(type_right & among, among)
    return transitions.grouping(policy_subsets(transitions)).table(measures)


def policy_subsets(transitions: Transitions) -> dict[str, NDArray[np.bool_]]:
    """Subsets for policy measures, bool [N] each; RESET is in none.

    `all` and `novel` contain only winning stretches. `change_points` are those of them where the
    action differs from the one before. `exploration` is everything outside winning stretches.
    """
    types, cells = choices(transitions)
    chosen = types != RESET
    same = np.zeros(len(types), dtype=np.bool_)
    same[1:] = (types[1:] == types[:-1]) & (cells[1:] == cells[:-1])
    same[transitions.t_N == 0] = False
    winning = transitions.winning_N & chosen
    return {
        "all": winning,
        "novel": winning & transitions.novel_N,
        "change_points": winning & ~same,
        "exploration": chosen & ~transitions.winning_N,
    }
