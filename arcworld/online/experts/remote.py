"""Remote: a click rewrites something elsewhere, wherever along its row or column that is by now.

Idea: buttons and gauges. What a button did is kept as patches before and after, each with the lines
that border it in one direction, so that the next step of a gauge is found where the last one left
it. A button that changes several things does so only where all of them can change: patches of
fewer pixels than ever changed together are a kind of their own, with a hit rate of their own.
Worth: 17 points of changed pixels on vc33, a game of gauges; nothing on 114 games without (LOG).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from arcworld.online.changes import Changes
from arcworld.online.claims import Claim
from arcworld.online.experts.templates import (
    Match,
    Template,
    keep,
    kind_of,
    trust_in,
    window_of,
)
from arcworld.online.trust import Count, HitRates, bounded, decayed
from arcworld.online.view import CLICK, PIXELS, SIDE, Action, Flat, View

NAME = "remote"
MOST_TEMPLATES = 40
"""Kept by button and direction; the one wrong most often is dropped first."""
PARTIAL = 0.3
"""Trust in a patch, at first, while others of its button do not fit."""

type Button = tuple[int, int, int]
"""Look and place of what is clicked."""


class Remote:
    """The expert."""

    def __init__(self, hits: HitRates) -> None:
        self.hits = hits
        self._tables: dict[tuple[Button, int], dict[Hashable, Template]] = defaultdict(dict)
        self._least: dict[Button, int] = {}

    # propose

    def matches(self, view: View, action: Action) -> list[Match]:
        """Every patch of the clicked button that fits the frame."""
        if action.id != CLICK:
            return []
        button = _button(view, action)
        found = [match for axis in (0, 1) for match in self._along(view, button, axis)]
        if _covered(found) < self._least.get(button, 0):
            trust = self.hits.rate((NAME, "partial"), PARTIAL)
            return [replace(match, trust=trust, partial=True) for match in found]
        return found

    def _along(self, view: View, button: Button, axis: int) -> Iterator[Match]:
        for template in self._tables.get((button, axis), {}).values():
            lines = {place[1 - axis] for place in template.places}
            for place in template.found_in(view):
                if place[1 - axis] in lines:
                    yield Match(template, *place, self._trust(template, place))

    def _trust(self, template: Template, place: tuple[int, int]) -> float:
        return trust_in(self.hits, *_kind_and_count(template, place))

    def propose(self, matches: Iterable[Match]) -> list[Claim]:
        """One claim a match."""
        return [match.claim(NAME, "partial" if match.partial else "button") for match in matches]

    # learn

    def learn(
        self, before: View, after: View, action: Action, changes: Changes, matches: list[Match]
    ) -> None:
        """Score what matched and keep what changed away from the click."""
        for match in matches:
            self._score(match, bool((after.flat[match.pixels] == match.template.painted).all()))
        if action.id != CLICK:
            return
        clicked = (action.y or 0) * SIDE + (action.x or 0)
        elsewhere = [pixels for pixels in changes.patches if clicked not in pixels]
        if elsewhere:
            button = _button(before, action)
            changed = sum(int(changes.changed[pixels].sum()) for pixels in elsewhere)
            self._least[button] = min(self._least.get(button, changed), changed)
            for pixels in elsewhere:
                self._keep(before, after, button, pixels)
            bounded(self._tables, 2_000)
            bounded(self._least, 1_000)

    def _score(self, match: Match, hit: bool) -> None:
        if match.partial:
            self.hits.add((NAME, "partial"), hit)
            return
        template, place = match.template, (match.y, match.x)
        self.hits.add(_kind_and_count(template, place)[0], hit)
        template.places[place] = decayed(template.places.get(place, (0.0, 0.0)), hit)
        template.count = decayed(template.count, hit)

    def _keep(self, before: View, after: View, button: Button, pixels: Flat) -> None:
        top, bottom, left, right = window_of(pixels)
        if bottom - top <= right - left:
            axis, window = 0, (max(top - 1, 0), min(bottom + 1, SIDE), left, right)
        else:
            axis, window = 1, (top, bottom, max(left - 1, 0), min(right + 1, SIDE))
        keep(self._tables[button, axis], before, after, window, None, MOST_TEMPLATES)


def without_rivals(matches: list[Match], remote: list[Match], action: Action) -> list[Match]:
    """Leave out templates that rewrite neither what a known button does nor what is clicked."""
    if not remote or any(match.partial for match in remote):
        return matches
    allowed = np.zeros(PIXELS, np.bool_)
    allowed[(action.y or 0) * SIDE + (action.x or 0)] = True
    for match in remote:
        allowed[match.pixels] = True
    return [match for match in matches if allowed[match.pixels].any()]


def _button(view: View, action: Action) -> Button:
    _, part = view.part_at(action.y or 0, action.x or 0)
    return part.look, part.y, part.x


def _covered(matches: Iterable[Match]) -> int:
    """Number of pixels that matches would change together."""
    covered = np.zeros(PIXELS, np.bool_)
    for match in matches:
        covered[match.pixels] = True
    return int(covered.sum())


def _kind_and_count(template: Template, place: tuple[int, int]) -> tuple[Hashable, Count]:
    """Of the place where it was tried before; else of all places."""
    here = template.places.get(place)
    if here is None:
        return kind_of("button", NAME, template.count, -1), template.count
    return kind_of("place", NAME, here, -1), here
