"""Which clicks the world model expects to change anything, before any was tried.

Knows a world model and a history; knows no game and no memory. What happens whatever one clicks (a
clock goes on) is no effect of a click: of every cell of the frame, the least unlikely change over
all clicks is taken off.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.frames.tokenizer import CELLS
from arcworld.models.world_model import WorldModel
from arcworld.recordings.episode import CLICK, Outcome
from arcworld.tokens.sequence import CodedEpisode, to_token_ids

BATCH = 16
"""Clicks read at once."""
LEAST_NATS = 1.0
"""Where no click is expected to change more, nothing is known of clicks."""


@torch.inference_mode()
def click_prior(model: WorldModel, history: CodedEpisode) -> NDArray[np.float32] | None:
    """How much a click in each cell is expected to change, as a share of the most: float32 [64].

    An effect is how unlikely it is that the last frame stays, in nats. None where the model
    expects no click to change anything, or knows no places.
    """
    if not model.vocabulary.has_locations:
        return None
    stays = [_stays(model, history.indices_TC[-1], cell) for cell in range(CELLS)]
    rows = torch.from_numpy(np.stack(stays)).long().to(model.device).split(BATCH)
    nats = torch.cat([torch.stack(_unlikely(model, some)) for some in rows]).cpu().numpy()
    effects: NDArray[np.float32] = (nats - nats.min(0)).sum(1)
    most = float(effects.max())
    return None if most < LEAST_NATS else effects / most


def _stays(model: WorldModel, indices_C: NDArray[np.int32], cell: int) -> NDArray[np.int32]:
    """The tokens of a frame, a click in a cell, and the same frame."""
    clicked = CodedEpisode(
        np.stack([indices_C, indices_C]),
        np.array([CLICK], np.int16),
        np.array([cell], np.int16),
        np.array([Outcome.NOTHING], np.uint8),
        np.zeros(1, np.bool_),
        opens=False,
    )
    return to_token_ids(model.vocabulary, clicked)


def _unlikely(model: WorldModel, ids_BL: torch.Tensor) -> list[torch.Tensor]:
    """Nats of the cells of each row's last frame, B times [64]."""
    hidden_BLD = model.hidden(ids_BL)
    return [
        model.frame_nll(hidden_LD, ids_L)
        for hidden_LD, ids_L in zip(hidden_BLD, ids_BL, strict=True)
    ]
