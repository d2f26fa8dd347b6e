"""Bars: status bars and clocks, thin rectangles whose border advances by a fixed width.

Idea: a counter is two colours that share a border; a tick recolours the same number of lines on the
same side. Three readings compete: every n actions, whenever something else changes, and by
the action. Worth: whole frames (bars are in most games and change in most steps).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcworld.online.changes import Changes
from arcworld.online.claims import Claim
from arcworld.online.scene import BarKey, OnlineState, Phase
from arcworld.online.trust import Count, decayed
from arcworld.online.view import SIDE, Flat, View

NAME = "bars"
MOST_PIXELS, MOST_LINES, MOST_WIDTH = 64, 6, 16
"""Size of one tick: pixels, lines across, width along the bar."""
MOST_BARS = 200
REACH = 16
"""How far from where it was seen a bar is looked for."""
SURE_TICKS = 4
"""Ticks after which a bar counts as a status bar (`Bars.mask`)."""
SAID, SAID_INSIDE = 0.5, 0.75
"""Least share of a reading's ticks that came; for bars that do not lie at the frame's edge, too."""
MARGIN = 4
"""A status bar lies within this many lines of the frame's edge."""


@dataclass(slots=True, eq=False)
class Bar:
    """What is known of one bar.

    Attributes:
        ticks: how often it went on where it had ended.
        width: lines per tick.
        first: where the first tick began.
        low, high: where it was seen, along the bar.
        period: median of the actions between ticks.
        by_time, by_change, by_action: how often each reading was right (hits, tries).
        said: how often a reading was right when it said that a tick comes.
        rates: how often it ticked by (action, whether something else changes).
    """

    width: int
    first: int
    low: int
    high: int
    ticks: float = 1.0
    period: int = 1
    gaps: list[int] = field(default_factory=list)
    by_time: Count = (0.0, 0.0)
    by_change: Count = (0.0, 0.0)
    by_action: Count = (0.0, 0.0)
    said: dict[str, Count] = field(default_factory=dict)
    rates: dict[tuple[int, bool], Count] = field(default_factory=dict)

    def said_rate(self, rule: str) -> float:
        """Smoothed share of a reading's ticks that came."""
        return _rate(self.said.get(rule, (0.0, 0.0)))


@dataclass(slots=True, eq=False)
class Tick:
    """The next tick of one bar: its pixels, and which reading says that it comes now."""

    key: BarKey
    pixels: Flat
    next_place: int
    by_time: bool
    by_change: bool = False
    by_action: bool = False
    context: tuple[int, bool] = (0, False)
    claim: Claim | None = None


class Bars:
    """The expert."""

    def __init__(self) -> None:
        self.bars: dict[BarKey, Bar] = {}

    # propose

    def due(self, state: OnlineState, view: View) -> list[Tick]:
        """Every bar's next tick, whether it comes now or not."""
        ticks: list[Tick] = []
        for key, bar in self.bars.items():
            if bar.ticks < 2 or key not in state.bars or not view.colours >> key[3] & 1:
                continue
            tick = self._tick(key, bar, state.bars[key], view)
            if tick is not None:
                ticks.append(tick)
        return ticks

    def _tick(self, key: BarKey, bar: Bar, phase: Phase, view: View) -> Tick | None:
        axis, low, high, colour, _, sign = key
        frame = view.frame_HW if axis == 0 else view.frame_HW.T
        full = (frame[low : high + 1] == colour).all(0)
        start, end = max(bar.low - REACH, 0), min(bar.high + REACH + 1, SIDE)
        places = np.flatnonzero(full[start:end]) + start
        if not len(places):
            return None
        since, expected = phase
        place = int(places[np.abs(places - expected).argmin()])
        while start <= place - sign < end and full[place - sign]:
            place -= sign
        along = [
            p for p in range(place, place + sign * bar.width, sign) if 0 <= p < SIDE and full[p]
        ]
        return Tick(
            key, _rectangle(axis, low, high, along), along[-1] + sign, since + 1 >= bar.period
        )

    def propose(self, ticks: Iterable[Tick], changes: bool, action_id: int) -> list[Claim]:
        """A claim for each tick that the most reliable reading expects now.

        Args:
            ticks: from `due`.
            changes: whether anything else is predicted to change.
            action_id: the action.
        """
        claims: list[Claim] = []
        for tick in ticks:
            bar = self.bars[tick.key]
            tick.by_change, tick.context = changes, (action_id, changes)
            hits, tries = bar.rates.get(tick.context, (0.0, 0.0))
            tick.by_action = hits > 0.5 * tries if tries else changes
            readings = (
                (tick.by_time, "time", bar.by_time),
                (tick.by_change, "change", bar.by_change),
                (tick.by_action, "action", bar.by_action),
            )
            ticking, rule, count = max(readings, key=lambda reading: _rate(reading[2]))
            tick.claim = None
            at_edge = _at_edge(*tick.key[1:3]) or _at_edge(bar.low, bar.high)
            least = SAID if at_edge else SAID_INSIDE
            if ticking and bar.said_rate(rule) >= least:
                colours = np.full(len(tick.pixels), tick.key[4], np.uint8)
                trust, pixels = _rate(count), tick.pixels
                tick.claim = Claim(
                    NAME,
                    rule,
                    "tick",
                    trust,
                    pixels,
                    pixels,
                    paint=(pixels, colours),
                )
                claims.append(tick.claim)
        return claims

    def least_trust(self, ticks: Iterable[Tick]) -> float:
        """Trust in the least reliable of these bars, whether it ticks or not; 1 without bars."""
        bars = [self.bars[tick.key] for tick in ticks]
        rates = [max(map(_rate, (b.by_time, b.by_change, b.by_action))) for b in bars]
        return min(rates, default=1.0)

    # learn

    def learn(
        self, state: OnlineState, before: View, after: View, changes: Changes, ticks: list[Tick]
    ) -> dict[BarKey, Phase]:
        """Score the readings, find new bars; returns every bar's phase after the transition."""
        phases = {key: (since + 1, place) for key, (since, place) in state.bars.items()}
        for pixels in changes.patches:
            for key, start, end in _read(pixels, before, after):
                self._seen(key, start, end, state, phases)
        for tick in ticks:
            self._score(tick, bool((after.flat[tick.pixels] == tick.key[4]).all()))
        if len(self.bars) > MOST_BARS:
            for key in sorted(self.bars, key=lambda k: self.bars[k].ticks)[: MOST_BARS // 4]:
                del self.bars[key]
                phases.pop(key, None)
        return phases

    def _seen(
        self, key: BarKey, start: int, end: int, state: OnlineState, phases: dict[BarKey, Phase]
    ) -> None:
        sign = key[5]
        first, last = (start, end) if sign == 1 else (end, start)
        bar = self.bars.get(key)
        if bar is None:
            self.bars[key] = Bar(end - start + 1, first, start, end)
        else:
            since, expected = state.bars.get(key, (0, first))
            if first == expected:
                bar.ticks += 1
                bar.gaps = [*bar.gaps[-6:], since + 1]
                bar.period = sorted(bar.gaps)[len(bar.gaps) // 2]
                bar.width = end - start + 1
            elif first != bar.first:
                bar.ticks = max(0.0, bar.ticks - 0.5)
            bar.low, bar.high = min(bar.low, start), max(bar.high, end)
        phases[key] = (0, last + sign)

    def _score(self, tick: Tick, ticked: bool) -> None:
        bar = self.bars[tick.key]
        readings = ("time", tick.by_time), ("change", tick.by_change), ("action", tick.by_action)
        for rule, said in readings:
            if said:
                bar.said[rule] = decayed(bar.said.get(rule, (0.0, 0.0)), ticked, 0.95)
        bar.by_time = decayed(bar.by_time, ticked == tick.by_time, 0.95)
        bar.by_change = decayed(bar.by_change, ticked == tick.by_change, 0.95)
        bar.by_action = decayed(bar.by_action, ticked == tick.by_action, 0.95)
        bar.rates[tick.context] = decayed(bar.rates.get(tick.context, (0.0, 0.0)), ticked, 0.9)

    def imagined(
        self, state: OnlineState, ticks: Iterable[Tick], chosen: set[int]
    ) -> dict[BarKey, Phase]:
        """Phases after an imagined step; `chosen` has the ids of the claims that were followed."""
        phases = {key: (since + 1, place) for key, (since, place) in state.bars.items()}
        for tick in ticks:
            if tick.claim is not None and id(tick.claim) in chosen:
                phases[tick.key] = (0, tick.next_place)
        return phases

    def mask(self) -> NDArray[np.bool_]:
        """Pixels of the status bars found so far, bool [64, 64]."""
        mask = np.zeros((SIDE, SIDE), bool)
        for key, bar in self.bars.items():
            if bar.ticks >= SURE_TICKS and bar.high - bar.low >= 3 and _at_edge(key[1], key[2]):
                along = mask if key[0] == 0 else mask.T
                along[key[1] : key[2] + 1, max(bar.low - 2, 0) : bar.high + 3] = True
        return mask


def _rate(count: Count) -> float:
    return (count[0] + 1) / (count[1] + 2)


def _at_edge(low: int, high: int) -> bool:
    return low <= MARGIN or high >= SIDE - 1 - MARGIN


def _rectangle(axis: int, low: int, high: int, along: list[int]) -> Flat:
    across = np.arange(low, high + 1)[:, None]
    places = np.array(along)[None]
    return (across * SIDE + places if axis == 0 else places * SIDE + across).reshape(-1)


def _read(pixels: Flat, before: View, after: View) -> Iterator[tuple[BarKey, int, int]]:
    """Bars of which a patch may be a tick: (key, first and last place along the bar)."""
    old, new = int(before.flat[pixels[0]]), int(after.flat[pixels[0]])
    if len(pixels) > MOST_PIXELS or old == new:
        return
    rows, columns = pixels >> 6, pixels & 63
    top, bottom = int(rows.min()), int(rows.max())
    left, right = int(columns.min()), int(columns.max())
    if (bottom - top + 1) * (right - left + 1) != len(pixels):
        return
    if (before.flat[pixels] != old).any() or (after.flat[pixels] != new).any():
        return
    for axis, (low, high, start, end) in enumerate(
        ((top, bottom, left, right), (left, right, top, bottom))
    ):
        if high - low >= MOST_LINES or end - start >= MOST_WIDTH:
            continue
        frame = before.frame_HW if axis == 0 else before.frame_HW.T
        lines = frame[low : high + 1]
        behind = start > 0 and bool((lines[:, start - 1] == old).all())
        ahead = end < SIDE - 1 and bool((lines[:, end + 1] == old).all())
        for sign, wrong in ((1, behind), (-1, ahead)):
            if not wrong and not (behind and ahead):
                yield (axis, low, high, old, new, sign), start, end
