"""The fast path for grids returns what a JSON parser returns, or None."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.recordings.grids import RowError, grids_from_lists, grids_from_text


def text_of(grids: np.ndarray, separators: tuple[str, str] = (",", ":")) -> bytes:
    return json.dumps(grids.tolist(), separators=separators).encode()


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 16), st.booleans())
@settings(max_examples=40, deadline=None)
def test_grids_read_as_written(seed: int, count: int, colours: int, spaced: bool) -> None:
    grids = np.random.default_rng(seed).integers(0, colours, (count, 64, 64), dtype=np.uint8)
    text = text_of(grids, (", ", ": ") if spaced else (",", ":"))
    found = grids_from_text(text)
    assert found is not None and found.dtype == np.uint8 and np.array_equal(found, grids)
    assert np.array_equal(grids_from_lists(json.loads(text)), grids)


EDITS = st.lists(
    st.tuples(
        st.integers(0, 8400),
        st.sampled_from(["insert", "replace", "delete"]),
        st.one_of(st.sampled_from(b"0123456789,[] \t-.e:;<=>?"), st.integers(0, 255)),
    ),
    min_size=1,
    max_size=3,
)


@given(st.integers(0, 3), EDITS)
@settings(max_examples=400, deadline=None)
def test_altered_text_is_read_as_json_reads_it_or_declined(
    seed: int, edits: list[tuple[int, str, int]]
) -> None:
    grids = np.random.default_rng(seed).integers(0, 16, (1, 64, 64), dtype=np.uint8)
    text = bytearray(text_of(grids))
    for place, edit, byte in edits:
        at = place % len(text)
        if edit == "insert":
            text.insert(at, byte)
        elif edit == "delete":
            del text[at]
        else:
            text[at] = byte
    found = grids_from_text(b"[" + bytes(text[1:-1]) + b"]")
    if found is not None:
        assert found.tolist() == json.loads(b"[" + bytes(text[1:-1]) + b"]")


@pytest.mark.parametrize(
    "number", ["110", "010", "1 0", "05", ":", "-1", "1.0", "16", "1,1", "true", ""]
)
def test_what_is_no_colour_is_declined(number: str) -> None:
    line = "[" + ",".join([number] + ["1"] * 63) + "]"
    text = "[[" + ",".join([line] + ["[" + ",".join("1" * 64) + "]"] * 63) + "]]"
    assert grids_from_text(text.encode()) is None


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (5, "found frame 5; expected a list"),
        ([[[0] * 64] * 63], "found 63 lines of 64 colours in grid 1 of 1"),
        ([[[0] * 64] * 63 + [[0] * 65]], "64 lines of 64 or 65 colours"),
        ([[[0] * 64] * 64, []], "0 lines of 0 colours in grid 2 of 2"),
        ([[[0] * 64] * 63 + [[0] * 60 + [16, 0, 0, 0]]], "colour 16 at x=60, y=63 of grid 1"),
        ([[[0] * 64] * 63 + [[0] * 63 + [-1]]], "colour -1 at x=63, y=63"),
        ([[[0] * 64] * 63 + [[0] * 63 + [1.0]]], "colour 1.0 at x=63"),
        ([[[0] * 64] * 63 + [[0] * 63 + [True]]], "colour True at x=63"),
        ([[[0] * 64] * 63 + [[0] * 63 + [None]]], "colour None at x=63"),
        ([[[0] * 64] * 63 + [[0] * 63 + [10**30]]], "colour 1000000"),
        ([[0] * 64] * 64, "as grid 1 of 64"),
    ],
)
def test_what_is_wrong_is_named(frame: object, message: str) -> None:
    with pytest.raises(RowError) as caught:
        grids_from_lists(frame)
    assert message in str(caught.value) and "\n" not in str(caught.value)
