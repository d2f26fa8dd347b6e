"""Predict with the world model which clicks change anything, before any click was tried.

Some cells change after any action (a clock). They must not count as effects of a click. Therefore,
for each cell of the frame, the smallest predicted change over all clicks is subtracted.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.frames.tokenizer import CELLS
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings.episode import CLICK, Outcome
from arcworld.tokens.sequence import CodedEpisode, to_token_ids

BATCH = 16
"""Number of clicks evaluated at once."""
LEAST_NATS = 1.0
"""If no click has a larger predicted effect, the prior is None."""


@torch.inference_mode()
def click_prior(model: WorldModel, history: CodedEpisode) -> NDArray[np.float32] | None:
    """Predicted effect of a click in each cell, as a share of the largest effect: float32 [64].

    The effect is the negative log-likelihood, in nats, of the unchanged frame after the click. None
    if the model predicts no effect for any click, or if its scheme has no click positions.
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
    """Tokens of a frame, a click in a cell, and the same frame."""
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
    """Negative log-likelihood in nats of the cells of each row's last frame, B times [64]."""
    hidden_BLD = model.hidden(ids_BL)
    return [
        model.frame_nll(hidden_LD, ids_L)
        for hidden_LD, ids_L in zip(hidden_BLD, ids_BL, strict=True)
    ]
