"""The preallocated cache has the content of `DynamicCache` after any appends and crops."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import DynamicCache

from arcworld.models.decoding.preallocated_cache import RESERVE, preallocated_cache


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, RESERVE), st.integers(0, RESERVE)), min_size=1, max_size=6)
)
def test_it_holds_what_a_cache_without_room_holds(steps: list[tuple[int, int]]) -> None:
    roomy, plain = preallocated_cache(), DynamicCache()
    generator = torch.Generator().manual_seed(0)
    for new, cropped in steps:
        keys, values = torch.randn(2, 2, 3, new, 4, generator=generator)
        ours, theirs = roomy.update(keys, values, 0), plain.update(keys, values, 0)
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
        less = min(cropped, plain.get_seq_length() - 1)
        roomy.crop(-less)
        plain.crop(-less)
        assert roomy.get_seq_length() == plain.get_seq_length()
    roomy.reset()
    assert roomy.get_seq_length() == 0
