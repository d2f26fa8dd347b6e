"""A small network, trained during play, that predicts which actions change the frame.

It starts from random weights in each game and needs no run and no recordings. The counts in
`memory.action_statistics` treat objects of the same shape and colour alike. The network also uses
where an object is and what surrounds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.planning.action_index import PIXELS, SIMPLE, action_index
from arcworld.recordings.episode import COLOURS, SIDE, Action

PATCH = 4
"""Side in pixels of the patch that one vector of the convolutions covers."""


@dataclass(frozen=True)
class ChangePredictorConfig:
    """Settings of network and training.

    Attributes:
        width: channels of the first convolution; the inner ones have twice as many.
        capacity: number of distinct (frame, action) pairs kept, 4 KB each; the oldest are dropped.
        batch_size: pairs per step; training starts when this number was collected.
        train_every: actions per step.
        learning_rate: of Adam.
    """

    width: int = 24
    capacity: int = 4_096
    batch_size: int = 32
    train_every: int = 3
    learning_rate: float = 1e-3


class ChangeModel(nn.Module):
    """Maps frames to logits that an action changes them: 5 simple actions, a click at each pixel.

    Convolutions reduce the frame to patches of 4x4 pixels. A click's logit is computed from the
    vector of its patch, the pixel's position in the patch, and the colour of the pixel. Therefore
    the logit of one click costs little more than the convolutions.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        deep = 2 * width
        self.body = nn.Sequential(
            nn.Conv2d(COLOURS, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, deep, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(deep, deep, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(deep, deep, 3, padding=1),
            nn.ReLU(),
        )
        self.simple = nn.Sequential(
            nn.MaxPool2d(4),
            nn.Flatten(),
            nn.Linear(16 * deep, 128),
            nn.ReLU(),
            nn.Linear(128, len(SIMPLE)),
        )
        self.patch = nn.Linear(deep, PATCH * PATCH * 8)
        self.colour = nn.Embedding(COLOURS, 8)
        self.click = nn.Sequential(nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, frames_BHW: Tensor) -> Tensor:
        """Logits [B, 5 + 4096] of uint8 frames [B, 64, 64]; pixels in reading order."""
        deep = self._deep(frames_BHW)
        places = torch.arange(PIXELS, device=deep.device).expand(len(deep), -1)
        clicks = self._clicks(deep, frames_BHW, places)
        return torch.cat([self.simple(deep), clicks], dim=1)

    def logits_at(self, frames_BHW: Tensor, places_B: Tensor) -> Tensor:
        """Logit [B] of one action for each frame; equal to the entry that `forward` gives."""
        deep = self._deep(frames_BHW)
        pixels = (places_B - len(SIMPLE)).clamp(min=0)
        clicks = self._clicks(deep, frames_BHW, pixels[:, None])[:, 0]
        simple = self.simple(deep).gather(1, places_B.clamp(max=len(SIMPLE) - 1)[:, None])[:, 0]
        return torch.where(places_B < len(SIMPLE), simple, clicks)

    def _deep(self, frames_BHW: Tensor) -> Tensor:
        return self.body(F.one_hot(frames_BHW.long(), COLOURS).permute(0, 3, 1, 2).float())

    def _clicks(self, deep: Tensor, frames_BHW: Tensor, pixels_BN: Tensor) -> Tensor:
        y, x = pixels_BN // SIDE, pixels_BN % SIDE
        row = torch.arange(len(deep), device=deep.device)[:, None]
        held = self.patch(deep.permute(0, 2, 3, 1)).unflatten(-1, (PATCH, PATCH, 8))
        seen = held[row, y // PATCH, x // PATCH, y % PATCH, x % PATCH]
        colour = self.colour(frames_BHW[row, y, x].long())
        return self.click(torch.cat([seen, colour], dim=-1))[..., 0]


class Pairs:
    """The newest `capacity` distinct (frame, action) pairs, and whether the frame changed."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._frames_NHW = np.zeros((capacity, SIDE, SIDE), dtype=np.uint8)
        self._places_N = np.zeros(capacity, dtype=np.int64)
        self._changed_N = np.zeros(capacity, dtype=np.float32)
        self._keys: list[bytes] = []
        self._known: set[bytes] = set()
        self._next = 0

    def __len__(self) -> int:
        return len(self._keys)

    def clear(self) -> None:
        """Remove all pairs."""
        self._keys, self._known, self._next = [], set(), 0

    def add(self, frame_HW: NDArray[np.uint8], place: int, changed: bool) -> bool:
        """Keep a pair; return False if the same frame and action are already kept."""
        key = blake2b(frame_HW.tobytes() + place.to_bytes(2, "big"), digest_size=12).digest()
        if key in self._known:
            return False
        if len(self._keys) < self.capacity:
            self._keys.append(key)
        else:
            self._known.discard(self._keys[self._next])
            self._keys[self._next] = key
        self._known.add(key)
        self._frames_NHW[self._next] = frame_HW
        self._places_N[self._next] = place
        self._changed_N[self._next] = changed
        self._next = (self._next + 1) % self.capacity
        return True

    def sample(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Draw `count` different pairs: frames [B, 64, 64], places [B], changed [B]."""
        chosen = rng.choice(len(self), count, replace=False)
        arrays = (self._frames_NHW[chosen], self._places_N[chosen], self._changed_N[chosen])
        frames, places, changed = map(torch.from_numpy, arrays)
        return frames, places, changed


class ChangeLearner:
    """A `ChangeModel` with random weights, its optimiser, and the pairs that it is trained on.

    Attributes:
        pairs: training examples; empty at first.
    """

    def __init__(self, config: ChangePredictorConfig, seed: int) -> None:
        """Start from weights that depend on the seed alone."""
        self.config, self.pairs = config, Pairs(config.capacity)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._model = ChangeModel(config.width)
        self._optimiser = torch.optim.Adam(self._model.parameters(), config.learning_rate)

    @property
    def is_trained(self) -> bool:
        """Whether there are enough examples to train and predict."""
        return len(self.pairs) >= self.config.batch_size

    @torch.inference_mode()
    def logits(self, frame_HW: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Log-odds of every indexed action, float32 [5 + 4096] (see `action_index`)."""
        return self._model(torch.from_numpy(frame_HW[None]))[0].numpy()

    def learn(self, rng: np.random.Generator) -> None:
        """Take one training step, if there are enough examples."""
        if not self.is_trained:
            return
        frames, places, changed = self.pairs.sample(self.config.batch_size, rng)
        logits = self._model.logits_at(frames, places)
        loss = F.binary_cross_entropy_with_logits(logits, changed)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()


class ChangePredictor:
    """Learns during play how probable it is that an action leads to a state never seen."""

    def __init__(self, config: ChangePredictorConfig | None = None, seed: int = 0) -> None:
        """Start untrained; the same seed learns the same from the same play."""
        self._learner = ChangeLearner(config or ChangePredictorConfig(), seed)
        self._rng = np.random.default_rng(seed)
        self._tries = 0

    def observe(self, frame_HW: NDArray[np.uint8], action: Action, found: bool) -> None:
        """Keep the result of an action that was untried in a frame.

        Args:
            found: whether it led to a state never seen.
        """
        place = action_index(action)
        if place is not None:
            self._learner.pairs.add(frame_HW, place, found)
        self._tries += 1

    def learn(self) -> None:
        """Take one training step if `train_every` actions were observed since the last."""
        if self._tries >= self._learner.config.train_every:
            self._tries = 0
            self._learner.learn(self._rng)

    @property
    def is_trained(self) -> bool:
        """Whether there are enough examples to predict."""
        return self._learner.is_trained

    def logits(self, frame_HW: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Log-odds of every indexed action, float32 [5 + 4096] (see `action_index`)."""
        return self._learner.logits(frame_HW)
