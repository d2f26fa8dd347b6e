"""A key-value cache with spare room: new entries are written in place and old ones not copied.

`transformers.DynamicCache` concatenates old and new entries at every step, which costs time
proportional to the length of the history.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer

RESERVE = 256
"""Spare positions in a buffer when it is enlarged."""


class PreallocatedLayer(DynamicLayer):
    """Keys and values as views of buffers, [B, heads, length, head width].

    After `crop`, the next update overwrites the cropped entries, also in views taken before.
    """

    def __init__(self) -> None:
        super().__init__()
        self._key_buffer: Tensor | None = None
        self._value_buffer: Tensor | None = None

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Append keys and values; return all of them."""
        if not self.is_initialized:
            self._begin(key_states)
        start = self.get_seq_length()
        self._key_buffer = _write(self._key_buffer, start, key_states)
        self._value_buffer = _write(self._value_buffer, start, value_states)
        end = start + key_states.shape[-2]
        self.keys, self.values = self._key_buffer[..., :end, :], self._value_buffer[..., :end, :]
        return self.keys, self.values

    def _begin(self, states: Tensor) -> None:
        """Do what `lazy_initialization` does, whose arguments differ by version."""
        self.dtype, self.device, self.is_initialized = states.dtype, states.device, True
        self.keys = self.values = states.new_empty(0)

    def reset(self) -> None:
        """Drop all keys and values, and the buffers."""
        self._key_buffer = self._value_buffer = None
        self.is_initialized = False  # transformers 4 keeps the length and writes zeros


def _write(buffer: Tensor | None, start: int, new: Tensor) -> Tensor:
    """Write `new` at `start` and return the buffer; a larger copy if the room is too small."""
    end = start + new.shape[-2]
    if buffer is None or buffer.shape[-2] < end:
        larger = new.new_empty(*new.shape[:-2], end + RESERVE, new.shape[-1])
        if buffer is not None:
            larger[..., :start, :] = buffer[..., :start, :]
        buffer = larger
    buffer[..., start:end, :] = new
    return buffer


def preallocated_cache() -> Cache:
    """Return an empty cache of `PreallocatedLayer`."""
    make: Any = Cache
    return make(layer_class_to_replicate=PreallocatedLayer)
