"""Detect status bars: pixels near an edge that count actions, whichever actions are taken.

A status bar and an avatar both change with nearly every action. A row or column of pixels is a
status bar if:

- it changes in one direction: pixels turn from one colour to one other, and back only all at once
  (a refill). An avatar that moves fills one place and clears another in the same action.
- it does not depend on the action: at least two kinds of actions, or clicks on three cells, moved
  it. Or it advanced while everything else returned to an earlier state (a switch clicked on and
  off). It does not change where the player clicked.
- its changes move along the line: each tick lies further than the one before. A thing that the
  avatar pushes or paints follows the avatar back and forth.

A tick is one change of a bar: a few pixels turn to the second colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import CLICK, RESET, SIDE, Action, Episode, Outcome

SUSPECT = 2
"""A line may be a status bar from this many ticks on."""


@dataclass(frozen=True, slots=True)
class StatusBarConfig:
    """When a row or column counts as a status bar.

    Attributes:
        margin: rows and columns within this many pixels of an edge are watched.
        ticks: a bar needs at least this many ticks.
        widest: a tick changes at most this many pixels of the line.
        doubt: a line is not a bar if more than this share of its changes were not ticks.
        lives: a counter of lives near an edge changes at most this many pixels.
        alone: a line that advanced this often while everything else returned to an earlier state
            is a bar even if only one kind of action moved it.
    """

    margin: int = 8
    ticks: int = 4
    widest: int = 12
    doubt: float = 0.15
    lives: int = 16
    alone: int = 2


@dataclass(slots=True)
class _Line:
    """What was observed of one row or column.

    Attributes:
        colours: (old, new) colour of its ticks.
        ticks: changes that look like ticks of a bar.
        others: changes that do not.
        turned: pixels turned since the bar was last full.
        lately: ticks since then.
        alone: times that it advanced while everything else returned to an earlier state.
        steps: ticks that lay before and after the tick before them.
        place: mean position of the last tick along the line, -1 if unknown.
        ticked: bool [64], pixels that ticked.
        kinds: the kinds of actions that moved it.
    """

    colours: tuple[int, int] | None = None
    ticks: int = 0
    others: int = 0
    turned: int = 0
    lately: int = 0
    alone: int = 0
    steps: list[int] = field(default_factory=lambda: [0, 0])
    place: float = -1.0
    ticked: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(SIDE, dtype=np.bool_))
    kinds: set[tuple[int, ...]] = field(default_factory=set[tuple[int, ...]])

    def restart(self) -> None:
        """Forget the position of the bar, which may be anywhere now."""
        self.place, self.turned, self.lately = -1.0, 0, 0


class StatusBarMask:
    """Learns online, from one transition after another, which pixels are status bars.

    Attributes:
        mask_HW: bool [64, 64], True at the pixels of status bars. It is a new array whenever it
            changes.
    """

    def __init__(
        self, config: StatusBarConfig | None = None, known_HW: NDArray[np.bool_] | None = None
    ) -> None:
        """`known_HW`: bool [64, 64], pixels known to be status bars; they stay masked."""
        self.config = config or StatusBarConfig()
        blank_HW = np.zeros((SIDE, SIDE), dtype=np.bool_)
        self.mask_HW = self._known_HW = blank_HW if known_HW is None else known_HW
        margin = self.config.margin
        self._watched = [*range(margin), *range(SIDE - margin, SIDE)]
        self._lines = {(axis, at): _Line() for axis in (0, 1) for at in self._watched}
        self._earlier_HW: NDArray[np.uint8] | None = None

    def restart(self) -> None:
        """Begin a level, or begin it again: status bars are full."""
        self._earlier_HW = None
        for line in self._lines.values():
            line.restart()

    def observe(
        self, before_HW: NDArray[np.uint8], action: Action, after_HW: NDArray[np.uint8]
    ) -> bool:
        """Learn from one action that did not win, lose or reset; return if the mask changed."""
        changed_HW = before_HW != after_HW
        if not changed_HW.any():
            return False
        relearn = False
        self._see_alone(before_HW, after_HW)
        for axis in (0, 1):
            here = changed_HW.any(axis=1 - axis)
            for at in self._watched:
                if here[at]:
                    now = _along(changed_HW, axis, at)
                    self._see(axis, at, now, before_HW, action, after_HW)
                    relearn = True
        return relearn and self._mask(after_HW)

    def may_be_counter(self, before_HW: NDArray[np.uint8], after_HW: NDArray[np.uint8]) -> bool:
        """Return whether all changed pixels lie in lines that may be status bars.

        These are watched lines with `SUSPECT` ticks or more and no other change so far. Later
        actions may still show that they are not bars.
        """
        changed_HW = before_HW != after_HW
        return any(self._only_ticks(changed_HW.any(axis=1 - axis), axis) for axis in (0, 1))

    def _only_ticks(self, changed_N: NDArray[np.bool_], axis: int) -> bool:
        lines = [self._lines.get((axis, at)) for at in np.flatnonzero(changed_N).tolist()]
        return bool(lines) and all(
            line is not None and line.ticks >= SUSPECT and not line.others for line in lines
        )

    def _see_alone(self, before_HW: NDArray[np.uint8], after_HW: NDArray[np.uint8]) -> None:
        """Count the lines that alone differ from the frame two changes ago: the rest returned."""
        earlier_HW, self._earlier_HW = self._earlier_HW, before_HW
        if earlier_HW is None:
            return
        differs_HW, came_HW = earlier_HW != after_HW, before_HW != after_HW
        for axis in (0, 1):
            lines = set(np.flatnonzero(differs_HW.any(axis=1 - axis)).tolist())
            came = set(np.flatnonzero(came_HW.any(axis=1 - axis)).tolist())
            if lines and lines <= set(self._watched) and came - lines:
                for at in lines:
                    self._lines[axis, at].alone += 1

    def _see(
        self,
        axis: int,
        at: int,
        now: NDArray[np.bool_],
        before_HW: NDArray[np.uint8],
        action: Action,
        after_HW: NDArray[np.uint8],
    ) -> None:
        line, config = self._lines[axis, at], self.config
        places = np.flatnonzero(now)
        old, new = _along(before_HW, axis, at)[places], _along(after_HW, axis, at)[places]
        colours = int(old[0]), int(new[0])
        pure = bool((old == old[0]).all() and (new == new[0]).all())
        refill = line.lately > 1 and line.colours == colours[::-1]
        if pure and refill and len(places) >= line.turned:
            line.restart()
        elif not pure or len(places) > config.widest or _clicked(action, axis, at, places):
            line.others += 1
        elif line.colours not in (None, colours):
            line.others += 1
            if line.ticks < line.others:
                self._lines[axis, at] = _Line(colours, others=1)
        else:
            line.colours = colours
            self._tick(line, action, places)

    def _tick(self, line: _Line, action: Action, places: NDArray[np.intp]) -> None:
        place = float(places.mean())
        if line.place >= 0:
            line.steps[int(place > line.place)] += 1
        line.place = place
        line.ticks += 1
        line.lately += 1
        line.turned += len(places)
        line.ticked[places] = True
        line.kinds.add(_kind(action))

    def _is_bar(self, line: _Line) -> bool:
        if line.ticks < self.config.ticks:
            return False
        if line.others > self.config.doubt * (line.ticks + line.others):
            return False
        varied = len({kind[0] for kind in line.kinds}) > 1 or len(line.kinds) > 2
        varied |= line.alone >= self.config.alone
        moved = sum(line.steps)
        return varied and moved > line.ticks // 2 and min(line.steps) <= 0.2 * moved

    def _mask(self, frame_HW: NDArray[np.uint8]) -> bool:
        mask_HW = self._known_HW.copy()
        for (axis, at), line in self._lines.items():
            if self._is_bar(line):
                line.ticked[_extent(line, _along(frame_HW, axis, at))] = True
                _along(mask_HW, axis, at)[line.ticked] = True
        if np.array_equal(mask_HW, self.mask_HW):
            return False
        self.mask_HW = mask_HW
        return True


def clock_mask(episodes: Iterable[Episode]) -> NDArray[np.bool_]:
    """Return the pixels that are a status bar in any of a game's episodes, bool [64, 64]."""
    mask_HW = np.zeros((SIDE, SIDE), dtype=np.bool_)
    for episode in episodes:
        mask_HW |= _clocks(episode)
    return mask_HW


def counter_mask(episodes: Sequence[Episode]) -> NDArray[np.bool_]:
    """Return the pixels of status bars and of counters of lives, bool [64, 64]."""
    counter_mask_HW = clock_mask(episodes)
    return np.logical_or.reduce(
        [counter_mask_HW, *(_lives(one, counter_mask_HW) for one in episodes)]
    )


def _clocks(episode: Episode) -> NDArray[np.bool_]:
    status = StatusBarMask()
    for t in range(len(episode)):
        if episode.actions_A3[t, 0] == RESET or episode.outcomes_A[t] != Outcome.NOTHING:
            status.restart()
        else:
            status.observe(episode.frames_THW[t], episode.action(t), episode.frames_THW[t + 1])
    return status.mask_HW


def _lives(episode: Episode, counter_mask_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a counter of lives, bool [64, 64].

    A life is lost where play returns to the start of the level: the status bar is as full as it
    was then, and only a few pixels near an edge differ. These pixels are the counter.
    """
    config = StatusBarConfig()
    inner = slice(config.margin, SIDE - config.margin)
    lives_HW, home_HW = np.zeros((SIDE, SIDE), dtype=np.bool_), episode.frames_THW[0]
    for t, after_HW in enumerate(episode.frames_THW[1:]):
        if episode.actions_A3[t, 0] == RESET or episode.outcomes_A[t] == Outcome.LEVEL_WON:
            home_HW = after_HW
        differs_HW = home_HW != after_HW
        gone = (home_HW != episode.frames_THW[t])[counter_mask_HW].any()
        full = gone and not differs_HW[counter_mask_HW].any()
        if full and int(differs_HW.sum()) <= config.lives and not differs_HW[inner, inner].any():
            lives_HW |= differs_HW
    return lives_HW


def _along[T: np.generic](array_HW: NDArray[T], axis: int, at: int) -> NDArray[T]:
    return array_HW[at] if axis == 0 else array_HW[:, at]


def _kind(action: Action) -> tuple[int, ...]:
    """Return the kind of an action: its id, and for a click also the 8x8 cell."""
    if action.id != CLICK:
        return (action.id,)
    assert action.x is not None and action.y is not None
    return action.id, action.x // 8, action.y // 8


def _clicked(action: Action, axis: int, at: int, places: NDArray[np.intp]) -> bool:
    """Return whether the change lies within 4 pixels of the click."""
    if action.id != CLICK:
        return False
    assert action.x is not None and action.y is not None
    across, along = (action.y, action.x) if axis == 0 else (action.x, action.y)
    return abs(across - at) <= 4 and int(np.abs(places - along).min()) <= 4


def _extent(line: _Line, pixels: NDArray[np.uint8]) -> slice:
    """Return the pixels from the first tick to the last, extended while they have its colours."""
    places = np.flatnonzero(line.ticked)
    first, last = int(places[0]), int(places[-1])
    while first > 0 and int(pixels[first - 1]) in (line.colours or ()):
        first -= 1
    while last < SIDE - 1 and int(pixels[last + 1]) in (line.colours or ()):
        last += 1
    return slice(first, last + 1)
