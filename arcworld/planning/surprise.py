"""Surprise: negative log-likelihood of an observed frame under the world model."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.models.transformer.world_model import WorldModel
from arcworld.tokens.sequence import CodedEpisode, to_token_ids


@torch.inference_mode()
def cell_surprise(model: WorldModel, window: CodedEpisode) -> NDArray[np.float32]:
    """Negative log-likelihood in nats of each cell of a window's last frame, float32 [64]."""
    ids = torch.from_numpy(to_token_ids(model.vocabulary, window)).long()[None]
    ids = ids.to(model.device)
    return model.frame_nll(model.hidden(ids)[0], ids[0]).cpu().numpy()


class RunningMean:
    """Exponential moving average with weight `rate`; the first values are averaged equally.

    >>> mean = RunningMean(rate=0.5)
    >>> mean.update(2.0), mean.update(4.0)
    (2.0, 3.0)
    """

    def __init__(self, rate: float = 0.05) -> None:
        self.rate, self.value, self.count = rate, 0.0, 0

    def update(self, value: float) -> float:
        """Add a value; return the new mean."""
        self.count += 1
        self.value += max(self.rate, 1 / self.count) * (value - self.value)
        return self.value
