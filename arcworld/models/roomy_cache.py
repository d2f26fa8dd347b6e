"""A cache with room: what is new is written behind what was read, and nothing old is copied.

Knows keys and values; knows nothing of tokens. `transformers.DynamicCache` joins old and new at
every step, which costs as much as the history is long.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer

ROOM = 256
"""Positions of room behind what is written where a buffer is too small."""


class RoomyLayer(DynamicLayer):
    """Keys and values as views of buffers, [B, heads, length, head width].

    After `crop` the next update writes over what was cropped: views taken before are no longer
    what they were.
    """

    def __init__(self) -> None:
        super().__init__()
        self._buffers: tuple[Tensor, Tensor] | None = None

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Write keys and values behind those before; all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        if self._buffers is None or self._buffers[0].shape[-2] < end:
            self._buffers = self._roomier(key_states, end), self._roomier(value_states, end)
            if start:
                self._keep(start)
        keys, values = self._buffers
        keys[..., start:end, :], values[..., start:end, :] = key_states, value_states
        self.keys, self.values = keys[..., :end, :], values[..., :end, :]
        return self.keys, self.values

    def _keep(self, length: int) -> None:
        """What was read, in the new buffers."""
        if self._buffers is not None and self.keys is not None and self.values is not None:
            for buffer, old in zip(self._buffers, (self.keys, self.values), strict=True):
                buffer[..., :length, :] = old[..., :length, :]

    def reset(self) -> None:
        """Forget all of it."""
        self._buffers = None
        super().reset()

    @staticmethod
    def _roomier(new: Tensor, length: int) -> Tensor:
        return new.new_empty(*new.shape[:-2], length + ROOM, new.shape[-1])


def roomy_cache() -> Cache:
    """An empty cache of such layers."""
    make: Any = Cache
    return make(layer_class_to_replicate=RoomyLayer)
