"""The game's answer to an action, read and checked, and the actions that are legal after it.

The toolkit's answer (`FrameDataRaw`) is read by attribute names; the toolkit is not imported.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.recordings.episode import ACTION_IDS, COLOURS, RESET, SIDE, Outcome

NOT_FINISHED, WIN, GAME_OVER = "NOT_FINISHED", "WIN", "GAME_OVER"


class ToolkitError(ArcworldError):
    """The toolkit gave no usable answer: None, an exception, no frame, or a malformed frame.

    Whether the action was carried out is unknown.
    """


class IllegalActionError(ArcworldError):
    """An illegal action was refused. The toolkit would count it and return nothing useful."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """The answer to one action.

    Attributes:
        frame_HW: uint8 [64, 64], colours 0-15: the settled state (the last grid of the animation).
        grids: the whole animation, 1 to n grids like `frame_HW`.
        state: NOT_FINISHED, WIN or GAME_OVER.
        available_actions: ids that the game offers, whatever its state; never RESET.
        legal_actions: ids that may be sent now. After GAME_OVER only RESET; after WIN none; RESET
            never if it would reset the whole game.
        full_reset: whether this answer opened the game again, on level 0.
    """

    frame_HW: NDArray[np.uint8]
    grids: tuple[NDArray[np.uint8], ...]
    state: str
    levels_completed: int
    win_levels: int
    available_actions: tuple[int, ...]
    game_id: str
    guid: str
    full_reset: bool
    legal_actions: tuple[int, ...] = ()

    def outcome_after(self, levels: int) -> Outcome:
        """Outcome of the action.

        Args:
            levels: number of levels completed before the action.
        """
        if self.state == GAME_OVER:
            return Outcome.GAME_OVER
        return Outcome.LEVEL_WON if self.levels_completed > levels else Outcome.NOTHING


def read_answer(answer: Any, *, opening: bool = False) -> Observation:
    """Read the toolkit's `FrameDataRaw` or `FrameData`; arrays are copied out of the game's memory.

    `legal_actions` stays empty, because it depends on earlier answers; `GameStatus` fills it in.

    Args:
        answer: from the toolkit.
        opening: the answer opened the game (a service does not report this).

    Raises:
        ToolkitError: the answer has no frame, a frame that is not 64x64 of colours 0-15, a field
            out of range, or fields that contradict each other.
    """
    if answer is None:
        raise ToolkitError("the toolkit answered None")
    try:
        grids_NHW = read_grids(answer.frame)
        available = read_available(answer.available_actions)
        observation = Observation(
            frame_HW=grids_NHW[-1],
            grids=tuple(grids_NHW),
            state=str(answer.state.value),
            levels_completed=_whole("levels_completed", answer.levels_completed),
            win_levels=_whole("win_levels", answer.win_levels),
            available_actions=available,
            game_id=str(answer.game_id),
            guid=str(answer.guid),
            full_reset=_flag("full_reset", answer.full_reset) or opening,
        )
        check_fields(observation)
        return observation
    except ToolkitError:
        raise
    except (AttributeError, TypeError, ValueError) as error:
        raise ToolkitError(f"an answer that cannot be read: {error}") from error


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ToolkitError(f"{name} {value!r}; expected a whole number")
    return operator.index(value)


def _flag(name: str, value: Any) -> bool:
    if value is not None and not isinstance(value, bool):
        raise ToolkitError(f"{name} {value!r}; expected true or false")
    return bool(value)


def read_available(numbers: Sequence[Any]) -> tuple[int, ...]:
    """Ids of the actions that an answer offers, without RESET.

    >>> read_available([0, 1, 6])
    (1, 6)
    >>> read_available([1, 9])
    Traceback (most recent call last):
    ...
    arcworld.play.observation.ToolkitError: available_actions with 9; expected ids 0-7
    """
    for number in numbers:
        if isinstance(number, bool) or operator.index(number) not in ACTION_IDS:
            raise ToolkitError(f"available_actions with {number!r}; expected ids 0-7")
    return tuple(dict.fromkeys(int(number) for number in numbers if number != RESET))


def check_fields(observation: Observation) -> None:
    """Refuse an answer whose fields contradict each other.

    Raises:
        ToolkitError: the message names the fields.
    """
    state, levels, wins = observation.state, observation.levels_completed, observation.win_levels
    if state not in (NOT_FINISHED, WIN, GAME_OVER):
        raise ToolkitError(f"state {state}; expected NOT_FINISHED, WIN or GAME_OVER")
    if not 0 <= levels <= wins:
        raise ToolkitError(f"levels_completed {levels} of win_levels {wins} contradict each other")
    if (state == WIN and levels < wins) or (state == NOT_FINISHED and levels == wins):
        raise ToolkitError(f"state {state} contradicts levels_completed {levels} of {wins}")
    if observation.full_reset and levels:
        raise ToolkitError(f"full_reset contradicts levels_completed {levels}")


def legal_actions(
    state: str, available: tuple[int, ...], *, reset_is_safe: bool
) -> tuple[int, ...]:
    """Ids that may be sent in a state of the game.

    >>> legal_actions("NOT_FINISHED", (1, 6), reset_is_safe=True)
    (0, 1, 6)
    >>> legal_actions("GAME_OVER", (1, 6), reset_is_safe=True)
    (0,)
    >>> legal_actions("WIN", (1, 6), reset_is_safe=False)
    ()
    """
    if state == WIN:
        return ()
    reset = (RESET,) if reset_is_safe else ()
    return reset if state == GAME_OVER else reset + available


def read_grids(frames: Sequence[Any]) -> NDArray[np.uint8]:
    """A copy of an animation as uint8 [n, 64, 64], n at least 1.

    >>> read_grids([np.zeros((3, 3), np.int8)])
    Traceback (most recent call last):
    ...
    arcworld.play.observation.ToolkitError: a frame of shape [3, 3]; expected [64, 64]
    """
    if len(frames) == 0:
        raise ToolkitError("the toolkit answered without a frame")
    return np.stack([_read_grid(frame) for frame in frames])


def _read_grid(frame: Any) -> NDArray[np.uint8]:
    try:
        grid = np.asarray(frame)
    except ValueError:
        raise ToolkitError("a frame with rows of unequal length; expected [64, 64]") from None
    if grid.shape != (SIDE, SIDE):
        raise ToolkitError(f"a frame of shape {list(grid.shape)}; expected [64, 64]")
    if grid.dtype.kind not in "iu":
        raise ToolkitError(f"a frame of {grid.dtype}; expected whole numbers")
    low, high = int(grid.min()), int(grid.max())
    if low < 0 or high >= COLOURS:
        raise ToolkitError(f"a frame with colours {low} to {high}; expected 0 to {COLOURS - 1}")
    return grid.astype(np.uint8)
