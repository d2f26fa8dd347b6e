"""The basic types of play: `Action`, `Outcome`, `Step` (one transition) and `Episode`.

Array names end in their axes, here and everywhere: B batch, T frames, A actions (T - 1), H and W
64 pixels, L tokens, C 64 cells (8x8 pixels each).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.provenance import RECORDED

SIDE = 64
"""Height and width of a frame in pixels."""
COLOURS = 16
RESET, CLICK, UNDO = 0, 6, 7
ACTION_IDS = range(8)
ACTION_WORDS = ("reset", "up", "down", "left", "right", "use", "click", "undo")
"""What most games mean by each action id, for pictures."""
NO_PLACE = -1
"""The value of x and y in arrays, for an action without a place."""


class Outcome(IntEnum):
    """What an action did besides changing the frame."""

    NOTHING = 0
    LEVEL_WON = 1
    GAME_OVER = 2


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """One action: id 0 RESET, 1-5 and 7 simple, 6 a click at pixel x (right), y (down).

    >>> arcworld.Action(6, 12, 40)
    Action(id=6, x=12, y=40)
    >>> arcworld.Action(6)
    Traceback (most recent call last):
    ...
    ValueError: ACTION6 needs x and y in 0-63; found x=None, y=None
    """

    id: int
    x: int | None = None
    y: int | None = None

    def __post_init__(self) -> None:
        if self.id not in ACTION_IDS:
            raise ValueError(f"action ids are 0-7; found {self.id!r}")
        placed = self.x is not None and self.y is not None
        inside = placed and 0 <= self.x < SIDE and 0 <= self.y < SIDE  # type: ignore[operator]
        if self.id == CLICK and not inside:
            raise ValueError(f"ACTION6 needs x and y in 0-63; found x={self.x}, y={self.y}")
        if self.id != CLICK and (self.x is not None or self.y is not None):
            raise ValueError(f"only ACTION6 has a place; found action {self.id} with one")

    @property
    def name(self) -> str:
        """The toolkit's name: RESET, ACTION1, ..."""
        return "RESET" if self.id == RESET else f"ACTION{self.id}"

    def as_row(self) -> tuple[int, int, int]:
        """Return (id, x, y); x and y are -1 if the action has no place."""
        return (
            self.id,
            NO_PLACE if self.x is None else self.x,
            NO_PLACE if self.y is None else self.y,
        )

    @classmethod
    def from_row(cls, row: NDArray[np.integer] | tuple[int, int, int]) -> Action:
        """Return the action of a row (id, x, y); the inverse of `as_row`."""
        action_id, x, y = (int(value) for value in row)
        return cls(action_id, x, y) if action_id == CLICK else cls(action_id)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A transition: `action`, taken in `frame_HW`, led to `next_frame_HW` and `outcome`.

    Frames are uint8 [64, 64] with colours 0-15.
    """

    frame_HW: NDArray[np.uint8]
    action: Action
    outcome: Outcome
    next_frame_HW: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """The play between two full resets of one recording.

    >>> episode = arcworld.load_dataset("demos").episodes[0]
    >>> len(episode.frames_THW) == len(episode) + 1, episode.action(0).name
    (True, 'ACTION1')

    `actions_A3[t]` = (id, x, y) is taken in `frames_THW[t]` and leads to `frames_THW[t + 1]`.

    Attributes:
        game_id: the game with its version, for example `vc33-9851e02b`.
        guid: the recording it comes from; splits are by guid.
        frames_THW: uint8 colours 0-15; the last grid of each animation.
        actions_A3: int16; x and y are -1 if the action has no place.
        outcomes_A: uint8, values of `Outcome`.
        grids_T: uint16, the number of grids in the animation that led to each frame.
        levels_T: uint8, `levels_completed` in each frame.
        available_T: uint8, bit k is set if action k is in `available_actions` (never RESET).
        win_levels: levels in the game.
        start: index of the first frame among the frames of the recording (0-based).
        won_next: whether the next action, which was cut off, won a level.
        player: who played it, see `recordings.provenance`.
    """

    game_id: str
    guid: str
    frames_THW: NDArray[np.uint8]
    actions_A3: NDArray[np.int16]
    outcomes_A: NDArray[np.uint8]
    grids_T: NDArray[np.uint16]
    levels_T: NDArray[np.uint8]
    available_T: NDArray[np.uint8]
    win_levels: int
    start: int = 0
    won_next: bool = False
    player: str = RECORDED

    def __post_init__(self) -> None:
        frames = len(self.frames_THW)
        assert frames >= 1 and self.frames_THW.shape[1:] == (SIDE, SIDE)
        assert self.actions_A3.shape == (frames - 1, 3) and len(self.outcomes_A) == frames - 1
        assert len(self.grids_T) == len(self.levels_T) == len(self.available_T) == frames

    def __len__(self) -> int:
        """The number of actions taken."""
        return len(self.actions_A3)

    def action(self, t: int) -> Action:
        """Return the action taken in frame t."""
        return Action.from_row(self.actions_A3[t])

    def available_actions(self, t: int) -> tuple[int, ...]:
        """Return the ids of the actions that the game offers in frame t, without RESET."""
        return unpack_available(int(self.available_T[t]))

    def steps(self) -> Iterator[Step]:
        """Yield every transition, in order."""
        for t in range(len(self)):
            yield Step(
                self.frames_THW[t],
                self.action(t),
                Outcome(int(self.outcomes_A[t])),
                self.frames_THW[t + 1],
            )


def level_segments(episode: Episode) -> Iterator[tuple[int, int, int]]:
    """Yield (level, t of the first action, t after the last action) for every level won.

    A segment begins after the last RESET, or in the level's first frame. It ends with the action
    that won the level, or with the one before if that action was cut off (`won_next`).
    """
    start = 0
    for t in range(len(episode)):
        if episode.outcomes_A[t] == Outcome.LEVEL_WON:
            yield int(episode.levels_T[t]), start, t + 1
            start = t + 1
        elif episode.actions_A3[t, 0] == RESET:
            start = t + 1
    if episode.won_next and start < len(episode):
        yield int(episode.levels_T[-1]), start, len(episode)


def winning_segments(episode: Episode) -> NDArray[np.bool_]:
    """Return which actions lie in `level_segments`, as bool [A].

    These actions led to a win; other actions may be exploration, which a policy should not copy.
    """
    winning = np.zeros(len(episode), dtype=np.bool_)
    for _, start, end in level_segments(episode):
        winning[start:end] = True
    return winning


def game_name(game_id: str) -> str:
    """Return the name of a game without its version.

    >>> game_name("vc33-9851e02b")
    'vc33'
    """
    return game_id.split("-", 1)[0]


def pack_available(ids: Iterator[int] | list[int] | tuple[int, ...]) -> int:
    """Return action ids as bits (bit k for id k); RESET is always legal and is left out.

    >>> unpack_available(pack_available([1, 2, 6]))
    (1, 2, 6)
    """
    return sum(1 << action_id for action_id in set(ids) if action_id != RESET)


def unpack_available(bits: int) -> tuple[int, ...]:
    """Return the action ids of some bits, sorted; the inverse of `pack_available`."""
    return tuple(action_id for action_id in ACTION_IDS if bits >> action_id & 1)
