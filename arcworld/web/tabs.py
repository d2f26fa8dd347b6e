"""The games of open tabs by a secret number: few at once, and none for ever.

Knows duets; knows nothing of HTTP. A tab that closes says so; one that cannot is forgotten when
others need its place or when it has been still for long.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.web.duet import Duet, Moment
from arcworld.web.library import Tape
from arcworld.web.thoughts import as_hex, rounded, weigh

MOST = 8
STILL = 3600.0
"""Seconds."""


@dataclass(eq=False)
class _Tab:
    duet: Duet
    used: float


class Tabs:
    """Open games, the one used last at the end."""

    def __init__(self) -> None:
        self._tabs: OrderedDict[str, _Tab] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tabs)

    def open(self, duet: Duet) -> str:
        """Take a game in; the ones used longest ago make room."""
        key = secrets.token_hex(8)
        self._tabs[key] = _Tab(duet, time.monotonic())
        self._tidy()
        return key

    def duet(self, key: str) -> Duet:
        """A tab's game.

        Raises:
            ArcworldError: it was closed.
        """
        if key not in self._tabs:
            raise ArcworldError(
                "this game was closed, as its tab was or others needed its place; start it anew"
            )
        self._tabs[key].used = time.monotonic()
        self._tabs.move_to_end(key)
        return self._tabs[key].duet

    def close(self, key: str) -> None:
        """Forget a game; twice does no harm."""
        tab = self._tabs.pop(key, None)
        if tab is not None:
            tab.duet.close()

    def close_all(self) -> None:
        """Forget every game."""
        for key in list(self._tabs):
            self.close(key)

    def _tidy(self) -> None:
        now = time.monotonic()
        for key, tab in list(self._tabs.items()):
            if len(self._tabs) > MOST or now - tab.used > STILL:
                self.close(key)


def duet_view(duet: Duet, since: int = 0) -> dict[str, Any]:
    """A game's newest moment and the way to it from a moment on, as plain JSON types."""
    return {
        "moment": len(duet.line) - 1,
        "now": moment_view(duet.now),
        "since": since,
        "line": [_row(moment) for moment in duet.line[since:]],
        "left": len(duet.left) - 1 if duet.left else None,
        "note": duet.note,
        "recording": None if duet.recording is None else str(duet.recording),
    }


def moment_view(moment: Moment) -> dict[str, Any]:
    """What is seen and dreamt at a moment."""
    true, dream = moment.true, moment.dream
    differ = int((true.frame_HW != dream.observation.frame_HW).sum())
    outcomes = dream.outcomes_O
    return {
        "true": _seen(true) | {"grids": [as_hex(grid) for grid in true.grids]},
        "dream": _seen(dream.observation)
        | {"depth": dream.depth}
        | {"outcomes": None if outcomes is None else [rounded(value) for value in outcomes]},
        "differ": differ,
        "by": moment.by,
        **_row(moment),
    }


def thoughts_view(duet: Duet) -> dict[str, Any]:
    """What the run thinks of the true frame of now."""
    seen = duet.now.true
    return weigh(duet.run, duet.now.awake.now(), seen.available_actions).as_view()


def _seen(seen: Any) -> dict[str, Any]:
    return {
        "frame": as_hex(seen.frame_HW),
        "state": seen.state,
        "levels": seen.levels_completed,
        "win_levels": seen.win_levels,
        "legal": list(seen.legal_actions),
    }


def _row(moment: Moment) -> dict[str, Any]:
    action = moment.action
    return {"action": list(action.as_row()) if action else None, "where": moment.where}


__all__ = ["Tabs", "Tape", "duet_view", "moment_view", "thoughts_view"]
