"""Context of an action: the pixels in the avatar's way, the colours it touches, the background."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import Avatar, Box, Place
from arcworld.recordings.episode import COLOURS

OUTSIDE = 255
"""Value of pixels beyond the frame."""
RARE = 200
"""Colours with fewer pixels in a frame belong to objects, not to ground or walls."""
_BITS = 1 << np.arange(COLOURS)
type ContextKey = bytes
"""An action and the pixels in its way."""
type Background = bytes
"""Hash of a frame without the avatar."""


@dataclass(frozen=True, slots=True)
class LocalContext:
    """An action at the avatar's position.

    Attributes:
        action: its id.
        context: the action and the pixels in its way.
        background: hash of everything else.
        colours_ahead: colours at the position that the avatar would move to, one bit each.
        touched: the rare ones of them.
    """

    action: int
    context: ContextKey
    background: Background
    colours_ahead: int
    touched: int


def background_of(
    frame_HW: NDArray[np.uint8], background_HW: NDArray[np.uint8], box: Box, place: Place
) -> Background:
    """Hash of the frame as it would be without the avatar."""
    without_HW = frame_HW.copy()
    hidden = area(box, place)
    without_HW[hidden] = background_HW[hidden]
    return blake2b(without_HW.tobytes(), digest_size=8).digest()


def local_context_of(
    frame_HW: NDArray[np.uint8], background: Background, avatar: Avatar, place: Place, action: int
) -> LocalContext:
    """Context of an action with the avatar at a position."""
    context = _context(frame_HW, avatar, place, action)
    dx, dy = avatar.steps.get(action, (0, 0))
    entered_HW = np.zeros(frame_HW.shape, dtype=np.bool_)
    entered_HW[area(avatar.box, (place[0] + dx, place[1] + dy))] = True
    if dx or dy:
        entered_HW[area(avatar.box, place)] = False
    colours_ahead = np.bincount(frame_HW[entered_HW], minlength=COLOURS) > 0
    rare = np.bincount(frame_HW.ravel(), minlength=COLOURS) < RARE
    return LocalContext(
        action, context, background, int(colours_ahead @ _BITS), int((colours_ahead & rare) @ _BITS)
    )


def _context(frame_HW: NDArray[np.uint8], avatar: Avatar, place: Place, action: int) -> ContextKey:
    """The action and the avatar's box, extended two steps in its direction (else on all sides)."""
    left, top, width, height = avatar.box
    x, y = place[0] + left, place[1] + top
    step = avatar.steps.get(action)
    if step is None:
        return bytes([action]) + _cut(frame_HW, x - width, y - height, 3 * width, 3 * height)
    dx, dy = step
    x, y = x + min(2 * dx, 0), y + min(2 * dy, 0)
    return bytes([action]) + _cut(frame_HW, x, y, width + 2 * abs(dx), height + 2 * abs(dy))


def area(box: Box, place: Place) -> tuple[slice, slice]:
    """Slices of a box, cut at the frame's top and left."""
    top, left = place[1] + box[1], place[0] + box[0]
    return slice(max(top, 0), max(top + box[3], 0)), slice(max(left, 0), max(left + box[2], 0))


def _cut(frame_HW: NDArray[np.uint8], x: int, y: int, width: int, height: int) -> bytes:
    """Bytes of a box of a frame and its size; pixels beyond the frame are filled with OUTSIDE."""
    left, top = max(x, 0), max(y, 0)
    inside = frame_HW[top : max(y + height, 0), left : max(x + width, 0)]
    if inside.shape != (height, width):
        box = np.full((height, width), OUTSIDE, dtype=np.uint8)
        box[top - y : top - y + inside.shape[0], left - x : left - x + inside.shape[1]] = inside
        inside = box
    return bytes([width & 255, height & 255]) + inside.tobytes()
