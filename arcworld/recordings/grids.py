"""Parse the grids of a row: a fast path for the usual layout, a slow one that explains errors."""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.recordings.episode import COLOURS, SIDE

MAX_GRIDS = 1024
"""Limit on the grids in a row; the longest animation seen has 62."""
_ZERO = np.uint8(ord("0"))
_SPACE = np.uint8(ord(" ")) ^ _ZERO
_ROW = "[" + ",".join("0" * SIDE) + "]"
_LAYOUT = np.frombuffer(("[" + ",".join([_ROW] * SIDE) + "],").encode(), np.uint8) ^ _ZERO
"""The text of one grid and its comma, with every colour 0, so that XOR leaves only the colours."""


class RowError(ArcworldError):
    """A row cannot be used. The reader adds the file and the line to the message."""


def grids_from_text(text: bytes) -> NDArray[np.uint8] | None:
    """Parse `[[[0,1,...` as uint8 [n, 64, 64] without a JSON parser.

    The result is exactly what a JSON parser would give. It is None if the text is anything but n
    grids of 64x64 colours 0-15 (spaces allowed); `grids_from_lists` then says what is wrong.

    >>> grids_from_text(b"[[[" + b"],[".join([b"7,15," * 31 + b"7,15"] * 64) + b"]]]")[0, 0, :3]
    array([ 7, 15,  7], dtype=uint8)
    >>> grids_from_text(b"[[[16]]]") is None
    True
    """
    values = np.frombuffer(text[1:-1] + b",", np.uint8) ^ _ZERO
    digit = values < 10
    tens = np.empty(len(values), np.bool_)
    tens[-1] = False
    np.logical_and(digit[:-1], digit[1:], out=tens[:-1])
    values[1:] += tens[:-1].view(np.uint8) * np.uint8(10)
    if (values[tens] != 1).any():
        return None
    kept = values[~(tens | (values == _SPACE))]
    count, rest = divmod(len(kept), len(_LAYOUT))
    if (
        rest
        or not 0 < count <= MAX_GRIDS
        or np.count_nonzero(digit) - np.count_nonzero(tens) != count * SIDE * SIDE
    ):
        return None
    left = kept.reshape(count, len(_LAYOUT)) ^ _LAYOUT
    colours = left[:, 1:-1].reshape(count, SIDE, 2 * SIDE + 2)[:, :, 1:-1:2]
    if np.count_nonzero(left) != np.count_nonzero(colours) or left.max() >= COLOURS:
        return None
    return np.ascontiguousarray(colours)


def grids_from_lists(frame: object) -> NDArray[np.uint8]:
    """Return the grids of a parsed `frame` as uint8 [n, 64, 64]; n is 0 for an empty list.

    Raises:
        RowError: a grid, line or colour is wrong; the message names the first one.
    """
    if not isinstance(frame, list):
        raise RowError(f"found frame {short(frame)}; expected a list of {SIDE}x{SIDE} grids")
    if len(frame) > MAX_GRIDS:
        raise _too_many(f"{len(frame):,} grids")
    grids = np.empty((len(frame), SIDE, SIDE), np.uint8)
    for number, grid in enumerate(frame):
        grids[number] = _grid(grid, f"grid {number + 1} of {len(frame)}")
    return grids


def frames_from_array(given: object) -> NDArray[np.uint8]:
    """Return one frame or several as uint8 [T, 64, 64].

    >>> frames_from_array(np.zeros((64, 64), int)).shape
    (1, 64, 64)

    Raises:
        ArcworldError: it is not an array [64, 64] or [T, 64, 64] of whole colours 0-15.
    """
    array = np.asarray(given)
    frames = array[None] if array.ndim == 2 else array
    whole = frames.dtype.kind in "iu" and frames.ndim == 3 and frames.shape[1:] == (SIDE, SIDE)
    if not whole or not len(frames) or frames.min() < 0 or frames.max() >= COLOURS:
        raise ArcworldError(
            f"found frames of {array.dtype} {list(array.shape)}; expected whole colours 0-15 of"
            " shape [64, 64] or [T, 64, 64]"
        )
    return frames.astype(np.uint8)


def check_brackets(text: bytes) -> None:
    """Refuse the text of a frame that has more lists than `MAX_GRIDS` grids, before parsing it.

    Raises:
        RowError: the text has too many lists.
    """
    lists = text.count(b"[")
    if lists > MAX_GRIDS * (SIDE + 1) + 1:
        raise _too_many(f"{lists:,} lists")


def _too_many(found: str) -> RowError:
    expected = f"expected at most {MAX_GRIDS:,} grids of {SIDE}x{SIDE}"
    return RowError(f"found {found} in a frame; {expected}; leave this file out")


def _grid(grid: object, where: str) -> NDArray[np.uint8]:
    expected = f"expected {SIDE} lines of {SIDE} colours 0-{COLOURS - 1}"
    if not isinstance(grid, list) or not all(isinstance(line, list) for line in grid):
        raise RowError(f"found {short(grid)} as {where}; {expected}")
    widths = sorted({len(line) for line in grid})
    if len(grid) != SIDE or widths != [SIDE]:
        size = f"{len(grid)} lines of {' or '.join(map(str, widths)) or '0'} colours"
        raise RowError(f"found {size} in {where}; {expected}; leave this file out")
    flat = list(chain.from_iterable(grid))
    if set(map(type, flat)) == {int} and min(flat) >= 0 and max(flat) < COLOURS:
        return np.frombuffer(bytes(flat), np.uint8).reshape(SIDE, SIDE)
    at = next(i for i, c in enumerate(flat) if type(c) is not int or not 0 <= c < COLOURS)
    place = f"x={at % SIDE}, y={at // SIDE} of {where}"
    raise RowError(f"found colour {short(flat[at])} at {place}; expected whole numbers 0-15")


def short(value: object, limit: int = 60) -> str:
    """Return a value as one short line.

    >>> short("a" * 100, 10)
    "'aaaaaa..."
    """
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
