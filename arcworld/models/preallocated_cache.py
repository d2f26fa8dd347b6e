"""A cache with room: what is new is written behind what was read, and nothing old is copied.

Knows keys and values; knows nothing of tokens. `transformers.DynamicCache` joins old and new at
every step, which costs as much as the history is long.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer

RESERVE = 256
"""Positions of room behind what is written where a buffer is too small."""


class PreallocatedLayer(DynamicLayer):
    """Keys and values as views of buffers, [B, heads, length, head width].

    After `crop` the next update writes over what was cropped: views taken before are no longer
    what they were.
    """

    def __init__(self) -> None:
        super().__init__()
        self._key_buffer: Tensor | None = None
        self._value_buffer: Tensor | None = None

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Write keys and values behind those before; all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.get_seq_length()
        self._key_buffer = _write(self._key_buffer, start, key_states)
        self._value_buffer = _write(self._value_buffer, start, value_states)
        end = start + key_states.shape[-2]
        self.keys, self.values = self._key_buffer[..., :end, :], self._value_buffer[..., :end, :]
        return self.keys, self.values

    def reset(self) -> None:
        """Forget all of it."""
        self._key_buffer = self._value_buffer = None
        super().reset()


def _write(buffer: Tensor | None, start: int, new: Tensor) -> Tensor:
    """Write from `start` on; into a larger buffer, with what stood before, where room is short."""
    end = start + new.shape[-2]
    if buffer is None or buffer.shape[-2] < end:
        larger = new.new_empty(*new.shape[:-2], end + RESERVE, new.shape[-1])
        if buffer is not None:
            larger[..., :start, :] = buffer[..., :start, :]
        buffer = larger
    buffer[..., start:end, :] = new
    return buffer


def preallocated_cache() -> Cache:
    """An empty cache of such layers."""
    make: Any = Cache
    return make(layer_class_to_replicate=PreallocatedLayer)
